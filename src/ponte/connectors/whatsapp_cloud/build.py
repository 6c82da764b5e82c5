"""Build: a mensagem as a body of POST /{phone_number_id}/messages. Pure.

Up to three options are buttons, more are a list. A tipo `evento` is a template: what may be
written when the customer's 24 hours are over.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from collections.abc import Mapping
from typing import Any

from ponte.connectors.whatsapp_cloud.limites import MAX_BUTTONS
from ponte.connectors.whatsapp_cloud.pessoa import telefone_of
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean
from ponte.resilience.exchange import Request

MEDIA = {
    TipoMensagem.IMAGEM: "image",
    TipoMensagem.AUDIO: "audio",
    TipoMensagem.VIDEO: "video",
    TipoMensagem.DOCUMENTO: "document",
}
IDIOMA = "pt_BR"  # of a template that names no language
_LIST_BUTTON, _SECTION = "Ver opções", "Opções"  # chosen: 20 and 24 characters at most


def build(mensagem: Mensagem) -> dict[str, Any]:
    """Return the body that sends a mensagem.

    Meta gives the mensagem's id back in every receipt, so that one whose answer was lost is
    known again.
    """
    telefone = telefone_of(mensagem.destinatario)
    quem = {"recipient": mensagem.destinatario} if telefone is None else {"to": telefone}
    tipo, parte = _part(mensagem)
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **quem,
        "type": tipo,
        tipo: parte,
    }
    return body | ({"biz_opaque_callback_data": mensagem.id} if mensagem.id else {})


def send(settings: WhatsAppCloudSettings, body: Mapping[str, Any]) -> Request:
    """Return the call that sends a body."""
    return Request(
        "POST",
        settings.url("/messages"),
        json=dict(body),
        headers=settings.headers,
        operation="send_message",
    )


def number(settings: WhatsAppCloudSettings) -> Request:
    """Return the call that reads the shop's number; it changes nothing."""
    return Request("GET", settings.url("?fields=id"), headers=settings.headers, operation="probe")


def address(mensagem: Mensagem) -> str:
    """Return the address of a medium."""
    conteudo = mensagem.conteudo
    return conteudo if isinstance(conteudo, str) else str(conteudo.get("url") or "")


def _part(mensagem: Mensagem) -> tuple[str, dict[str, Any]]:
    """Return the type and what stands under its name."""
    conteudo = {} if isinstance(mensagem.conteudo, str) else mensagem.conteudo
    match mensagem.tipo:
        case TipoMensagem.RESPOSTA_RAPIDA:
            return "interactive", _interactive(clean(mensagem.texto), conteudo["opcoes"])
        case TipoMensagem.EVENTO:
            return "template", _template(mensagem)
        case TipoMensagem.LOCALIZACAO:
            return "location", _place(conteudo)
        case TipoMensagem.TEXTO:
            return "text", {"preview_url": False, "body": clean(mensagem.texto)}
    return MEDIA[mensagem.tipo], _medium(mensagem, conteudo)


def _medium(mensagem: Mensagem, conteudo: Mapping[str, Any]) -> dict[str, Any]:
    out = {"link": address(mensagem)}
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


def _template(mensagem: Mensagem) -> dict[str, Any]:
    """Return a template; its parametros are a list, or an object where they have names."""
    conteudo = mensagem.conteudo
    if isinstance(conteudo, str):
        conteudo = {"modelo": conteudo}
    template = {
        "name": conteudo["modelo"],
        "language": {"code": conteudo.get("idioma") or IDIOMA},
    }
    parametros = conteudo.get("parametros")
    if not parametros:
        return template
    named = parametros.items() if isinstance(parametros, Mapping) else ()
    parameters = [{"type": "text", "parameter_name": k, "text": clean(v)} for k, v in named] or [
        {"type": "text", "text": clean(x)} for x in parametros
    ]
    return template | {"components": [{"type": "body", "parameters": parameters}]}
