"""Api of the Evolution stand-in: the calls that Ponte makes, refused as the real server does.

The guards run in the order of the real one: the instance exists, then the key is right; so
a wrong key on a missing instance is told 404.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.simulators.whatsapp_eventos import PIXEL, TELEFONE, InstanciaSimulada, record

_WORDS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
_BRAZIL = re.compile(r"55(\d{2})(9?)(\d{8})\Z")
_NEEDED = {
    "sendText": ("text",),
    "sendMedia": ("mediatype", "media"),
    "sendWhatsAppAudio": ("audio",),
    "sendLocation": ("latitude", "longitude", "name", "address"),
    "sendButtons": ("title", "buttons"),
}
OLD_FROM = 31  # documented: accounts of area codes from 31 on are known without the ninth digit
Handler = Callable[[InstanciaSimulada, dict[str, Any]], Awaitable[Response]]


class Mundo(Protocol):
    """What the calls cause."""

    def took(self, instancia: InstanciaSimulada, stored: dict[str, Any]) -> None: ...

    def code(self, instancia: InstanciaSimulada) -> None: ...

    def next_id(self) -> str: ...

    async def faulty(self, onde: str, answer: Callable[[], Awaitable[Response]]) -> Response: ...

    @property
    def mensagens(self) -> Any: ...


def refused(status: int, message: object) -> Response:
    """Return an error as Evolution words it."""
    error = _WORDS.get(status, "Internal Server Error")
    body = {"status": status, "error": error, "response": {"message": message}}
    return JSONResponse(body, status)


class Api:
    """The instances of a server, and who is known to the network.

    `fora` are numbers that nobody has; `contas` names the form that the network knows where
    it is not the one of its area code. `tarde` makes codes come late.
    """

    def __init__(self, api_key: str, *, now: Callable[[], float]) -> None:
        self.api_key = api_key
        self.instancias: dict[str, InstanciaSimulada] = {}
        self.fora: set[str] = set()
        self.contas: dict[str, str] = {}
        self.tarde = 0
        self._now = now

    # ------------------------------------------------------------ numbers

    def canonical(self, numero: str) -> str | None:
        """Return the form in which the network knows a number, None when nobody has it."""
        found = _BRAZIL.match(numero)
        if found is None:
            return None if numero in self.fora else numero
        short, long = f"55{found[1]}{found[3]}", f"55{found[1]}9{found[3]}"
        if self.fora & {short, long}:
            return None
        own = self.contas.get(long) or self.contas.get(short)
        if found[3][0] in "2345":
            return own or numero
        return own or (short if int(found[1]) >= OLD_FROM else long)

    def guess(self, numero: str) -> str:
        """Return the form that Evolution makes of bare digits, right or wrong (createJid)."""
        if "@" in numero:
            return numero
        found = _BRAZIL.match(numero)
        if found is None or not found[2]:
            return numero + TELEFONE
        keeps = int(found[3][0]) < 7 or int(found[1]) < OLD_FROM
        return (numero if keeps else f"55{found[1]}{found[3]}") + TELEFONE

    def exists(self, jid: str) -> bool:
        """Tell whether the network knows this very address."""
        if not jid.endswith(TELEFONE):
            return True
        digits = jid.removesuffix(TELEFONE)
        return self.canonical(digits) == digits

    # ------------------------------------------------------------ routes

    def routes(self, mundo: Mundo) -> Sequence[Route]:
        """Return the routes; `mundo` bears their consequences."""
        get, post, delete = ["GET"], ["POST"], ["DELETE"]
        table: list[tuple[str, list[str], Handler]] = [
            ("/instance/connect/{nome}", get, self._connect(mundo)),
            ("/instance/connectionState/{nome}", get, self._state),
            ("/instance/logout/{nome}", delete, self._logout),
            ("/instance/delete/{nome}", delete, self._remove),
            ("/webhook/set/{nome}", post, self._set_webhook),
            ("/webhook/find/{nome}", get, self._find_webhook),
            ("/chatwoot/set/{nome}", post, self._set_chatwoot),
            ("/chat/whatsappNumbers/{nome}", post, self._numbers),
            ("/chat/sendPresence/{nome}", post, self._presence),
            ("/chat/getBase64FromMediaMessage/{nome}", post, self._media),
            ("/chat/findMessages/{nome}", post, self._find),
            *(
                (f"/message/{op}/{{nome}}", post, self._send(mundo, op, needed))
                for op, needed in _NEEDED.items()
            ),
        ]
        return (
            Route("/instance/create", self._whole(mundo, "create", self._create(mundo)),
                  methods=post),
            Route("/instance/fetchInstances", self._whole(mundo, "fetchInstances", self._rows),
                  methods=get),
            *(
                Route(path, self._guarded(mundo, path.split("/")[2], handler), methods=methods)
                for path, methods, handler in table
            ),
        )  # fmt: skip

    def _whole(
        self, mundo: Mundo, onde: str, handler: Callable[[dict[str, Any]], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            corpo = await _body(request)

            async def answer() -> Response:
                if request.headers.get("apikey") != self.api_key:
                    return refused(401, "Unauthorized")
                return await handler(corpo)

            return await mundo.faulty(onde, answer)

        return endpoint

    def _guarded(
        self, mundo: Mundo, onde: str, handler: Handler
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            nome, corpo = request.path_params["nome"], await _body(request)

            async def answer() -> Response:
                instancia = self.instancias.get(nome)
                if instancia is None:
                    return refused(404, [f'The "{nome}" instance does not exist'])
                if request.headers.get("apikey") != self.api_key:
                    return refused(401, "Unauthorized")
                return await handler(instancia, corpo)

            return await mundo.faulty(onde, answer)

        return endpoint

    # ------------------------------------------------------------ instances

    def _create(self, mundo: Mundo) -> Callable[[dict[str, Any]], Awaitable[Response]]:
        async def create(corpo: dict[str, Any]) -> Response:
            nome = corpo.get("instanceName")
            if not isinstance(nome, str) or not nome:
                return refused(400, [['instance requires property "instanceName"']])
            if nome in self.instancias:
                return refused(403, [f'This name "{nome}" is already in use.'])
            webhook = corpo.get("webhook") or {}
            instancia = InstanciaSimulada(nome, webhook=webhook, numero=corpo.get("number"))
            self.instancias[nome] = instancia
            self._new_code(mundo, instancia)
            own = {"instanceName": nome, "integration": "WHATSAPP-BAILEYS", "status": "connecting"}
            body = {"instance": own, "hash": "SIMULADOR-TOKEN", "webhook": {}, "settings": {}}
            return JSONResponse({**body, "qrcode": instancia.qrcode}, 201)

        return create

    def _new_code(self, mundo: Mundo, instancia: InstanciaSimulada) -> None:
        instancia.estado = "connecting"
        if self.tarde:
            self.tarde -= 1
            return
        mundo.code(instancia)

    async def _rows(self, corpo: dict[str, Any]) -> Response:
        nome = corpo.get("instanceName")
        return JSONResponse([x.row for x in self.instancias.values() if nome in (None, x.nome)])

    def _connect(self, mundo: Mundo) -> Handler:
        async def connect(instancia: InstanciaSimulada, corpo: dict[str, Any]) -> Response:
            if instancia.estado == "open":
                return await self._state(instancia, corpo)
            if instancia.estado != "connecting":
                instancia.numero = corpo.get("number")
            self._new_code(mundo, instancia)
            return JSONResponse(instancia.qrcode)

        return connect

    async def _state(self, instancia: InstanciaSimulada, _corpo: dict[str, Any]) -> Response:
        own = {"instanceName": instancia.nome, "state": instancia.estado}
        return JSONResponse({"instance": own})

    async def _logout(self, instancia: InstanciaSimulada, _corpo: dict[str, Any]) -> Response:
        if instancia.estado == "close":
            return refused(400, [f'The "{instancia.nome}" instance is not connected'])
        instancia.estado, instancia.codigos, instancia.motivo = "close", 0, 401
        return _done("Instance logged out")

    async def _remove(self, instancia: InstanciaSimulada, _corpo: dict[str, Any]) -> Response:
        del self.instancias[instancia.nome]
        return _done("Instance deleted")

    async def _set_webhook(self, instancia: InstanciaSimulada, corpo: dict[str, Any]) -> Response:
        webhook = corpo.get("webhook")
        if not isinstance(webhook, dict):  # the flat body of old documentation
            return refused(400, [['instance requires property "webhook"']])
        instancia.webhook = webhook
        return JSONResponse({"id": "cm00", **webhook}, 201)

    async def _find_webhook(self, instancia: InstanciaSimulada, _corpo: dict[str, Any]) -> Response:
        return JSONResponse(instancia.webhook or None)

    async def _set_chatwoot(self, instancia: InstanciaSimulada, corpo: dict[str, Any]) -> Response:
        if "enabled" not in corpo:
            return refused(400, [['instance requires property "enabled"']])
        instancia.chatwoot = corpo
        url = f"http://evolution.simulador:8080/chatwoot/webhook/{instancia.nome}"
        return JSONResponse({**corpo, "webhook_url": url}, 201)

    # ------------------------------------------------------------ messages

    def _send(self, mundo: Mundo, op: str, needed: Sequence[str]) -> Handler:
        async def send(instancia: InstanciaSimulada, corpo: dict[str, Any]) -> Response:
            lacking = [x for x in ("number", *needed) if corpo.get(x) in (None, "")]
            if lacking:
                return refused(400, [[f'instance requires property "{x}"' for x in lacking]])
            if instancia.estado != "open":
                return refused(500, "Connection Closed")
            jid = self.guess(str(corpo["number"]))
            if not self.exists(jid):
                number = str(corpo["number"])
                return refused(400, [{"jid": jid, "exists": False, "number": number}])
            key = {"remoteJid": jid, "fromMe": True, "id": mundo.next_id()}
            stored = record(key, _content(op, corpo), nome="Você", em_s=self._now())
            instancia.registros.append(stored)
            mundo.mensagens.append({
                "id": key["id"], "instancia": instancia.nome, "para": jid, "op": op, "corpo": corpo,
            })  # fmt: skip
            mundo.took(instancia, stored)
            return JSONResponse(stored, 201)

        return send

    async def _numbers(self, _instancia: InstanciaSimulada, corpo: dict[str, Any]) -> Response:
        rows = []
        for number in map(str, corpo.get("numbers") or []):
            known = self.canonical(number.removesuffix(TELEFONE))
            jid = self.guess(number) if known is None else known + TELEFONE
            rows.append({"jid": jid, "exists": known is not None, "number": number, "lid": "lid"})
        return JSONResponse(rows)

    async def _presence(self, _instancia: InstanciaSimulada, corpo: dict[str, Any]) -> Response:
        if corpo.get("presence") not in {"composing", "recording", "paused"}:
            return refused(400, [["presence is not one of enum values"]])
        return JSONResponse({"presence": corpo["presence"]}, 201)

    async def _media(self, instancia: InstanciaSimulada, corpo: dict[str, Any]) -> Response:
        wanted = ((corpo.get("message") or {}).get("key") or {}).get("id")
        if not any(x["key"]["id"] == wanted for x in instancia.registros):
            return refused(400, ["Message not found"])
        body = {"mediaType": "imageMessage", "mimetype": "image/png", "base64": PIXEL}
        return JSONResponse(body, 201)

    async def _find(self, instancia: InstanciaSimulada, corpo: dict[str, Any]) -> Response:
        between = (corpo.get("where") or {}).get("messageTimestamp") or {}
        first, last = (_epoch_s(between.get(x)) for x in ("gte", "lte"))
        found = [
            x for x in reversed(instancia.registros)
            if (first is None or x["messageTimestamp"] >= first)
            and (last is None or x["messageTimestamp"] <= last)
        ]  # fmt: skip
        page, size = int(corpo.get("page") or 1), int(corpo.get("offset") or 50)
        return JSONResponse({"messages": {
            "total": len(found),
            "pages": -(-len(found) // size),
            "currentPage": page,
            "records": found[(page - 1) * size : page * size],
        }})  # fmt: skip


def _content(op: str, corpo: dict[str, Any]) -> dict[str, Any]:
    if op == "sendText":
        return {"conversation": corpo["text"]}
    if op == "sendLocation":
        at = {"degreesLatitude": corpo["latitude"], "degreesLongitude": corpo["longitude"]}
        return {"locationMessage": {**at, "name": corpo["name"], "address": corpo["address"]}}
    if op == "sendWhatsAppAudio":
        return {"audioMessage": {"mimetype": "audio/ogg; codecs=opus", "ptt": True}}
    if op == "sendMedia":
        fields = {"mimetype": corpo.get("mimetype"), "caption": corpo.get("caption")}
        return {f"{corpo['mediatype']}Message": fields}
    return {"interactiveMessage": {"body": {"text": corpo["title"]}}}


def _done(message: str) -> Response:
    return JSONResponse({"status": "SUCCESS", "error": False, "response": {"message": message}})


def _epoch_s(escrito: object) -> float | None:
    return datetime.fromisoformat(escrito).timestamp() if isinstance(escrito, str) else None


async def _body(request: Request) -> dict[str, Any]:
    values: dict[str, Any] = dict(request.query_params)
    try:
        corpo = await request.json()
    except ValueError:
        return values
    return values | (corpo if isinstance(corpo, dict) else {})
