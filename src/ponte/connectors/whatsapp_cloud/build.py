"""Build: a mensagem as a body of POST /{phone_number_id}/messages. Pure.

Up to three options are buttons, more are a list. A medium goes by its address, or by Meta's
id of it.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

import re
from collections.abc import Mapping
from typing import Any

from ponte.connectors.whatsapp_cloud import eventos
from ponte.connectors.whatsapp_cloud.limites import MAX_BUTTONS
from ponte.connectors.whatsapp_cloud.pessoa import telefone_of
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean
from ponte.resilience.exchange import Request
from ponte.resilience.formulario import Arquivo, multipart

MEDIA = {
    TipoMensagem.IMAGEM: "image",
    TipoMensagem.AUDIO: "audio",
    TipoMensagem.VIDEO: "video",
    TipoMensagem.DOCUMENTO: "document",
}
MEDIA_ID = re.compile(r"[0-9]{5,32}\Z", re.ASCII)  # as the samples have them
UPLOAD_TIMEOUT_S = 30.0  # chosen: 10 MiB of a medium at a third of a megabyte a second
_LIST_BUTTON, _SECTION = "Ver opções", "Opções"  # chosen: 20 and 24 characters at most


def build(mensagem: Mensagem, *, media_id: str | None = None) -> dict[str, Any]:
    """Return the body that sends a mensagem.

    Meta gives the mensagem's id back in every receipt, so that one whose answer was lost is
    known again.

    Args:
        mensagem: What to send, checked before.
        media_id: Meta's id of its medium, where that was uploaded.
    """
    telefone = telefone_of(mensagem.destinatario)
    quem = {"recipient": mensagem.destinatario} if telefone is None else {"to": telefone}
    tipo, parte = _part(mensagem, media_id)
    quoted = eventos.context(mensagem.conteudo) if mensagem.tipo is TipoMensagem.EVENTO else {}
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **quem,
        **quoted,
        "type": tipo,
        tipo: parte,
    }
    return body | ({"biz_opaque_callback_data": mensagem.id} if mensagem.id else {})


def send(settings: WhatsAppCloudSettings, body: Mapping[str, Any]) -> Request:
    """Return the call that sends a body, or marks a message as read."""
    return Request(
        "POST",
        settings.url("/messages"),
        json=dict(body),
        headers=settings.headers,
        operation="mark_read" if "status" in body else "send_message",
    )


def upload(settings: WhatsAppCloudSettings, arquivo: Arquivo) -> Request:
    """Return the call that uploads a medium; it may be sent by its id for 30 days."""
    fields = {"messaging_product": "whatsapp", "type": arquivo.mime}
    content, headers = multipart(fields, [("file", arquivo)])
    return Request(
        "POST",
        settings.url("/media"),
        content=content,
        headers={**settings.headers, **headers},
        timeout_s=UPLOAD_TIMEOUT_S,
        operation="upload",
    )


def medium(settings: WhatsAppCloudSettings, media_id: str) -> Request:
    """Return the call that tells where a medium lies, for about five minutes."""
    path = f"{media_id}?phone_number_id={settings.phone_number_id}"
    url = f"{settings.base_url}/{settings.api_version}/{path}"
    return Request("GET", url, headers=settings.headers, operation="media")


def number(settings: WhatsAppCloudSettings) -> Request:
    """Return the call that reads the shop's number; it changes nothing."""
    return Request("GET", settings.url("?fields=id"), headers=settings.headers, operation="probe")


def _part(mensagem: Mensagem, media_id: str | None) -> tuple[str, dict[str, Any]]:
    """Return the type and what stands under its name."""
    conteudo = {} if isinstance(mensagem.conteudo, str) else mensagem.conteudo
    match mensagem.tipo:
        case TipoMensagem.RESPOSTA_RAPIDA:
            return "interactive", _interactive(clean(mensagem.texto), conteudo["opcoes"])
        case TipoMensagem.EVENTO:
            return eventos.part(mensagem.conteudo)
        case TipoMensagem.LOCALIZACAO:
            return "location", _place(conteudo)
        case TipoMensagem.TEXTO:
            return "text", {"preview_url": False, "body": clean(mensagem.texto)}
    where = mensagem.url
    if MEDIA_ID.match(where):
        media_id = where
    medium = {"link": where} if media_id is None else {"id": media_id}
    return MEDIA[mensagem.tipo], medium | _beside(mensagem, conteudo)


def _beside(mensagem: Mensagem, conteudo: Mapping[str, Any]) -> dict[str, Any]:
    out = {}
    if mensagem.tipo is TipoMensagem.DOCUMENTO and conteudo.get("nome"):
        out["filename"] = clean(conteudo["nome"])
    if conteudo.get("legenda"):
        out["caption"] = clean(conteudo["legenda"])
    return out


def _place(conteudo: Mapping[str, Any]) -> dict[str, Any]:
    out = {"latitude": conteudo["latitude"], "longitude": conteudo["longitude"]}
    names = (("nome", "name"), ("endereco", "address"))
    return out | {name: clean(conteudo[nome]) for nome, name in names if conteudo.get(nome)}


def option_id(opcao: str) -> str:
    """Return what comes back when an option is chosen; no title is longer than an id may be."""
    return opcao.lower()


def _interactive(texto: str, opcoes: list[str]) -> dict[str, Any]:
    found = [{"id": option_id(opcao), "title": opcao} for opcao in map(clean, opcoes)]
    if len(found) <= MAX_BUTTONS:
        buttons = [{"type": "reply", "reply": reply} for reply in found]
        return {"type": "button", "body": {"text": texto}, "action": {"buttons": buttons}}
    action = {"button": _LIST_BUTTON, "sections": [{"title": _SECTION, "rows": found}]}
    return {"type": "list", "body": {"text": texto}, "action": action}
