"""Conteudo: what one message carries, by its type, in the words of the normalised view.

A reader gives back fields of an `EventoDeCanal`, or None when the object that the type
promises is not there: the message is then one that Ponte can't read, and is shown as such.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ponte.domain.evento import Midia
from ponte.domain.leitura import (
    Objeto,
    booleano,
    clean,
    decimal,
    form_of,
    inteiro,
    objeto,
    objetos,
    texto,
)

Campos = dict[str, Any]
Leitor = Callable[[object], Campos | None]

_REPLIES = ("button_reply", "list_reply", "nfm_reply")
_NOT_DIGIT = re.compile(r"\D", re.ASCII)


def words(valor: object) -> str | None:
    """Return text as it was written; None when there is none."""
    found = clean(valor) if isinstance(valor, str) else None
    return found if found and found.strip() else None


def number(valor: object) -> float | None:
    """Return an amount or a coordinate as JSON writes it, whole numbers whole."""
    whole = inteiro(valor)
    if whole is not None:
        return whole
    found = decimal(valor)
    return None if found is None else float(found)


def _text(corpo: object) -> Campos | None:
    if not isinstance(corpo, Mapping):
        return None
    return {"type": "text", "text": words(corpo.get("body"))}


def _media(kind: str, *, tipo: str | None = None, voice: bool = False) -> Leitor:
    def read(corpo: object) -> Campos | None:
        if not isinstance(corpo, Mapping):
            return None
        midia = Midia(
            kind=tipo or kind,
            url=texto(corpo.get("url")) or texto(corpo.get("link")),
            id=texto(corpo.get("id")),
            mime=texto(corpo.get("mime_type")),
            filename=texto(corpo.get("filename")),
            voice=voice or booleano(corpo.get("voice")) is True,
        )
        animated = booleano(corpo.get("animated"))
        more = {"further": {"animated": animated}} if animated is not None else {}
        return {
            "type": tipo or kind,
            "text": words(corpo.get("caption")),
            "media": (midia,),
            **more,
        }

    return read


def _location(corpo: object) -> Campos | None:
    if not isinstance(corpo, Mapping):
        return None
    place: Campos = {
        "latitude": number(corpo.get("latitude")),
        "longitude": number(corpo.get("longitude")),
        "name": texto(corpo.get("name")),
        "address": texto(corpo.get("address")),
    }
    url = texto(corpo.get("url"))
    if url is not None:
        place["url"] = url
    return {"type": "location", "further": {"location": place}}


def _contacts(corpo: object) -> Campos | None:
    if not isinstance(corpo, list):
        return None
    cards = [{"name": _name(card), "phones": _phones(card)} for card in objetos(corpo)]
    return {"type": "contact", "further": {"contacts": cards}}


def _name(card: Objeto) -> str | None:
    name = objeto(card.get("name"))
    parts = (texto(name.get(part)) for part in ("first_name", "middle_name", "last_name"))
    built = " ".join(part for part in parts if part)
    company = texto(objeto(card.get("org")).get("company"))
    return texto(name.get("formatted_name")) or built or company or None


def _phones(card: Objeto) -> list[str]:
    found = (
        _NOT_DIGIT.sub("", texto(phone.get("wa_id")) or texto(phone.get("phone")) or "")
        for phone in objetos(card.get("phones"))
    )
    return list(dict.fromkeys(digits for digits in found if digits))


def _interactive(corpo: object) -> Campos | None:
    interactive = objeto(corpo)
    named = texto(interactive.get("type"))
    tipo = named or next((x for x in _REPLIES if x in interactive), "")
    answer = interactive.get(tipo)
    if not isinstance(answer, Mapping):
        return None
    if tipo == "nfm_reply":
        return _form(answer)
    # A permission to call has neither id nor title, only what was answered.
    choice = texto(answer.get("id")) or texto(answer.get("response"))
    label = words(answer.get("title")) or choice
    return {"type": "interactive", "text": label, "choice_id": choice} if label else None


def _form(answer: Objeto) -> Campos:
    found = {"type": "interactive", "text": words(answer.get("body"))}
    form = form_of(answer.get("response_json"))
    return found if form is None else {**found, "further": {"form": form}}


def _button(corpo: object) -> Campos | None:
    if not isinstance(corpo, Mapping):
        return None
    choice = texto(corpo.get("payload"))
    return {"type": "interactive", "text": words(corpo.get("text")) or choice, "choice_id": choice}


def _order(corpo: object) -> Campos | None:
    if not isinstance(corpo, Mapping):
        return None
    items = [
        {
            "sku": texto(item.get("product_retailer_id")),
            "quantity": number(item.get("quantity")),
            "price": number(item.get("item_price")),
            "currency": texto(item.get("currency")),
        }
        for item in objetos(corpo.get("product_items"))
    ]
    order = {"catalog_id": texto(corpo.get("catalog_id")), "items": items}
    return {"type": "order", "text": words(corpo.get("text")), "further": {"order": order}}


LEITORES: Mapping[str, Leitor] = {
    "text": _text,
    "image": _media("image"),
    "video": _media("video"),
    "audio": _media("audio"),
    "voice": _media("voice", tipo="audio", voice=True),  # before 2022
    "document": _media("document"),
    "sticker": _media("sticker"),
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
}

# What is said of something else, and is no message by itself.
_ABOUT = ("reaction", "edit", "revoke", "system")


def type_of(mensagem: Objeto) -> str:
    """Return the type that a message names, or that its only known object shows."""
    named = texto(mensagem.get("type"))
    return named or next((tipo for tipo in (*LEITORES, *_ABOUT) if tipo in mensagem), "")


def content_of(mensagem: Objeto) -> Campos:
    """Return the fields of a message; of one that can't be read, what is known of it."""
    tipo = type_of(mensagem)
    reader = LEITORES.get(tipo)
    found = None if reader is None else reader(mensagem.get(tipo))
    return unreadable(mensagem) if found is None else found


def unreadable(mensagem: Objeto) -> Campos:
    """Return the fields of a message that a person wrote and Ponte can't read."""
    tipo = type_of(mensagem)
    named = texto(objeto(mensagem.get("unsupported")).get("type"))
    reason = named or (tipo if tipo not in {"", "unsupported", "unknown"} else None)
    code = next((inteiro(error.get("code")) for error in objetos(mensagem.get("errors"))), None)
    more = {"reason": reason, "error_code": code}
    return {
        "type": "unsupported",
        "text": words(objeto(mensagem.get("text")).get("body")),
        "further": {key: valor for key, valor in more.items() if valor is not None},
    }


def quoted(mensagem: Objeto) -> Campos:
    """Return what a message says of another one, or of what led to it."""
    context, referral = objeto(mensagem.get("context")), _referral(mensagem)
    forwarded = any(
        booleano(context.get(flag)) is True for flag in ("forwarded", "frequently_forwarded")
    )
    return {
        "reply_to": texto(context.get("id")),
        "referral": referral or None,
        "further": {"forwarded": True} if forwarded else {},
    }


def _referral(mensagem: Objeto) -> Campos:
    found = objeto(mensagem.get("referral"))
    product = objeto(objeto(mensagem.get("context")).get("referred_product"))
    out = {
        "source": texto(found.get("source_type")),
        "ad_id": texto(found.get("source_id")),
        "product_id": texto(product.get("product_retailer_id")),
    }
    return {key: valor for key, valor in out.items() if valor is not None}


def first_error(documento: Objeto) -> Objeto:
    """Return the first of the errors that something carries; an empty one where it has none."""
    return next(iter(objetos(documento.get("errors"))), {})
