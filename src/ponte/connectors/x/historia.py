"""Historia: past messages as the API lists them, in the form in which a webhook tells them.

The list knows an event by the same id, so what a webhook brought is recognised. Groups are
left out: they are no conversation with a customer.
Source: https://docs.x.com/x-api/direct-messages/lookup/introduction
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ponte.connectors.x import conteudo
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import Objeto, momento, objeto, objetos, texto, textos

_OWN_LINK = "/messages/media/"  # an address that only stands for the medium


def events(corpo: object, account: str) -> Iterator[EventoDeCanal]:
    """Yield the messages of one page, as they stand in it."""
    page = objeto(corpo)
    includes = objeto(page.get("includes"))
    users = _by(includes.get("users"), "id")
    media = _by(includes.get("media"), "media_key")
    listed = [_as_told(event, account, media) for event in objetos(page.get("data"))]
    dms = [dm for dm in listed if dm is not None]
    return conteudo.messages(dms, account, users=users)


def _as_told(event: Objeto, account: str, media: Mapping[str, Objeto]) -> Objeto | None:
    sides = (texto(event.get("dm_conversation_id")) or "").split("-")
    if account not in sides or len(sides) != 2:
        return None
    other = sides[1] if sides[0] == account else sides[0]
    sender = texto(event.get("sender_id"))
    data: dict[str, Any] = {"text": event.get("text"), "entities": event.get("entities")}
    keys = textos(objeto(event.get("attachments")).get("media_keys"))
    if keys:
        data["attachment"] = {"type": "media", "media": _medium(keys[0], event, media)}
    return {
        "id": event.get("id"),
        "created_timestamp": moment(event),
        "message_create": {
            "sender_id": sender,
            "target": {"recipient_id": other if sender == account else account},
            "message_data": data,
        },
    }


def _medium(key: str, event: Objeto, media: Mapping[str, Objeto]) -> dict[str, Any]:
    known = media.get(key, {})
    links = objetos(objeto(event.get("entities")).get("urls"))
    stands = (x.get("url") for x in links if _OWN_LINK in (texto(x.get("expanded_url")) or ""))
    return {
        "id_str": key.rpartition("_")[2],
        "type": known.get("type"),
        "media_url_https": known.get("url") or known.get("preview_image_url"),
        "url": next(stands, None),
    }


def _by(listed: object, key: str) -> dict[str, Objeto]:
    found = {texto(item.get(key)): item for item in objetos(listed)}
    return {k: item for k, item in found.items() if k is not None}


def moment(event: Objeto) -> int | None:
    """Return when an event happened, in epoch milliseconds."""
    quando = momento(event.get("created_at"))
    if quando is None or not quando.com_zona:
        return None
    return int(quando.valor.timestamp() * 1000)
