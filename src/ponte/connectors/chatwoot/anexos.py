"""Anexos: the attachments of a message, wherever the version puts them.

They stand at the top of the body, or only in the conversation's copy of the message.
Source: chatwoot/chatwoot, app/models/attachment.rb (push_event_data).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from ponte.domain.evento import Midia, Tipo
from ponte.domain.leitura import Objeto, decimal, lower, objeto, objetos, texto

# What Chatwoot calls a file, and what it is here; the rest of its kinds are links.
_KINDS: dict[str, Tipo] = {
    "image": "image", "audio": "audio", "video": "video", "file": "document",
    "sticker": "sticker", "story_mention": "story_mention",
}  # fmt: skip
_LINKS = {"share", "ig_post", "ig_reel", "ig_story", "ig_story_reply", "embed", "fallback"}
_MAX_NAME = 200  # chosen: above what any file system takes


@dataclass(frozen=True, slots=True)
class Anexos:
    """What the attachments of one message come to; `type` is None where there are none."""

    type: Tipo | None = None
    text: str | None = None
    media: tuple[Midia, ...] = ()
    further: Mapping[str, Any] = field(default_factory=dict)


def read(body: Objeto) -> Anexos:
    """Return the attachments of a message's body."""
    found = objetos(body.get("attachments")) or _of_copy(body)
    if not found:
        return Anexos()
    media = tuple(m for m in map(_midia, found) if m is not None)
    if media:
        first = _KINDS.get(lower(found[0].get("file_type")) or "")
        return Anexos(first or _KINDS.get(media[0].kind, "document"), media=media)
    return _no_file(found[0])


def file_name(url: str | None) -> str | None:
    """Return the file's name at the end of an address, None where there is none."""
    try:
        name = unquote(urlsplit(url or "").path.rsplit("/", maxsplit=1)[-1])
    except ValueError:  # no address at all
        return None
    return name.replace("\x00", "")[:_MAX_NAME] or None


def _of_copy(body: Objeto) -> list[Objeto]:
    """Return those of the message's copy in its conversation."""
    for copy in objetos(objeto(body.get("conversation")).get("messages")):
        if texto(copy.get("id")) in (texto(body.get("id")), None):
            return objetos(copy.get("attachments"))
    return []


def _midia(anexo: Objeto) -> Midia | None:
    kind = _KINDS.get(lower(anexo.get("file_type")) or "")
    url = texto(anexo.get("data_url"))
    if kind is None or url is None:
        return None
    return Midia(
        kind=kind,
        url=url,
        id=texto(anexo.get("id")),
        mime=texto(anexo.get("content_type")),
        filename=file_name(url),
    )


def _no_file(anexo: Objeto) -> Anexos:
    """Read a place, a contact or a link, which are attachments too."""
    kind, title = lower(anexo.get("file_type")) or "", texto(anexo.get("fallback_title"))
    if kind == "location":
        place = {
            "latitude": _degrees(anexo.get("coordinates_lat")),
            "longitude": _degrees(anexo.get("coordinates_long")),
            "name": title,
            "address": None,
        }
        return Anexos("location", title, further={"location": place})
    if kind == "contact":
        meta = objeto(anexo.get("meta"))
        names = (texto(meta.get("firstName")), texto(meta.get("lastName")))
        contact = {
            "name": " ".join(x for x in names if x) or None,
            "phones": [title] if title else [],
        }
        return Anexos("contact", title, further={"contacts": [contact]})
    url = texto(anexo.get("data_url"))
    words = " ".join(x for x in (title, url) if x) or None
    return Anexos("share" if kind in _LINKS else "unsupported", words)


def _degrees(valor: object) -> float | None:
    found = decimal(valor)
    return None if found is None else float(found)
