"""Parse: a body of Chatwoot becomes events of the normalised view.

The one rule is what goes to the customer (`forward`): a new message of an agent, a bot or
an automatic template that is no private note and that Ponte itself did not write. An
event about a conversation carries its last message as well; that one is never forwarded.
Source: chatwoot/chatwoot, app/models/message.rb, app/listeners/webhook_listener.rb.
"""

from typing import Any

from ponte.connectors.chatwoot.anexos import Anexos, read
from ponte.domain.evento import EventoDeCanal, Kind, Tipo
from ponte.domain.leitura import (
    Objeto,
    booleano,
    epoch_ms,
    loads,
    lower,
    objeto,
    objetos,
    texto,
)

CANAL = "chatwoot"
FROM_PONTE = "api"
# Numbers in some versions, names in others.
_TIPOS = {"0": "incoming", "1": "outgoing", "2": "activity", "3": "template"}
_TO_CUSTOMER = {"outgoing", "template"}
_CONVERSATION = {"conversation_created", "conversation_status_changed", "conversation_updated"}
_CONTACT = {"contact_created", "contact_updated"}
_CONTACTS_OWN = {"identifier", "phone_number"}  # what an agent has not, where no `type` tells
_TYPING = {"conversation_typing_on": "on", "conversation_typing_off": "off"}


def parse(corpo: bytes, _settings: object = None) -> list[EventoDeCanal]:
    """Return the events of a body; none where there is nothing to know. Never raises."""
    try:
        documento = loads(corpo)
    except ValueError:  # UnicodeDecodeError is one
        return []
    bodies = documento if isinstance(documento, list) else [documento]
    return [event for body in objetos(bodies) if (event := _event(body)) is not None]


def as_event(message: Objeto, where: tuple[str, str, str]) -> EventoDeCanal:
    """Return a listed message as the event of its creation would have told it.

    Args:
        message: As the API lists it.
        where: The account, the inbox and the conversation.
    """
    account, inbox, conversation = where
    talk = {"id": conversation, "inbox_id": inbox}
    return _message({**message, "account": {"id": account}, "conversation": talk})


def _event(body: Objeto) -> EventoDeCanal | None:
    name = lower(body.get("event")) or ""
    if name == "message_created":
        return _message(body)
    if name == "message_updated":
        return _updated(body)
    if name in _TYPING:
        return _typing(body, _TYPING[name])
    if name in _CONTACT:
        return _contact(body, name)
    if name in _CONVERSATION or name.startswith(("automation_event", "macro")):
        return _conversation(body, name)
    return None  # of the web widget, of a future version


# ---------------------------------------------------------------- messages


def _message(body: Objeto) -> EventoDeCanal:
    sort, own = _sort(body), texto(body.get("source_id"))
    private = booleano(body.get("private")) is True
    sender, anexos = objeto(body.get("sender")), read(body)
    attributes = objeto(body.get("content_attributes"))
    forward = sort in _TO_CUSTOMER and not private and own is None
    return _of(
        body,
        kind="message",
        from_me=_is_ours(sort, sender),
        sender_id=texto(sender.get("id")),
        sender_name=texto(sender.get("name")),
        sender_phone=_digits(sender.get("phone_number")),
        message_id=texto(body.get("id")),
        reply_to=_reply_to(attributes),
        timestamp_ms=_when(body.get("created_at")),
        type=_type(body, anexos),
        text=texto(body.get("content")) or anexos.text,
        media=anexos.media,
        origin=FROM_PONTE if own is not None else None,
        further={
            "forward": forward,
            "private": private,
            "message_type": sort,
            "author": lower(sender.get("type")),
            **({"external_id": own} if own else {}),
            **_options(attributes),
            **anexos.further,
        },
    )


def _updated(body: Objeto) -> EventoDeCanal:
    """Read a message that changed: deleted, or sent, delivered, read or failed by now."""
    attributes, sort = objeto(body.get("content_attributes")), _sort(body)
    deleted = booleano(attributes.get("deleted")) is True
    private = booleano(body.get("private")) is True
    own, reason = texto(body.get("source_id")), texto(attributes.get("external_error"))
    return _of(
        body,
        kind="delete" if deleted else "status",
        from_me=sort != "incoming",
        target_id=texto(body.get("id")),
        status="deleted" if deleted else _status(body),
        timestamp_ms=_changed_at(body) or _when(body.get("created_at")),
        origin=FROM_PONTE if own is not None else None,
        further={
            "forward": deleted and sort in _TO_CUSTOMER and not private,
            "private": private,
            "message_type": sort,
            **({"external_id": own} if own else {}),
            **({"reason": reason} if reason else {}),
        },
    )


def _sort(body: Objeto) -> str | None:
    found = lower(body.get("message_type"))
    return _TIPOS.get(found or "", found)


def _is_ours(sort: str | None, sender: Objeto) -> bool:
    """Tell whether the shop wrote it; without its type the sender's must do."""
    if sort is None:
        return lower(sender.get("type")) != "contact"
    return sort != "incoming"


def _type(body: Objeto, anexos: Anexos) -> Tipo:
    if anexos.type is not None:
        return anexos.type
    if texto(body.get("content")) is None:
        return "unsupported"
    return "interactive" if _options(objeto(body.get("content_attributes"))) else "text"


def _status(body: Objeto) -> str | None:
    """Return how far it is; only its copy in the conversation says so in some versions."""
    last = _last_message(body)
    same = texto(last.get("id")) == texto(body.get("id"))
    return lower(body.get("status")) or (lower(last.get("status")) if same else None)


def _changed_at(body: Objeto) -> int | None:
    """Return when it changed; only its copy in the conversation says so in some versions."""
    last = _last_message(body)
    same = texto(last.get("id")) == texto(body.get("id"))
    return _when(body.get("updated_at")) or (_when(last.get("updated_at")) if same else None)


def _reply_to(attributes: Objeto) -> str | None:
    return texto(attributes.get("in_reply_to_external_id")) or texto(attributes.get("in_reply_to"))


def _options(attributes: Objeto) -> dict[str, Any]:
    """Return what a form or a list offers to choose from."""
    titles = [texto(item.get("title")) for item in objetos(attributes.get("items"))]
    options = [title for title in titles if title]
    return {"options": options} if options else {}


# ---------------------------------------------------------------- the others


def _conversation(body: Objeto, name: str) -> EventoDeCanal:
    talk = objeto(body.get("conversation")) or body
    meta = objeto(talk.get("meta"))
    assignee = objeto(meta.get("assignee"))
    return _of(
        body,
        kind="conversation",
        status=lower(talk.get("status")),
        timestamp_ms=_when(body.get("last_activity_at")) or _when(body.get("timestamp")),
        further={
            "event": name,
            "assignee_id": texto(assignee.get("id")),
            "assignee_name": texto(assignee.get("name")),
            "changed": _changed(body),
            "previous_status": _previous(body),
            "forward": False,
        },
    )


def _changed(body: Objeto) -> list[str]:
    """Return the names of what changed, as `changed_attributes` lists them."""
    return sorted({str(k) for x in objetos(body.get("changed_attributes")) for k in x})


def _previous(body: Objeto) -> str | None:
    """Return the status before, where it changed."""
    for change in objetos(body.get("changed_attributes")):
        found = lower(objeto(change.get("status")).get("previous_value"))
        if found is not None:
            return found
    return None


def _typing(body: Objeto, state: str) -> EventoDeCanal:
    user = objeto(body.get("user"))
    author = lower(user.get("type")) or ("contact" if _CONTACTS_OWN & user.keys() else None)
    private = booleano(body.get("is_private")) is True
    return _of(
        body,
        kind="typing",
        from_me=author != "contact",
        sender_id=texto(user.get("id")),
        sender_name=texto(user.get("name")),
        status=state,
        further={"forward": author != "contact" and not private, "private": private,
                 "author": author},
    )  # fmt: skip


def _contact(body: Objeto, name: str) -> EventoDeCanal:
    identifier = texto(body.get("identifier"))
    return EventoDeCanal(
        channel=CANAL,
        kind="contact",
        account=_account(body),
        chat_id=texto(body.get("id")),
        sender_id=texto(body.get("id")),
        sender_name=texto(body.get("name")),
        sender_phone=_digits(body.get("phone_number")),
        further={"event": name, "identifier": identifier, "forward": False},
        pessoa=tuple(x for x in (texto(body.get("id")), identifier) if x),
    )


# ---------------------------------------------------------------- what all have


def _of(body: Objeto, *, kind: Kind, further: dict[str, Any], **values: Any) -> EventoDeCanal:
    """Build an event of a conversation: whose it is, and where its answer goes."""
    talk = objeto(body.get("conversation")) or body
    customer = objeto(objeto(talk.get("meta")).get("sender"))
    source_id = texto(objeto(talk.get("contact_inbox")).get("source_id"))
    chat_id, identifier = texto(talk.get("id")), texto(customer.get("identifier"))
    phone = texto(customer.get("phone_number"))
    return EventoDeCanal(
        channel=CANAL,
        kind=kind,
        account=_account(body),
        chat_id=chat_id,
        further={
            "source_id": source_id,
            "identifier": identifier,
            "inbox_id": _inbox(body, talk),
            **further,
        },
        pessoa=tuple(x for x in (chat_id, source_id, identifier, phone) if x),
        **values,
    )


def _account(body: Objeto) -> str | None:
    talk = objeto(body.get("conversation")) or body
    customer = objeto(objeto(talk.get("meta")).get("sender"))
    return (
        texto(objeto(body.get("account")).get("id"))
        or texto(talk.get("account_id"))
        or texto(objeto(customer.get("account")).get("id"))
        or texto(_last_message(body).get("account_id"))
    )


def _inbox(body: Objeto, talk: Objeto) -> str | None:
    return texto(objeto(body.get("inbox")).get("id")) or texto(talk.get("inbox_id"))


def _last_message(body: Objeto) -> Objeto:
    talk = objeto(body.get("conversation")) or body
    messages = objetos(talk.get("messages"))
    return messages[0] if messages else {}


def _when(valor: object) -> int | None:
    """Read a time: epoch in some versions, ISO 8601 in others."""
    if isinstance(valor, str):  # older versions write "2020-03-03 13:05:57 UTC"
        valor = valor.replace(" UTC", "+00:00")
    return epoch_ms(valor)


def _digits(valor: object) -> str | None:
    found = "".join(c for c in (texto(valor) or "") if c.isdigit() and c.isascii())
    return found or None
