"""WhatsApp Cloud: a local stand-in of Meta's API for one number, with customers who write.

It refuses what Meta refuses: a wrong token, words outside the customer's 24 hours, a
template that nobody approved, lengths, people whom WhatsApp does not know, a medium without
the token. What was sent is told back as sent and delivered. Run it:
`python -m ponte.simulators.whatsapp_cloud --port 8086
--webhook-url http://127.0.0.1:8000/webhooks/whatsapp_cloud`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.simulators import meta
from ponte.simulators.comportamento import Defeito
from ponte.simulators.plataforma import Caos, Plataforma, by_hand
from ponte.simulators.telegram_corpo import parameters

NUMERO_ID = "100000000000001"
NUMERO = "5511999990000"
CONTA = "200000000000001"
TOKEN = "EAASIMULADOR"  # noqa: S105 - opens nothing but this stand-in
WINDOW_MS = 24 * 3_600_000  # documented: after the customer's last message
_MEDIA = ("image", "audio", "video", "document", "sticker")
MEDIUM = b"\xff\xd8\xff\xe0"  # what a customer's picture holds


class SimuladorWhatsAppCloud(Plataforma):
    """One number of one account.

    `fora` are numbers that WhatsApp does not know; `contas` gives the form under which it
    knows a number, where that is another one (the ninth digit); `apressados` counts how
    often more somebody may not be written to yet (131056); `modelos` are approved; `midias`
    are its media by their ids, `lidas` what the shop marked as read; the next sendings are
    refused with the codes in `recusas`.

    Args:
        webhook_url: Where its events go.
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
        self.fora: set[str] = set()
        self.contas: dict[str, str] = {}
        self.apressados: dict[str, int] = {}
        self.modelos = {"pedido_enviado"}
        self.midias: dict[str, tuple[bytes, str]] = {}
        self.lidas: list[str] = []
        self.recusas: list[int] = []
        self._wrote_ms: dict[str, int] = {}
        self._now = now
        self._next = 0

    def env(self, url: str) -> dict[str, str]:
        """Return the settings of a Ponte that talks to it at this address."""
        return {
            "PONTE_WHATSAPP_CLOUD__BASE_URL": url,
            "PONTE_WHATSAPP_CLOUD__ACCESS_TOKEN": self.token,
            "PONTE_WHATSAPP_CLOUD__PHONE_NUMBER_ID": NUMERO_ID,
            "PONTE_WHATSAPP_CLOUD__APP_SECRET": meta.APP_SECRET,
            "PONTE_WHATSAPP_CLOUD__VERIFY_TOKEN": meta.VERIFY_TOKEN,
        }

    # ------------------------------------------------------------ what a platform adds

    def routes(self) -> Sequence[Route]:
        return (
            Route("/{version}/{numero_id}/messages", self._send_call, methods=["POST"]),
            Route("/{version}/{numero_id}/media", self._upload_call, methods=["POST"]),
            Route("/midia/{media_id}", self._download_call),
            Route("/{version}/{numero_id}", self._number_call),
        )

    def error(self, modo: str, defeito: Defeito) -> Response:
        return meta.fault(modo, defeito)

    def headers(self, corpo: bytes) -> Mapping[str, str]:
        return meta.signed(corpo)

    # ------------------------------------------------------------ customers

    async def write(self, numero: str, texto: str, *, responde_a: str | None = None) -> str:
        """Let a customer write; return the message's id."""
        quoted = {"context": {"from": NUMERO, "id": responde_a}} if responde_a else {}
        return await self._from_customer(numero, "text", {"body": texto}, **quoted)

    async def press(self, numero: str, titulo: str, *, responde_a: str) -> str:
        """Let a customer press a button, or choose of a list, of a message of the shop's."""
        kind, reply = self._option(responde_a, titulo)
        context = {"from": NUMERO, "id": responde_a}
        chosen = {"type": kind, kind: reply}
        return await self._from_customer(numero, "interactive", chosen, context=context)

    async def send_image(self, numero: str, media_id: str = "300000000000001") -> str:
        """Let a customer send a picture."""
        self.midias[media_id] = (MEDIUM, "image/jpeg")
        part = {"id": media_id, "mime_type": "image/jpeg", "sha256": "0" * 64}
        return await self._from_customer(numero, "image", part)

    async def react(self, numero: str, message_id: str, emoji: str) -> str:
        """Let a customer react to a message; an empty emoji takes it back."""
        part = {"message_id": message_id, "emoji": emoji}
        return await self._from_customer(numero, "reaction", part)

    async def edit(self, numero: str, message_id: str, texto: str) -> str:
        """Let a customer write a message anew."""
        message = {"type": "text", "text": {"body": texto}}
        part = {"original_message_id": message_id, "message": message}
        return await self._from_customer(numero, "edit", part)

    async def delete(self, numero: str, message_id: str) -> str:
        """Let a customer take a message back."""
        return await self._from_customer(numero, "revoke", {"original_message_id": message_id})

    async def read(self, message_id: str) -> None:
        """Let a customer read a message of the shop's."""
        await self._receipt(self._sent(message_id), "read")

    async def lose(self, message_id: str, *, code: int = 131026) -> None:
        """Let a message that was taken fail after all."""
        errors = [{"code": code, "title": "Message undeliverable"}]
        await self._receipt(self._sent(message_id), "failed", errors=errors)

    async def subscribe(self) -> bool:
        """Ask Ponte for the proof, as Meta's dashboard does."""
        return await meta.subscribe(self.webhook_url)

    async def _from_customer(
        self, numero: str, tipo: str, parte: Mapping[str, Any], **further: Any
    ) -> str:
        self._wrote_ms[numero] = int(self._now() * 1000)
        mensagem = {
            "from": numero,
            "id": self._id("IN"),
            "timestamp": str(int(self._now())),
            "type": tipo,
            tipo: parte,
            **further,
        }
        contacts = [{"profile": {"name": f"Cliente {numero[-4:]}"}, "wa_id": numero}]
        await self._tell({"contacts": contacts, "messages": [mensagem]}, onde=tipo)
        return str(mensagem["id"])

    def _option(self, message_id: str, titulo: str) -> tuple[str, Mapping[str, Any]]:
        action = self._sent(message_id)["interactive"]["action"]
        for button in action.get("buttons", ()):
            if button["reply"]["title"] == titulo:
                return "button_reply", button["reply"]
        for section in action.get("sections", ()):
            for row in section["rows"]:
                if row["title"] == titulo:
                    return "list_reply", row
        msg = f"no such option: {titulo}"
        raise ValueError(msg)

    def _sent(self, message_id: str) -> dict[str, Any]:
        return next(found for found in self.mensagens if found["message_id"] == message_id)

    # ------------------------------------------------------------ telling

    async def _receipts(self, enviada: Mapping[str, Any]) -> None:
        for status in ("sent", "delivered"):
            await self._receipt(enviada, status)

    async def _receipt(self, enviada: Mapping[str, Any], status: str, **further: Any) -> None:
        recibo = {
            "id": enviada["message_id"],
            "status": status,
            "timestamp": str(int(self._now())),
            "recipient_id": enviada["wa_id"],
            **further,
        }
        opaque = enviada.get("biz_opaque_callback_data")
        if opaque:
            recibo["biz_opaque_callback_data"] = opaque
        await self._tell({"statuses": [recibo]}, onde=status)

    async def _tell(self, value: Mapping[str, Any], *, onde: str) -> None:
        metadata = {"display_phone_number": NUMERO, "phone_number_id": NUMERO_ID}
        whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        entry = {"id": CONTA, "changes": [{"field": "messages", "value": whole}]}
        corpo = {"object": "whatsapp_business_account", "entry": [entry]}
        await self.post(meta.dumps(corpo), onde=onde)

    def _id(self, side: str) -> str:
        self._next += 1
        return f"wamid.SIMULADOR{side}{self._next:06d}"

    # ------------------------------------------------------------ the API

    async def _send_call(self, request: Request) -> Response:
        return await self.faulty("send", lambda: self._send(request))

    async def _number_call(self, request: Request) -> Response:
        return await self.faulty("number", lambda: self._number(request))

    async def _upload_call(self, request: Request) -> Response:
        return await self.faulty("upload", lambda: self._upload(request))

    async def _download_call(self, request: Request) -> Response:
        return await self.faulty("download", lambda: self._download(request))

    async def _number(self, request: Request) -> Response:
        """Tell of the number, or where a medium lies."""
        media_id = request.path_params["numero_id"]
        if media_id not in self.midias or meta.bearer(request) != self.token:
            return self._stranger(request) or JSONResponse({"id": NUMERO_ID})
        corpo, mime = self.midias[media_id]
        about = {"url": f"{self.url}/midia/{media_id}", "mime_type": mime, "id": media_id}
        return JSONResponse({"messaging_product": "whatsapp", "file_size": len(corpo), **about})

    async def _download(self, request: Request) -> Response:
        if meta.bearer(request) != self.token:
            return Response(status_code=401)
        corpo, mime = self.midias[request.path_params["media_id"]]
        return Response(corpo, media_type=mime)

    async def _upload(self, request: Request) -> Response:
        refused = self._stranger(request)
        if refused is not None:
            return refused
        fields, files = parameters(request, await request.body())
        if fields.get("messaging_product") != "whatsapp" or "file" not in files:
            return meta.graph_refusal(400, 100, "Invalid parameter")
        media_id = f"{400_000_000_000_001 + len(self.midias)}"
        self.midias[media_id] = (files["file"], str(fields.get("type")))
        return JSONResponse({"id": media_id})

    def _stranger(self, request: Request) -> Response | None:
        if meta.bearer(request) != self.token:
            return meta.graph_refusal(401, 190, "Invalid OAuth access token", subcode=463)
        return None if request.path_params["numero_id"] == NUMERO_ID else meta.unknown_path()

    async def _send(self, request: Request) -> Response:
        corpo = await meta.body_of(request) or {}
        refused = self._stranger(request)
        if refused is None and corpo.get("status") == "read":
            self.lidas.append(str(corpo.get("message_id")))
            return JSONResponse({"success": True})
        refused = refused or _malformed(corpo)
        if refused is None and self.recusas:
            refused = meta.graph_refusal(400, self.recusas.pop(0), "Refused as ordered")
        if refused is not None:
            return refused
        numero = str(corpo.get("to") or corpo.get("recipient"))
        wa_id = self.contas.get(numero, numero)
        refused = self._unwelcome(corpo, numero, wa_id)
        if refused is not None:
            return refused
        enviada = {**corpo, "message_id": self._id("OUT"), "wa_id": wa_id}
        self.mensagens.append(enviada)
        answer = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": numero, "wa_id": wa_id}],
            "messages": [{"id": enviada["message_id"]}],
        }
        return JSONResponse(answer, background=BackgroundTask(self._receipts, enviada))

    def _unwelcome(self, corpo: Mapping[str, Any], numero: str, wa_id: str) -> Response | None:
        """Return why this person can't be written to now."""
        if {numero, wa_id} & self.fora:
            return meta.graph_refusal(400, 131026, "Message undeliverable")
        if self.apressados.get(numero, 0) > 0:
            self.apressados[numero] -= 1
            return meta.graph_refusal(400, 131056, "pair rate limit hit")
        if corpo["type"] == "template":
            known = corpo["template"].get("name") in self.modelos
            absent = "Template name does not exist in the translation"
            return None if known else meta.graph_refusal(404, 132001, absent)
        if self._now() * 1000 - self._wrote_ms.get(wa_id, -WINDOW_MS) > WINDOW_MS:
            return meta.graph_refusal(400, 131047, "Re-engagement message")
        return None


def _malformed(corpo: Mapping[str, Any]) -> Response | None:
    """Return Meta's refusal of a body that breaks its rules."""
    tipo = corpo.get("type")
    parte = corpo.get(str(tipo))
    if corpo.get("messaging_product") != "whatsapp" or not isinstance(parte, dict):
        return meta.graph_refusal(400, 100, "Invalid parameter")
    if bool(corpo.get("to")) == bool(corpo.get("recipient")):
        return meta.graph_refusal(400, 131008, "Required parameter is missing")
    if len(corpo.get("biz_opaque_callback_data", "")) > 512 or not _fits(str(tipo), parte):
        return meta.graph_refusal(400, 131009, "Parameter value is not valid")
    return None


def _fits(tipo: str, parte: Mapping[str, Any]) -> bool:
    """Tell whether a part keeps the documented lengths."""
    if tipo in _MEDIA:
        silent = tipo in ("audio", "sticker") and "caption" in parte
        one = bool(parte.get("id")) != bool(parte.get("link"))
        return one and not silent and len(parte.get("caption", "")) <= 1024
    if tipo == "interactive":
        return 1 <= len(parte["body"]["text"]) <= 1024 and _fit_options(parte["action"])
    if tipo == "reaction":
        return bool(parte.get("message_id")) and "emoji" in parte
    if tipo == "text":
        return 1 <= len(parte.get("body", "")) <= 4096
    return tipo in ("template", "location")


def _fit_options(action: Mapping[str, Any]) -> bool:
    if "buttons" in action:
        found, most, longest, id_length = [x["reply"] for x in action["buttons"]], 3, 20, 256
    else:
        sections = action.get("sections", ())
        found, most, longest, id_length = [r for s in sections for r in s["rows"]], 10, 24, 200
        if not 1 <= len(action.get("button", "")) <= 20:
            return False
    ids = {x["id"] for x in found}
    return (
        1 <= len(ids) == len(found) <= most
        and all(1 <= len(x["title"]) <= longest for x in found)
        and all(len(x) <= id_length for x in ids)
    )


def main() -> None:
    """Serve from the command line."""
    by_hand(
        lambda webhook_url: SimuladorWhatsAppCloud(webhook_url=webhook_url),
        description="A local stand-in of the WhatsApp Cloud API",
        port=8086,
    )


if __name__ == "__main__":
    main()
