"""Telegram: a local stand-in of the Bot API that keeps messages and misbehaves on demand.

It refuses what the real one refuses (a bad token, an empty or long text, broken
markup, a chat it does not know), lets people write to the bot, and takes the orders of
every messaging stand-in (`plataforma.py`); faults of its own are lento (answers after
`segundos`), mudo (never answers, keeps nothing) and corta (keeps the message, then cuts
the connection within the answer). By hand:
`python -m ponte.simulators.telegram --port 8081`.
"""

import argparse
import asyncio
import contextlib
import html
import json
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ponte.domain.notificacao import units
from ponte.simulators.comportamento import ENTREGAS, RESPOSTAS, Defeito
from ponte.simulators.plataforma import Caos, Plataforma

TOKEN = "123456789:simulador-nao-e-um-segredo"  # noqa: S105 - opens nothing but this stand-in
SEGREDO = "ponte-test-secret-telegram"
CHAT_ID = "700000001"
_PROPRIOS = frozenset({"lento", "mudo", "corta"})
MAX_TEXT = 4096  # documented: sendMessage, text, after entities parsing
# Documented: what HTML mode knows, https://core.telegram.org/bots/api#html-style
TAGS = frozenset({
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "a", "code", "pre",
    "blockquote", "tg-spoiler", "tg-emoji",
})  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)([^<>]*)>")
_BOT = {"id": 123456789, "is_bot": True, "first_name": "Ponte", "username": "ponte_simulador_bot"}


class Recusa(Exception):
    """An error of the Bot API: HTTP status, description, and what helps to mend it."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


class SimuladorTelegram(Plataforma):
    """One bot.

    Args:
        token: The only token it accepts.
        chats: Chats that exist; None means any.
        webhook_url: Where what people write goes.
        caos: How often it misbehaves by itself.
        now: Epoch seconds.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        chats: Collection[str] | None = None,
        webhook_url: str = "",
        caos: Caos | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(webhook_url=webhook_url, caos=caos)
        self.token = token
        self.chats = chats
        self.moved: dict[str, str] = {}  # old chat -> the supergroup it became
        self.defeitos: list[Defeito] = []
        self._now = now
        self._next_id = 1
        self._updates = 0

    def env(self, url: str) -> dict[str, str]:
        """Return the settings of a Ponte that talks to it at this address."""
        return {
            "PONTE_TELEGRAM__BOT_TOKEN": self.token,
            "PONTE_TELEGRAM__CHAT_ID": CHAT_ID,
            "PONTE_TELEGRAM__BASE_URL": url,
            "PONTE_TELEGRAM__WEBHOOK_SECRETS": SEGREDO,
        }

    # ------------------------------------------------------------ what a platform adds

    def routes(self) -> Sequence[Route]:
        return (Route("/bot{token}/{method}", self._call, methods=["GET", "POST"]),)

    def error(self, modo: str, defeito: Defeito) -> Response:
        if modo == "token":
            return _refused(401, "Unauthorized")
        if modo == "5xx":
            return _refused(502, "Bad Gateway")
        wait_s = max(1, round(defeito.segundos))
        return _refused(429, f"Too Many Requests: retry after {wait_s}", retry_after=wait_s)

    def headers(self, corpo: bytes) -> Mapping[str, str]:  # noqa: ARG002 - Telegram signs nothing
        return {"X-Telegram-Bot-Api-Secret-Token": SEGREDO}

    def misbehave(
        self, modo: str, vezes: int = 1, *, onde: str = "", segundos: float = 2.0
    ) -> None:
        """Order a fault for the next calls; "normal" forgets all.

        Raises:
            ValueError: No such fault.
        """
        if modo == "normal":
            self.defeitos.clear()
            self.comportamento.defeitos.clear()
        elif modo in _PROPRIOS | RESPOSTAS and vezes >= 1:
            self.defeitos.append(Defeito(modo, vezes, onde, segundos))
        elif modo in ENTREGAS and vezes >= 1:
            super().misbehave(modo, vezes, onde=onde, segundos=segundos)
        else:
            raise ValueError(f"no such fault: {modo!r}, {vezes} times")

    # ------------------------------------------------------------ people

    async def write(self, chat_id: str, texto: str) -> str:
        """Let somebody write to the bot; return the message's id."""
        message_id, self._next_id = self._next_id, self._next_id + 1
        self._updates += 1
        pessoa = {"id": _number(chat_id), "first_name": f"Cliente {chat_id[-4:]}"}
        mensagem = {
            "message_id": message_id,
            "from": {**pessoa, "is_bot": False, "language_code": "pt-br"},
            "chat": {**pessoa, "type": "private"},
            "date": int(self._now()),
            "text": texto,
        }
        update = {"update_id": self._updates, "message": mensagem}
        await self.post(json.dumps(update, ensure_ascii=False).encode(), onde="message")
        return str(message_id)

    # ------------------------------------------------------------ routes

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"]
        defeito = self._next_fault(method)
        modo = defeito.modo if defeito else ""
        if defeito and modo in RESPOSTAS:
            self.comportamento.defeitos.insert(0, Defeito(modo, segundos=defeito.segundos))
        elif defeito:
            self.chamadas.append(method)
            if modo in {"mudo", "lento"}:
                await self._silence(None if modo == "mudo" else defeito.segundos)
            answer = await self._reply(request, method)
            return _CutAnswer(answer.body) if modo == "corta" else answer
        return await self.faulty(method, lambda: self._reply(request, method))

    async def _reply(self, request: Request, method: str) -> Response:
        return self._answer(request, method, _parameters(request, await request.body()))

    def _answer(self, request: Request, method: str, values: Mapping[str, Any]) -> Response:
        if request.path_params["token"] != self.token:
            return _refused(401, "Unauthorized")
        try:
            return JSONResponse({"ok": True, "result": self._result(method, values)})
        except Recusa as recusa:
            return _refused(recusa.status, recusa.description, **recusa.parameters)

    async def _order(self, request: Request) -> Response:
        order = _parameters(request, await request.body())
        try:
            self.misbehave(
                str(order.get("modo")),
                int(order.get("vezes", 1)),
                onde=str(order.get("onde", "")),
                segundos=float(order.get("segundos", 2.0)),
            )
        except (ValueError, TypeError) as error:
            return JSONResponse({"erro": str(error)}, 422)
        return JSONResponse({"defeitos": [(d.modo, d.vezes) for d in self.defeitos]})

    async def _kept(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.mensagens.clear()
        return JSONResponse({"mensagens": list(self.mensagens)})

    # ------------------------------------------------------------ the bot

    def _result(self, method: str, values: Mapping[str, Any]) -> object:
        match method:
            case "sendMessage":
                return self._send(values)
            case "getMe":
                return _BOT
            case "getUpdates":
                return []
            case "getWebhookInfo":
                return {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
            case "sendChatAction" | "setWebhook" | "deleteWebhook" | "answerCallbackQuery":
                return True
        raise Recusa(404, "Not Found: method not found")

    def _send(self, values: Mapping[str, Any]) -> dict[str, Any]:
        chat_id, text = str(values.get("chat_id", "")), values.get("text")
        if not chat_id:
            raise Recusa(400, "Bad Request: chat_id is empty")
        if chat_id in self.moved:
            raise Recusa(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=int(self.moved[chat_id]),
            )
        if self.chats is not None and chat_id not in self.chats:
            raise Recusa(400, "Bad Request: chat not found")
        visible = _visible(text if isinstance(text, str) else "", values.get("parse_mode"))
        if not visible.strip():
            raise Recusa(400, "Bad Request: message text is empty")
        if units(visible) > MAX_TEXT:
            raise Recusa(400, "Bad Request: message is too long")
        message_id, self._next_id = self._next_id, self._next_id + 1
        self.mensagens.append(
            {**values, "chat_id": chat_id, "message_id": message_id, "em": self._now()}
        )
        return {
            "message_id": message_id,
            "from": _BOT,
            "chat": {"id": _number(chat_id), "type": "private"},
            "date": int(self._now()),
            "text": visible,
        }

    def _next_fault(self, method: str) -> Defeito | None:
        defeito = next((d for d in self.defeitos if d.onde in {"", method}), None)
        if defeito is not None:
            defeito.vezes -= 1
            if defeito.vezes <= 0:
                self.defeitos.remove(defeito)
        return defeito

    async def _silence(self, segundos: float | None) -> None:
        with contextlib.suppress(TimeoutError):  # slow, not mute: it answers then
            await asyncio.wait_for(self._over.wait(), segundos)


class _CutAnswer(Response):
    """An answer of which half arrives: the connection is cut with the rest unsent."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


def _refused(status: int, description: str, **parameters: int) -> Response:
    error = {"ok": False, "error_code": status, "description": description}
    return JSONResponse(error | ({"parameters": parameters} if parameters else {}), status)


def _parameters(request: Request, body: bytes) -> dict[str, Any]:
    values: dict[str, Any] = dict(request.query_params)
    try:
        parsed = json.loads(body)
    except ValueError:  # a form, or nothing
        return values | dict(parse_qsl(body.decode("utf-8", "replace")))
    return values | (parsed if isinstance(parsed, dict) else {})


def _visible(text: str, parse_mode: object) -> str:
    """Return the text as it is shown; raises what the Bot API says of broken markup."""
    if parse_mode != "HTML":
        return text
    open_tags: list[str] = []
    for start in (i for i, char in enumerate(text) if char == "<"):
        tag = _TAG.match(text, start)
        name = tag[2].lower() if tag else ""
        if name not in TAGS or tag is None:
            raise _unparsable(f'Unsupported start tag "{name}"', text, start)
        if not tag[1]:
            open_tags.append(name)
        elif not open_tags or open_tags.pop() != name:
            raise _unparsable(f'Unmatched end tag "{name}"', text, start)
    if open_tags:
        raise _unparsable(
            f'Can\'t find end tag corresponding to "{open_tags[-1]}"', text, len(text)
        )
    return html.unescape(_TAG.sub("", text))


def _number(chat_id: str) -> int | str:
    return int(chat_id) if chat_id.removeprefix("-").isdecimal() else chat_id


def _unparsable(reason: str, text: str, at: int) -> Recusa:
    offset = len(text[:at].encode("utf-8", "replace"))
    return Recusa(400, f"Bad Request: can't parse entities: {reason} at byte offset {offset}")


async def serve(host: str = "127.0.0.1", port: int = 8081, *, token: str = TOKEN) -> None:
    """Serve one bot until cancelled."""
    simulador = SimuladorTelegram(token=token)
    await simulador.start(host, port)
    try:
        await asyncio.Event().wait()
    finally:
        await simulador.stop()


def main() -> None:
    """Serve from the command line."""
    parser = argparse.ArgumentParser(description="A local stand-in of Telegram's Bot API")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default=TOKEN)
    args = parser.parse_args()
    asyncio.run(serve(args.host, args.port, token=args.token))


if __name__ == "__main__":
    main()
