"""Eventos: what a tipo `evento` may be here: a template, an answer, a reaction, a read mark.

A template is what may be written when the customer's 24 hours are over.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ponte.connectors.whatsapp_cloud.limites import LIMITES
from ponte.domain.mensagem import Conteudo
from ponte.domain.notificacao import clean

IDIOMA = "pt_BR"  # of a template that names no language
MAX_ID = 512  # chosen: ids of messages have about sixty characters
# The field that tells which it is, and the others that go with it.
_FIELDS = {
    "lida": frozenset({"digitando"}),
    "em_resposta_a": frozenset({"texto", "reacao"}),
    "modelo": frozenset({"idioma", "parametros"}),
}


def is_read_mark(conteudo: Conteudo) -> bool:
    """Tell whether it says that a message was read, which is no message itself."""
    return not isinstance(conteudo, str) and "lida" in conteudo


def read_mark(conteudo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that marks a message as read, showing on wish that an answer comes."""
    body = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": conteudo["lida"],
    }
    return body | ({"typing_indicator": {"type": "text"}} if conteudo.get("digitando") else {})


def part(conteudo: Conteudo) -> tuple[str, dict[str, Any]]:
    """Return the type of a message and what stands under its name."""
    if isinstance(conteudo, str):
        return "template", _template({"modelo": conteudo})
    if "em_resposta_a" not in conteudo:
        return "template", _template(conteudo)
    if "reacao" in conteudo:
        emoji = clean(conteudo["reacao"])
        return "reaction", {"message_id": conteudo["em_resposta_a"], "emoji": emoji}
    return "text", {"preview_url": False, "body": clean(conteudo["texto"])}


def context(conteudo: Conteudo) -> dict[str, Any]:
    """Return what quotes a message, nothing where none is quoted."""
    if isinstance(conteudo, str) or "reacao" in conteudo or "em_resposta_a" not in conteudo:
        return {}
    return {"context": {"message_id": conteudo["em_resposta_a"]}}


def broken(conteudo: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the platform would refuse."""
    tells = next((campo for campo in _FIELDS if campo in conteudo), "modelo")
    for campo in sorted(conteudo.keys() - _FIELDS[tells] - {tells}):
        yield f"conteudo.{campo[:50]}", "unknown field"
    if tells == "modelo":
        yield from _broken_template(conteudo)
        return
    if not _is_text(conteudo[tells]) or len(conteudo[tells]) > MAX_ID:
        yield f"conteudo.{tells}", "the platform's id of a message"
    if tells == "lida":
        if not isinstance(conteudo.get("digitando", False), bool):
            yield "conteudo.digitando", "true or false"
    elif ("texto" in conteudo) == ("reacao" in conteudo):
        yield "conteudo", "texto or reacao expected"
    elif "reacao" in conteudo:
        if not isinstance(conteudo["reacao"], str):
            yield "conteudo.reacao", "an emoji, or nothing to take it back"
    elif not _is_text(conteudo["texto"]) or LIMITES.weigh(conteudo["texto"]) > LIMITES.texto:
        yield "conteudo.texto", f"1 to {LIMITES.texto} characters"


def _broken_template(conteudo: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not _is_text(conteudo.get("modelo")):
        yield "conteudo.modelo", "the name of an approved template"
    if conteudo.get("idioma") is not None and not _is_text(conteudo["idioma"]):
        yield "conteudo.idioma", "a language such as pt_BR"
    parametros = conteudo.get("parametros")
    if parametros is None:
        return
    values = list(parametros.values()) if isinstance(parametros, Mapping) else parametros
    if not isinstance(values, list) or not all(map(_is_text, values)):
        yield "conteudo.parametros", "a list of texts, or an object of texts by name"


def _template(conteudo: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template; its parametros are a list, or an object where they have names."""
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


def _is_text(valor: object) -> bool:
    return isinstance(valor, str) and bool(valor.strip())
