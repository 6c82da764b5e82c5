"""WhatsApp: a local stand-in of Evolution API, its telephones and the people who write to them.

Telephones pair by a QR code that somebody orders scanned; people are reached under the form
of their number that the network knows, which for many is the one without the ninth digit.

    POST /_simulador/parear/{instancia} {"numero": "5511999990000"}
    POST /_simulador/escrever/{instancia} {"de": "5511999990001", "texto": "oi"}

and the orders of every messaging stand-in (`plataforma.py`). By hand:
`python -m ponte.simulators.whatsapp --webhook http://…/webhooks/whatsapp/eventos`.
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.simulators.comportamento import Defeito
from ponte.simulators.plataforma import Caos, Plataforma, serve
from ponte.simulators.whatsapp_api import Api, refused
from ponte.simulators.whatsapp_eventos import TELEFONE, InstanciaSimulada, envelope, record

CHAVE = "simulador-nao-e-um-segredo"
SEGREDO = "ponte-test-secret-whatsapp"
INSTANCIA = "loja-centro"
NUMERO = "5511999990000"
RECIBOS = ("SERVER_ACK", "DELIVERY_ACK")
QR_LIMIT = 30  # documented: QRCODE_LIMIT


class SimuladorWhatsApp(Plataforma):
    """One Evolution server with one paired telephone.

    Args:
        webhook_url: Where the first telephone's events go; others are told by the API.
        api_key: The global key.
        segredo: What the first telephone's webhook carries.
        recibos: What becomes of each sent message by itself, in order.
        now: Epoch seconds.
    """

    def __init__(
        self,
        webhook_url: str = "",
        *,
        api_key: str = CHAVE,
        segredo: str = SEGREDO,
        recibos: Sequence[str] = RECIBOS,
        caos: Caos | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.recibos = recibos
        self.now = now
        self.segredo = segredo
        self.api = Api(api_key, now=now)
        self._running: set[asyncio.Task[None]] = set()
        self._ids = 0
        primeira = InstanciaSimulada(
            INSTANCIA, estado="open", dono=NUMERO + TELEFONE, perfil="Loja Centro"
        )
        if webhook_url:
            primeira.webhook = _webhook(webhook_url, segredo)
        self.api.instancias[INSTANCIA] = primeira
        super().__init__(webhook_url=webhook_url, caos=caos)

    def env(self, url: str) -> dict[str, str]:
        """Return the settings that make Ponte take this stand-in for Evolution."""
        return {
            "PONTE_WHATSAPP__BASE_URL": url,
            "PONTE_WHATSAPP__API_KEY": self.api.api_key,
            "PONTE_WHATSAPP__INSTANCE": INSTANCIA,
            "PONTE_WHATSAPP__WEBHOOK_SECRETS": self.segredo,
        }

    def aim(self, url: str) -> None:
        """Let the first telephone's events be told at this address."""
        super().aim(url)
        self.api.instancias[INSTANCIA].webhook = _webhook(url, self.segredo)

    async def stop(self) -> None:
        """Stop, and what was still to be posted with it."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await super().stop()

    async def settle(self) -> None:
        """Wait until everything that was begun is posted."""
        while self._running:
            await asyncio.gather(*self._running)

    # ------------------------------------------------------------ as every stand-in

    def routes(self) -> Sequence[Route]:
        """Return Evolution's routes, and the orders of this stand-in."""
        return (
            *self.api.routes(self),
            Route("/_simulador/parear/{nome}", self._parear, methods=["POST"]),
            Route("/_simulador/escrever/{nome}", self._escrever, methods=["POST"]),
        )

    def error(self, modo: str, defeito: Defeito) -> Response:
        """Return Evolution's own error, or that of a proxy before it."""
        if modo == "token":
            return refused(401, "Unauthorized")
        if modo == "429":
            answer = refused(429, "Too Many Requests")
            answer.headers["Retry-After"] = str(max(1, round(defeito.segundos)))
            return answer
        return refused(500, "Connection Closed")

    def headers(self, corpo: bytes) -> Mapping[str, str]:
        """Return the headers that were set for the instance that a body is of."""
        instancia = self.api.instancias.get(json.loads(corpo)["instance"])
        headers = {} if instancia is None else dict(instancia.webhook.get("headers") or {})
        key = headers.pop("jwt_key", None)
        return headers if key is None else {"authorization": f"Bearer {self._jwt(key)}"}

    def _jwt(self, key: str) -> str:
        now = int(self.now())
        claims = {"iat": now, "exp": now + 600, "app": "evolution", "action": "webhook"}
        parts = [_b64(json.dumps(x).encode()) for x in ({"alg": "HS256", "typ": "JWT"}, claims)]
        signed = ".".join(parts)
        digest = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{_b64(digest)}"

    # ------------------------------------------------------------ what is told

    async def tell(self, instancia: InstanciaSimulada, evento: str, data: object) -> None:
        """Post one event where its instance asked for it."""
        webhook = instancia.webhook
        wanted = webhook.get("events") or []
        name = evento.replace(".", "_").replace("-", "_").upper()
        if not webhook.get("enabled") or (wanted and name not in wanted):
            return
        suffix = "/" + evento.replace(".", "-") if webhook.get("byEvents") else ""
        self.webhook_url = webhook["url"].rstrip("/") + suffix
        await self.post(envelope(instancia, evento, data, em_s=self.now()), onde=evento)

    def later(self, instancia: InstanciaSimulada, *events: tuple[str, object]) -> None:
        """Post events in order while the call that caused them is answered."""

        async def in_order() -> None:
            for evento, data in events:
                await self.tell(instancia, evento, data)

        task = asyncio.create_task(in_order())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def took(self, instancia: InstanciaSimulada, stored: dict[str, Any]) -> None:
        """Post what Evolution posts of a message that was sent through it."""
        receipts = [(x, _receipt(stored["key"], x)) for x in self.recibos]
        self.later(
            instancia,
            ("send.message", stored),
            *(("messages.update", data) for _, data in receipts),
        )

    def next_id(self) -> str:
        """Return the id of the next message."""
        self._ids += 1
        return f"3EB0{self._ids:018d}"

    def code(self, instancia: InstanciaSimulada) -> None:
        """Make the next QR code and tell of it; beyond the limit the pairing is refused."""
        instancia.codigos += 1
        if instancia.codigos > QR_LIMIT:
            instancia.estado, instancia.codigos = "refused", 0
            limit = {"message": "QR code limit reached, please login again", "statusCode": 500}
            self.later(
                instancia,
                ("qrcode.updated", limit),
                ("connection.update", connection(instancia, 428)),
            )
            return
        instancia.estado = "connecting"
        qrcode = {"instance": instancia.nome, **instancia.qrcode}
        self.later(
            instancia,
            ("connection.update", connection(instancia, 200)),
            ("qrcode.updated", {"qrcode": qrcode}),
        )

    # ------------------------------------------------------------ what people do

    async def parear(self, nome: str = INSTANCIA, *, numero: str = NUMERO) -> None:
        """Scan the code of an instance with a telephone."""
        instancia = self.api.instancias[nome]
        instancia.estado, instancia.motivo, instancia.codigos = "open", None, 0
        instancia.dono, instancia.perfil = numero + TELEFONE, nome
        await self.tell(instancia, "connection.update", connection(instancia, 200))

    async def sair(self, nome: str = INSTANCIA, *, motivo: int = 401) -> None:
        """Unpair on the telephone: the instance stays closed until it is paired again."""
        instancia = self.api.instancias[nome]
        instancia.estado, instancia.motivo = "close", motivo
        await self.tell(instancia, "connection.update", connection(instancia, motivo))

    async def escrever(self, texto: str, *, de: str, nome: str = INSTANCIA) -> str:
        """Write a text as a customer; return the message's id."""
        return await self.receber({"conversation": texto}, de=de, nome=nome)

    async def write(self, numero: str, texto: str) -> str:
        """Write a text to the first telephone, as a customer does on any platform."""
        return await self.escrever(texto, de=numero)

    async def receber(
        self, message: Mapping[str, Any], *, de: str, nome: str = INSTANCIA, **key: Any
    ) -> str:
        """Write any message as a customer, as its protobuf; return its id."""
        instancia = self.api.instancias[nome]
        numero = self.api.canonical(de) or de
        where = {"remoteJid": numero + TELEFONE, "fromMe": False, "id": self.next_id(), **key}
        stored = record(where, message, nome="Cliente Simulado", em_s=self.now())
        instancia.registros.append(stored)
        await self.tell(instancia, "messages.upsert", stored)
        return str(where["id"])

    async def foto(self, *, de: str, legenda: str = "", nome: str = INSTANCIA) -> str:
        """Send a picture as a customer."""
        image = {"mimetype": "image/png", "caption": legenda, "url": "https://mmg.whatsapp.net/x"}
        return await self.receber({"imageMessage": image}, de=de, nome=nome)

    async def apertar(self, choice_id: str, rotulo: str, *, de: str, nome: str = INSTANCIA) -> str:
        """Press a button as a customer."""
        button = {"selectedButtonId": choice_id, "selectedDisplayText": rotulo}
        return await self.receber({"buttonsResponseMessage": button}, de=de, nome=nome)

    async def reagir(self, emoji: str, alvo: str, *, de: str, nome: str = INSTANCIA) -> str:
        """React to a message as a customer."""
        reaction = {"key": {"fromMe": True, "id": alvo}, "text": emoji}
        return await self.receber({"reactionMessage": reaction}, de=de, nome=nome)

    async def editar(self, alvo: str, texto: str, *, de: str, nome: str = INSTANCIA) -> None:
        """Edit a message as a customer."""
        note = {
            "key": {"remoteJid": de + TELEFONE, "fromMe": False, "id": alvo},
            "type": "MESSAGE_EDIT",
            "editedMessage": {"conversation": texto},
            "timestampMs": str(int(self.now() * 1000)),
        }
        await self.tell(self.api.instancias[nome], "messages.edited", note)

    async def apagar(self, alvo: str, *, de: str, nome: str = INSTANCIA) -> None:
        """Delete a message as a customer."""
        key = {"remoteJid": de + TELEFONE, "fromMe": False, "id": alvo, "status": "DELETED"}
        await self.tell(self.api.instancias[nome], "messages.delete", key)

    async def receipt(self, alvo: str, status: str, *, de: str, nome: str = INSTANCIA) -> None:
        """Tell that a sent message was delivered, read, or failed."""
        key = {"remoteJid": de + TELEFONE, "id": alvo}
        await self.tell(self.api.instancias[nome], "messages.update", _receipt(key, status))

    # ------------------------------------------------------------ orders over HTTP

    async def _parear(self, request: Request) -> Response:
        nome, corpo = request.path_params["nome"], await _body(request)
        if nome not in self.api.instancias:
            return JSONResponse({"erro": "no such instance"}, 404)
        await self.parear(nome, numero=str(corpo.get("numero") or NUMERO))
        return JSONResponse({"estado": "open"})

    async def _escrever(self, request: Request) -> Response:
        nome, corpo = request.path_params["nome"], await _body(request)
        if nome not in self.api.instancias:
            return JSONResponse({"erro": "no such instance"}, 404)
        texto, de = str(corpo.get("texto") or "oi"), str(corpo.get("de") or "5511999990001")
        return JSONResponse({"id": await self.escrever(texto, de=de, nome=nome)})


def connection(instancia: InstanciaSimulada, reason: int) -> dict[str, Any]:
    """Return what connection.update says."""
    is_open = instancia.estado == "open"
    return {
        "instance": instancia.nome,
        "state": instancia.estado,
        "statusReason": reason,
        "wuid": instancia.dono if is_open else None,
        "profileName": instancia.perfil if is_open else None,
        "profilePictureUrl": None,
    }


def _receipt(key: Mapping[str, Any], status: str) -> dict[str, Any]:
    return {
        "keyId": key["id"],
        "remoteJid": key["remoteJid"],
        "fromMe": True,
        "status": status,
        "instanceId": "00000000-0000-4000-8000-000000000001",
    }


def _webhook(url: str, segredo: str) -> dict[str, Any]:
    return {"enabled": True, "url": url, "headers": {"authorization": f"Bearer {segredo}"}}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def _body(request: Request) -> dict[str, Any]:
    try:
        corpo = await request.json()
    except ValueError:
        return {}
    return corpo if isinstance(corpo, dict) else {}


def parser() -> argparse.ArgumentParser:
    """Return what can be chosen by hand."""
    options = argparse.ArgumentParser(prog="ponte.simulators.whatsapp", description="Evolution")
    options.add_argument(
        "--webhook", "--webhook-url", default="", help="http://…/webhooks/whatsapp/eventos"
    )
    options.add_argument("--key", default=CHAVE, help="the global key")
    options.add_argument("--secret", default=SEGREDO, help="what deliveries carry")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=9_120)
    return options


def main() -> None:
    """Run the stand-in by hand."""
    args = parser().parse_args()
    simulador = SimuladorWhatsApp(args.webhook, api_key=args.key, segredo=args.secret)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(simulador, args.host, args.port))


if __name__ == "__main__":
    main()
