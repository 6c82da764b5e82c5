"""Telegram: a local stand-in of the Bot API that keeps messages and misbehaves on demand.

It refuses what the real one refuses (a bad token, an empty or long text, broken
markup, a chat it does not know), lets people write to the bot and press its buttons, tells
of it by a webhook or to who asks (`getUpdates`), and takes the orders of every messaging
stand-in (`plataforma.py`):

    POST   /_simulador/escrever {"chat_id": "700000001", "texto": "oi"}
    POST   /_simulador/apertar {"chat_id": "700000001", "message_id": 1, "opcao": "Sim"}

Faults of its own are lento (answers after `segundos`), mudo (never answers, keeps nothing)
and corta (keeps the message, then cuts the connection within the answer). A fault that
names no method hits no `getUpdates`. By hand:
`python -m ponte.simulators.telegram --port 8081`.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ponte.simulators.comportamento import ENTREGAS, RESPOSTAS, Defeito
from ponte.simulators.plataforma import Caos, Plataforma, by_hand
from ponte.simulators.telegram_bot import BOT, Bot, chat_of, number
from ponte.simulators.telegram_corpo import Values, parameters
from ponte.simulators.telegram_fila import Atualizacoes
from ponte.simulators.telegram_marcas import Recusa

TOKEN = "123456789:simulador-nao-e-um-segredo"  # noqa: S105 - opens nothing but this stand-in
SEGREDO = "ponte-test-secret-telegram"
CHAT_ID = "700000001"
_PROPRIOS = frozenset({"lento", "mudo", "corta"})
_LAST = 100  # chosen: deliveries looked through for one that was made just now


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
        self.segredo = SEGREDO
        self.bot = Bot(now, self.mensagens, chats)
        self.fila = Atualizacoes(lambda: bool(self.webhook_url), self._over)
        self.defeitos: list[Defeito] = []
        self._now = now
        self._presses = 0
        self._running: set[asyncio.Task[None]] = set()

    @property
    def chats(self) -> Collection[str] | None:
        """Chats that exist; None means any."""
        return self.bot.chats

    @chats.setter
    def chats(self, chats: Collection[str] | None) -> None:
        self.bot.chats = chats

    @property
    def moved(self) -> dict[str, str]:
        """Old chat -> the supergroup it became."""
        return self.bot.moved

    def env(self, url: str) -> dict[str, str]:
        """Return the settings of a Ponte that talks to it at this address."""
        return {
            "PONTE_TELEGRAM__BOT_TOKEN": self.token,
            "PONTE_TELEGRAM__CHAT_ID": CHAT_ID,
            "PONTE_TELEGRAM__BASE_URL": url,
            "PONTE_TELEGRAM__WEBHOOK_SECRETS": SEGREDO,
        }

    async def stop(self) -> None:
        """Stop listening; whoever waits for an answer is let go."""
        for task in tuple(self._running):
            task.cancel()
        await super().stop()

    # ------------------------------------------------------------ what a platform adds

    def routes(self) -> Sequence[Route]:
        return (
            Route("/bot{token}/{method}", self._call, methods=["GET", "POST"]),
            Route("/_simulador/escrever", self._write, methods=["POST"]),
            Route("/_simulador/apertar", self._press, methods=["POST"]),
        )

    def error(self, modo: str, defeito: Defeito) -> Response:
        if modo == "token":
            return _refused(401, "Unauthorized")
        if modo == "5xx":
            return _refused(502, "Bad Gateway")
        wait_s = max(1, round(defeito.segundos))
        return _refused(429, f"Too Many Requests: retry after {wait_s}", retry_after=wait_s)

    def headers(self, corpo: bytes) -> Mapping[str, str]:  # noqa: ARG002 - Telegram signs nothing
        return {"X-Telegram-Bot-Api-Secret-Token": self.segredo}

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
        return await self.send(chat_id, text=texto)

    async def send(self, chat_id: str, **conteudo: Any) -> str:
        """Let somebody send anything, in the Bot API's own fields; return the message's id."""
        message_id = self.bot.next_id()
        base = {
            "message_id": message_id,
            "from": _person(chat_id),
            "chat": chat_of(chat_id),
            "date": int(self._now()),
        }
        await self._tell("message", base | conteudo)
        return str(message_id)

    async def press(
        self, chat_id: str, message_id: int | str, *, opcao: str, inteira: bool = True
    ) -> str:
        """Let somebody press a button under a message; return the query's id.

        Args:
            chat_id: Where the message is.
            message_id: The message.
            opcao: The words on the button.
            inteira: Whether Telegram sends the message along, which it does not for an old one.

        Raises:
            ValueError: it has no such button.
        """
        sent = self.bot.find(chat_id, int(message_id))
        shown = {} if sent is None else self.bot.view(sent)
        rows = shown.get("reply_markup", {}).get("inline_keyboard", [])
        pressed = [b for row in rows for b in row if b["text"] == opcao]
        if not pressed:
            raise ValueError(f"message {message_id} of {chat_id} has no button {opcao}")
        self._presses += 1
        query = f"{self._presses:019d}"
        self.bot.toques[query] = 0
        old = {"chat": shown["chat"], "message_id": shown["message_id"], "date": 0}
        await self._tell(
            "callback_query",
            {
                "id": query,
                "from": _person(chat_id),
                "message": shown if inteira else old,
                "chat_instance": "-1",
                "data": pressed[0]["callback_data"],
            },
        )
        return query

    async def migrate(self, old: str, new: str) -> None:
        """Let a group become a supergroup."""
        self.bot.moved[old] = new
        await self.send(old, migrate_to_chat_id=int(new))

    async def block(self, chat_id: str) -> None:
        """Let somebody block the bot."""
        self.bot.bloqueados.add(chat_id)
        change = {"chat": chat_of(chat_id), "from": _person(chat_id), "date": int(self._now())}
        status = {"new_chat_member": {"user": BOT, "status": "kicked"}}
        await self._tell("my_chat_member", change | status)

    async def _tell(self, kind: str, content: Mapping[str, Any]) -> None:
        update = self.fila.add(kind, content)
        if update is not None and self.webhook_url:
            await self._post_update(update)

    async def _post_update(self, update: Mapping[str, Any]) -> None:
        corpo = json.dumps(update, ensure_ascii=False).encode()
        await self.post(corpo, onde=next(kind for kind in update if kind != "update_id"))
        lately = islice(reversed(self.entregas), _LAST)
        answers = [x for entrega in lately if entrega.corpo == corpo for x in entrega.respostas]
        if any(status is not None and 200 <= status < 300 for status in answers):
            self.fila.done(update)
        else:
            self.fila.falha = (int(self._now()), f"Wrong response from the webhook: {answers}")

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
        if request.path_params["token"] != self.token:
            return _refused(401, "Unauthorized")
        values, files = parameters(request, await request.body())
        try:
            result = await self._received(method, values)
            if result is None:
                result = self.bot.result(method, values, files)
        except Recusa as recusa:
            return _refused(recusa.status, recusa.description, **recusa.parameters)
        return JSONResponse({"ok": True, "result": result})

    async def _write(self, request: Request) -> Response:
        order, _ = parameters(request, await request.body())
        chat_id, texto = str(order.get("chat_id") or CHAT_ID), str(order.get("texto") or "oi")
        return JSONResponse({"message_id": await self.write(chat_id, texto)})

    async def _press(self, request: Request) -> Response:
        order, _ = parameters(request, await request.body())
        chat_id = str(order.get("chat_id") or CHAT_ID)
        try:
            message_id = int(order.get("message_id") or 0)
            query = await self.press(chat_id, message_id, opcao=str(order.get("opcao")))
        except ValueError as error:
            return JSONResponse({"erro": str(error)}, 422)
        return JSONResponse({"callback_query_id": query})

    async def _order(self, request: Request) -> Response:
        order, _ = parameters(request, await request.body())
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

    # ------------------------------------------------------------ how it is told

    async def _received(self, method: str, values: Values) -> object:
        """Return what a method of receiving answers; None for any other."""
        match method:
            case "getUpdates":
                return await self.fila.get(values)
            case "getWebhookInfo":
                return self._info()
            case "setWebhook" | "deleteWebhook":
                self._set_webhook(values if method == "setWebhook" else {**values, "url": ""})
                return True
        return None

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "url": self.webhook_url,
            "has_custom_certificate": False,
            "pending_update_count": len(self.fila.esperam),
            "allowed_updates": sorted(self.fila.pedidas),
        }
        if self.webhook_url and self.fila.falha is not None:
            info["last_error_date"], info["last_error_message"] = self.fila.falha
        return info

    def _set_webhook(self, values: Values) -> None:
        url = str(values.get("url") or "")
        if url and not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise Recusa(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook_url, self.segredo = url, str(values.get("secret_token") or "")
        self.fila.falha = None
        self.fila.ask_for(values.get("allowed_updates"))
        if values.get("drop_pending_updates") is True:
            self.fila.esperam.clear()
        if url and self.fila.esperam:
            task = asyncio.create_task(self._post_waiting())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _post_waiting(self) -> None:
        for update in tuple(self.fila.esperam):
            await self._post_update(update)

    def _next_fault(self, method: str) -> Defeito | None:
        named = {method} if method == "getUpdates" else {"", method}
        defeito = next((d for d in self.defeitos if d.onde in named), None)
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


def _person(chat_id: str) -> dict[str, Any]:
    nome = f"Cliente {chat_id[-4:]}"
    quem = number(chat_id.removeprefix("-"))  # in a group: somebody who is in it
    return {"id": quem, "is_bot": False, "first_name": nome, "language_code": "pt-br"}


def main() -> None:
    """Serve from the command line."""
    by_hand(
        lambda webhook_url: SimuladorTelegram(webhook_url=webhook_url),
        description="A local stand-in of Telegram's Bot API",
        port=8081,
    )


if __name__ == "__main__":
    main()
