"""Chatwoot: a local stand-in of the help desk with one API channel inbox, and people in it.

It refuses what Chatwoot refuses: a wrong token, a telephone or an identifier that another
contact has, a telephone in a wrong form, what was deleted. It tells by webhook, once and
signed, of each message, whoever wrote it, and of each change of a conversation; a customer's
message opens a resolved one by itself. Run it: `python -m ponte.simulators.chatwoot
--port 8089 --webhook-url http://127.0.0.1:8000/webhooks/chatwoot`. An agent acts in it by

    POST   /_simulador/responder {"conversa": 16, "texto": "Olá, sou a Bia."}
    POST   /_simulador/mudar {"conversa": 16, "status": "resolved"}
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

import httpx2
from starlette.background import BackgroundTasks
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.simulators.chatwoot_mundo import AGENTE, CONTA, INBOX, Mundo, Recusa
from ponte.simulators.comportamento import Defeito
from ponte.simulators.plataforma import Caos, Entrega, Plataforma, by_hand

TOKEN = "simulador-chatwoot-nao-e-um-segredo"  # noqa: S105 - opens nothing but this stand-in
SEGREDO = "simulador-chatwoot-assina"
WAIT_S = 5.0  # documented: how long an event waits for its answer
_BASE = f"/api/v1/accounts/{CONTA}"
_E164 = re.compile(r"\+[1-9][0-9]{1,14}\Z", re.ASCII)
Answer = Callable[[Request, Mapping[str, Any], BackgroundTasks], Any]


class SimuladorChatwoot(Plataforma):
    """One account with one inbox; `mundo` is what stands in it.

    Args:
        webhook_url: Where the inbox's events go.
        caos: How often it misbehaves by itself.
        now: Epoch seconds.
    """

    def __init__(
        self,
        *,
        webhook_url: str = "",
        caos: Caos | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(webhook_url=webhook_url, caos=caos)
        self.token = TOKEN
        self.mundo = Mundo(now)
        self.anonima = False  # an older version, which signs nothing
        self._now = now

    def env(self, url: str) -> dict[str, str]:
        """Return the settings of a Ponte that talks to it at this address."""
        return {
            "PONTE_CHATWOOT__BASE_URL": url,
            "PONTE_CHATWOOT__API_TOKEN": self.token,
            "PONTE_CHATWOOT__ACCOUNT_ID": str(CONTA),
            "PONTE_CHATWOOT__INBOX_ID": str(INBOX),
            "PONTE_CHATWOOT__WEBHOOK_SECRETS": SEGREDO,
        }

    # ------------------------------------------------------------ what a platform adds

    def routes(self) -> Sequence[Route]:
        table: Sequence[tuple[str, str, str, Answer]] = (
            ("GET", "/inboxes/{id}", "inbox", self._inbox),
            ("POST", "/contacts", "contact", self._make_contact),
            ("GET", "/contacts/search", "search", self._search),
            ("PUT", "/contacts/{id}", "rename", self._rename),
            ("POST", "/contacts/{id}/contact_inboxes", "entry", self._add_entry),
            ("GET", "/contacts/{id}/conversations", "conversations", self._of_contact),
            ("POST", "/conversations", "conversation", self._open),
            ("POST", "/conversations/{id}/toggle_status", "status", self._toggle),
            ("GET", "/conversations/{id}/messages", "messages", self._list),
            ("POST", "/conversations/{id}/messages", "message", self._write),
            ("PATCH", "/conversations/{id}/messages/{message}", "report", self._report),
            ("DELETE", "/conversations/{id}/messages/{message}", "delete", self._delete),
        )
        people = (
            Route("/_simulador/responder", self._respond, methods=["POST"]),
            Route("/_simulador/mudar", self._change, methods=["POST"]),
        )
        api = (
            Route(_BASE + path, self._call(onde, answer), methods=[method])
            for method, path, onde, answer in table
        )
        return [*people, *api]

    def error(self, modo: str, defeito: Defeito) -> Response:
        if modo == "429":
            wait = {"Retry-After": str(max(1, round(defeito.segundos)))}
            return Response("Retry later\n", 429, wait, "text/plain")
        if modo == "token":
            return JSONResponse({"errors": ["Invalid Access Token"]}, 401)
        return Response("<html><body>502 Bad Gateway</body></html>", 502, media_type="text/html")

    def headers(self, corpo: bytes) -> Mapping[str, str]:
        return {} if self.anonima else self.mundo.signed(corpo, SEGREDO)

    async def _deliver(self, url: str, corpo: bytes, headers: Mapping[str, str]) -> None:
        """Post once: Chatwoot tries no event again, and shows a lost message as failed."""
        entrega = Entrega(url, corpo)
        self.entregas.append(entrega)
        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=WAIT_S, trust_env=False)
        status = await self._once(url, corpo, headers)
        entrega.respostas.append(status)
        told = json.loads(corpo)
        if told.get("event") == "message_created" and (status is None or status >= 300):
            self.mundo.lost(int(told["id"]))

    # ------------------------------------------------------------ people of the shop

    async def responder(self, conversa: int, texto: str | None, **changes: Any) -> int:
        """Let an agent write; `changes` are further fields of the message."""
        own = {"sender": AGENTE, "message_type": 1, "content": texto, **changes}
        message = self.mundo.write(conversa, own)
        await self._tell("message_created", self.mundo.told(message), onde="message_created")
        return int(message["id"])

    async def mudar(self, conversa: int, status: str) -> None:
        """Let an agent open, resolve, park or snooze a conversation."""
        await self._changed(conversa, "status", status)

    async def atribuir(self, conversa: int, agente: Mapping[str, Any] | None = AGENTE) -> None:
        """Let an agent take a conversation, or nobody have it."""
        await self._changed(conversa, "assignee", agente)

    async def apagar(self, conversa: int, mensagem: int) -> None:
        """Let an agent delete a message."""
        message = self.mundo.erase(conversa, mensagem)
        await self._tell("message_updated", self.mundo.told(message), onde="message_updated")

    async def tentar(self, conversa: int, mensagem: int) -> None:
        """Let an agent press the button that sends a failed message again."""
        message = self.mundo.report(conversa, mensagem, {"status": "sent"})
        await self._tell("message_updated", self.mundo.told(message), onde="message_updated")

    async def _respond(self, request: Request) -> Response:
        order = json.loads(await request.body())
        try:
            message = await self.responder(int(order["conversa"]), str(order["texto"]))
        except Recusa as recusa:
            return JSONResponse(recusa.corpo, recusa.status)
        return JSONResponse({"id": message})

    async def _change(self, request: Request) -> Response:
        order = json.loads(await request.body())
        try:
            await self.mudar(int(order["conversa"]), str(order["status"]))
        except Recusa as recusa:
            return JSONResponse(recusa.corpo, recusa.status)
        return Response(status_code=204)

    async def _changed(self, conversa: int, campo: str, valor: Any) -> None:
        for event, body in self.mundo.change(conversa, campo, valor):
            await self._tell(event, body, onde=event)

    async def _tell(self, event: str, body: Mapping[str, Any], *, onde: str) -> None:
        await self.post(json.dumps({**body, "event": event}).encode(), onde=onde)

    # ------------------------------------------------------------ the API

    def _call(self, onde: str, answer: Answer) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            corpo = await _read(request)
            return await self.faulty(onde, lambda: self._answer(request, corpo, answer))

        return endpoint

    async def _answer(self, request: Request, corpo: Mapping[str, Any], answer: Answer) -> Response:
        if request.headers.get("api-access-token") != self.token:
            return JSONResponse({"errors": ["Invalid Access Token"]}, 401)
        later = BackgroundTasks()
        try:
            found = answer(request, corpo, later)
        except Recusa as recusa:
            return JSONResponse(recusa.corpo, recusa.status)
        return JSONResponse(found, background=later)

    def _inbox(self, request: Request, _corpo: Mapping[str, Any], _later: Any) -> Any:
        if int(request.path_params["id"]) != INBOX:
            raise Recusa.gone()
        return {"id": INBOX, "name": "Ponte API", "channel_type": "Channel::Api"}

    def _make_contact(self, _request: Request, corpo: Mapping[str, Any], _later: Any) -> Any:
        phone = corpo.get("phone_number")
        if phone is not None and not _E164.match(str(phone)):
            raise Recusa.invalid("Phone number should be in e164 format", "phone_number")
        return self.mundo.make_contact(corpo)

    def _search(self, request: Request, _corpo: Mapping[str, Any], _later: Any) -> Any:
        found = self.mundo.search(request.query_params.get("q", ""))
        return {"meta": {"count": len(found), "current_page": 1}, "payload": found}

    def _rename(self, request: Request, corpo: Mapping[str, Any], _later: Any) -> Any:
        contact = self.mundo.contact(request.path_params["id"])
        contact.update({k: v for k, v in corpo.items() if k in contact})
        return {"payload": contact}

    def _add_entry(self, request: Request, corpo: Mapping[str, Any], _later: Any) -> Any:
        return self.mundo.add_entry(request.path_params["id"], str(corpo.get("source_id")))

    def _of_contact(self, request: Request, _corpo: Mapping[str, Any], _later: Any) -> Any:
        return {"payload": self.mundo.of_contact(request.path_params["id"])}

    def _open(self, _request: Request, corpo: Mapping[str, Any], later: BackgroundTasks) -> Any:
        talk = self.mundo.open(corpo)
        later.add_task(self._tell, "conversation_created", talk, onde="conversation_created")
        return {"id": talk["id"], "account_id": CONTA, "inbox_id": INBOX}

    def _toggle(self, request: Request, corpo: Mapping[str, Any], later: BackgroundTasks) -> Any:
        conversa = int(request.path_params["id"])
        self._later(later, self.mundo.change(conversa, "status", corpo.get("status")))
        return {"payload": {"success": True, "current_status": corpo.get("status")}}

    def _list(self, request: Request, _corpo: Mapping[str, Any], _later: Any) -> Any:
        return {"meta": {}, "payload": self.mundo.messages(request.path_params["id"])[-20:]}

    def _write(self, request: Request, corpo: Mapping[str, Any], later: BackgroundTasks) -> Any:
        conversa = int(request.path_params["id"])
        incoming = corpo.get("message_type") == "incoming"
        talk = self.mundo.talk(conversa)
        sender = self.mundo.contact(talk["contact_id"]) if incoming else AGENTE
        own = {**corpo, "message_type": 0 if incoming else 1, "sender": sender}
        message = self.mundo.write(conversa, own)
        self.mensagens.append(message)
        later.add_task(
            self._tell, "message_created", self.mundo.told(message), onde="message_created"
        )
        if incoming and talk["status"] in ("resolved", "snoozed"):
            self._later(later, self.mundo.change(conversa, "status", "open"))
        return message

    def _report(self, request: Request, corpo: Mapping[str, Any], later: BackgroundTasks) -> Any:
        where = int(request.path_params["id"]), int(request.path_params["message"])
        message = self.mundo.report(*where, corpo)
        later.add_task(
            self._tell, "message_updated", self.mundo.told(message), onde="message_updated"
        )
        return message

    def _delete(self, request: Request, _corpo: Mapping[str, Any], later: BackgroundTasks) -> Any:
        where = int(request.path_params["id"]), int(request.path_params["message"])
        message = self.mundo.erase(*where)
        later.add_task(
            self._tell, "message_updated", self.mundo.told(message), onde="message_updated"
        )
        return message

    def _later(self, later: BackgroundTasks, told: Sequence[tuple[str, Any]]) -> None:
        for event, body in told:
            later.add_task(self._tell, event, body, onde=event)


async def _read(request: Request) -> Mapping[str, Any]:
    """Return the body of a call: JSON, or a form with files."""
    raw, kind = await request.body(), request.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return json.loads(raw) if raw else {}
    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw, policy=HTTP)
    found: dict[str, Any] = {"attachments": []}
    for part in form.iter_parts():
        name = part.get_param("name", header="Content-Disposition")
        dados = part.get_payload(decode=True)
        if not isinstance(dados, bytes):
            continue
        if name == "attachments[]":
            found["attachments"].append(
                {"nome": part.get_filename(), "mime": part.get_content_type(), "dados": dados.hex()}
            )
        else:
            found[str(name)] = dados.decode()
    found["private"] = found.get("private") == "true"
    return found


def main() -> None:
    """Serve from the command line."""
    by_hand(
        lambda webhook_url: SimuladorChatwoot(webhook_url=webhook_url),
        description="A local stand-in of Chatwoot",
        port=8089,
    )


if __name__ == "__main__":
    main()
