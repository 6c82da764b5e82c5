"""Anexos: what hangs on a message of Instagram or Messenger, as type, words and media.

Several attachments are one message with several media, named after the first. The one
rule: a kind nobody announced makes the message `unsupported`, never an error.
Source: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ponte.domain.evento import Midia, Tipo
from ponte.domain.leitura import Objeto, decimal, lower, objeto, objetos, texto

_TIPOS: dict[str, Tipo] = {
    "image": "image", "video": "video", "audio": "audio", "file": "document",
    "share": "share", "ig_post": "share", "ig_reel": "share", "reel": "share", "post": "share",
    "story_mention": "story_mention", "sticker": "sticker", "like_heart": "sticker",
    "location": "location", "template": "interactive", "fallback": "text",
}  # fmt: skip
_SITE = "https://www.facebook.com"  # contract: completes a relative address such as /reel/1/
THUMBS_UP = {"369239263222822", "369239343222814", "369239383222810"}  # contract: three sizes
_MEDIA_IDS = ("attachment_id", "ig_post_media_id", "reel_video_id", "sticker_id")


@dataclass(frozen=True, slots=True)
class Conteudo:
    """What the attachments of one message say together; `tipo` None where they say nothing."""

    tipo: Tipo | None = None
    texto: str | None = None
    media: tuple[Midia, ...] = ()
    further: Mapping[str, Any] = field(default_factory=dict)


def read(mensagem: Objeto, escrito: str | None) -> Conteudo:
    """Return what a message's attachments say.

    Args:
        mensagem: The `message` object.
        escrito: The words beside them; a link's preview counts only where there are none.
    """
    anexos = _once(objetos(mensagem.get("attachments")), texto(mensagem.get("sticker_id")))
    anexos = [x for x in anexos if not (escrito and lower(x.get("type")) == "fallback")]
    if not anexos:
        return _sticker_alone(texto(mensagem.get("sticker_id")))
    further: dict[str, Any] = {}
    for anexo in anexos:
        if lower(anexo.get("type")) == "location" and "location" not in further:
            further["location"] = _place(anexo)
    words = next((found for x in anexos if (found := _words(x))), None)
    media = tuple(midia for x in anexos if (midia := _midia(x)))
    tipo = _tipo_of(anexos)
    if tipo == "text" and not words:  # a link's preview that says nothing
        tipo = "unsupported"
    return Conteudo(tipo, escrito or words, media, further)


def _tipo_of(anexos: Sequence[Objeto]) -> Tipo:
    """Return the type of a message: a sticker's wherever there is one, else the first one's."""
    tipos = [_tipo(anexo) for anexo in anexos]
    return "sticker" if "sticker" in tipos else tipos[0]


def _sticker_alone(sticker_id: str | None) -> Conteudo:
    if sticker_id is None:
        return Conteudo()
    return Conteudo("sticker", "👍" if sticker_id in THUMBS_UP else None)


def _once(anexos: Sequence[Objeto], sticker_id: str | None) -> list[Objeto]:
    """Leave out what comes twice under an old and a new name: stickers, shared posts.

    Source: the transitions from `image` to `sticker` and from `share` to `ig_post`.
    """
    out: list[Objeto] = []
    seen: set[tuple[Tipo, str]] = set()
    known = (texto(objeto(x.get("payload")).get("sticker_id")) for x in anexos)
    named = {"image": sticker_id, "sticker": sticker_id or next(filter(None, known), None)}
    for anexo in anexos:
        payload = objeto(anexo.get("payload"))
        if found := named.get(lower(anexo.get("type")) or ""):
            anexo = {**anexo, "payload": {"sticker_id": found, **payload}}  # noqa: PLW2901 - the same one, named
            payload = objeto(anexo["payload"])
        tipo = _tipo(anexo)
        keys = {
            (tipo, key)
            for name in ("url", "sticker_id", "ig_post_media_id")
            if tipo in ("sticker", "share") and (key := texto(payload.get(name)))
        }
        if not keys & seen:
            out.append(anexo)
        seen |= keys
    return out


def _tipo(anexo: Objeto) -> Tipo:
    if texto(objeto(anexo.get("payload")).get("sticker_id")):
        return "sticker"
    return _TIPOS.get(lower(anexo.get("type")) or "", "unsupported")


def _words(anexo: Objeto) -> str | None:
    payload = objeto(anexo.get("payload"))
    match lower(anexo.get("type")):
        case "like_heart":
            return "❤️"
        case "fallback":
            title = texto(payload.get("title")) or texto(anexo.get("title"))
            url = texto(payload.get("url")) or texto(anexo.get("url"))
            return " ".join(x for x in (title, url) if x) or None
        case "template":
            return _template_words(payload)
    return "👍" if texto(payload.get("sticker_id")) in THUMBS_UP else None


def _template_words(payload: Objeto) -> str | None:
    product = objeto(payload.get("product"))
    elements = [*objetos(payload.get("elements")), *objetos(product.get("elements"))]
    titles = [title for x in elements if (title := texto(x.get("title")))]
    return texto(payload.get("text")) or "\n".join(titles) or None


def _midia(anexo: Objeto) -> Midia | None:
    nome = lower(anexo.get("type")) or ""
    if nome in ("location", "fallback", "template", "like_heart"):
        return None
    payload = objeto(anexo.get("payload"))
    url = texto(payload.get("url")) or texto(anexo.get("url"))
    found_id = next((x for name in _MEDIA_IDS if (x := texto(payload.get(name)))), None)
    if url is None and found_id is None:
        return None
    if url is not None and url.startswith("/"):
        url = _SITE + url
    tipo = _tipo(anexo)
    return Midia(kind="story" if tipo == "story_mention" else tipo, url=url, id=found_id)


def _place(anexo: Objeto) -> dict[str, Any]:
    spot = objeto(objeto(anexo.get("payload")).get("coordinates"))
    return {
        "latitude": _degrees(spot.get("lat")),
        "longitude": _degrees(spot.get("long")),
        "name": texto(anexo.get("title")),
        "address": None,
    }


def _degrees(valor: object) -> float | None:
    numero = decimal(valor)
    return None if numero is None else float(numero)
