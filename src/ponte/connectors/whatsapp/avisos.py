"""Avisos: what Evolution tells beside messages: receipts, edits, the pairing, calls, people."""

from collections.abc import Iterator

from ponte.connectors.whatsapp.envelope import Envelope
from ponte.connectors.whatsapp.jid import (
    Endereco,
    address,
    aliases,
    jid,
    participant,
    phone_of,
    telefone,
    variants,
)
from ponte.connectors.whatsapp.mensagens import change
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import (
    Objeto,
    booleano,
    epoch_ms,
    inteiro,
    lista,
    momento,
    objeto,
    objetos,
    texto,
)

STATUS = {
    "ERROR": "failed", "PENDING": "pending", "SERVER_ACK": "sent", "DELIVERY_ACK": "delivered",
    "READ": "read", "PLAYED": "played", "DELETED": "deleted",
    "0": "failed", "1": "pending", "2": "sent", "3": "delivered", "4": "read", "5": "played",
}  # fmt: skip
_PRESENCES = {"composing", "recording", "paused", "available", "unavailable"}
_NO_PERSON = ("@broadcast", "@newsletter")


def statuses(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield receipts; a status nobody announced yields nothing."""
    for data in envelope.items:
        key = objeto(data.get("key")) or data
        status = status_of(data.get("status")) or status_of(
            objeto(data.get("update")).get("status")
        )
        target_id = texto(data.get("keyId")) or texto(objeto(data.get("key")).get("id"))
        if status and target_id and not _is_nobodys(key):
            onde = _where(address(key, envelope.owner))
            yield envelope.event("status", **onde, target_id=target_id, status=status)


def status_of(valor: object) -> str | None:
    """Return the name of a receipt, written out or as its number."""
    return STATUS.get((texto(valor) or "").upper())


def edits(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield edits and deletes; the message is found by its id, since the key is its author's.

    An author's view of the chat names the shop itself as the other side.
    """
    for data in envelope.items:
        key = objeto(data.get("key"))
        if _is_nobodys(key):
            continue
        onde = address(key, envelope.owner)
        theirs = onde is not None and onde.chat_id == envelope.owner
        campos = _where(None if theirs else onde)
        yield from change(
            envelope, data, {**campos, "timestamp_ms": epoch_ms(data.get("timestampMs"))}
        )


def deletes(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield deletes; asked for through the API, the whole row comes with its key inside."""
    for data in envelope.items:
        key = objeto(data.get("key")) or data
        target_id = texto(key.get("id")) or texto(data.get("id"))
        if target_id and not _is_nobodys(key):
            onde = _where(address(key, envelope.owner))
            yield envelope.event("delete", **onde, target_id=target_id)


def _is_nobodys(key: Objeto) -> bool:
    """Tell whether it is of a status, a newsletter or a list; without a chat, its id tells."""
    return (jid(key.get("remoteJid")) or "").endswith(_NO_PERSON)


def _where(onde: Endereco | None) -> dict[str, object]:
    if onde is None:
        return {}
    return {
        "chat_id": onde.chat_id,
        "from_me": onde.from_me,
        "is_group": onde.is_group,
        "pessoa": onde.pessoa,
    }


def connection(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield that the telephone is paired, pairing, away or refused."""
    data = objeto(envelope.data)
    state = texto(data.get("state"))
    if state is None:
        return
    owner = jid(data.get("wuid"))
    reason = inteiro(data.get("statusReason"))
    yield envelope.event(
        "connection",
        further={"state": state, "reason": reason, "owner_id": owner},
        chave=envelope.once(state, str(reason)),
    )


def closed(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield that an instance is closed and stays so until it is paired again."""
    data = objeto(envelope.data)
    status = texto(data.get("status"))
    if status is None:
        return
    state = "close" if status == "closed" else status
    reason = inteiro(data.get("disconnectionReasonCode"))
    yield envelope.event(
        "connection",
        further={"state": state, "reason": reason, "owner_id": None},
        chave=envelope.once(state, str(reason)),
    )


def qr(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield a code to pair with, or that no more are made."""
    data = objeto(envelope.data)
    codigo = objeto(data.get("qrcode"))
    if codigo:
        further: dict[str, object] = {
            "code": texto(codigo.get("code")),
            "pairing_code": texto(codigo.get("pairingCode")),
            "has_image": bool(texto(codigo.get("base64"))),
        }
    elif "statusCode" in data or "message" in data:
        further = {"code": None, "pairing_code": None, "has_image": False, "limit_reached": True}
    else:
        return
    yield envelope.event("qr", further=further, chave=envelope.once())


def calls(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield calls; Ponte answers none."""
    for data in envelope.items:
        caller = jid(data.get("from"))
        chat_id = jid(data.get("chatId")) or caller
        status = texto(data.get("status"))
        if chat_id is None or status is None:
            continue
        quando = momento(data.get("date"))
        yield envelope.event(
            "call",
            chat_id=chat_id,
            sender_id=caller,
            sender_phone=phone_of(caller),
            is_group=booleano(data.get("isGroup")) is True or chat_id.endswith("@g.us"),
            message_id=texto(data.get("id")),
            timestamp_ms=int(quando.valor.timestamp() * 1000)
            if quando is not None and quando.com_zona
            else None,
            status=status,
            further={"is_video": booleano(data.get("isVideo")) is True},
            pessoa=(chat_id,) if chat_id.endswith("@g.us") else aliases(chat_id, caller),
        )


def presences(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield who is writing, one event for each person."""
    for data in envelope.items:
        chat_id = jid(data.get("id"))
        if chat_id is None or chat_id.endswith(_NO_PERSON):
            continue
        for quem, presence in objeto(data.get("presences")).items():
            status = texto(objeto(presence).get("lastKnownPresence"))
            if status in _PRESENCES:
                sender = jid(quem)
                yield envelope.event(
                    "presence",
                    chat_id=chat_id,
                    sender_id=sender,
                    sender_phone=phone_of(sender),
                    is_group=chat_id.endswith("@g.us"),
                    status=status,
                    pessoa=(chat_id,) if chat_id.endswith("@g.us") else aliases(chat_id),
                    chave=envelope.once(chat_id, sender, status),
                )


def contacts(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield what is known of people; a name of None says nothing."""
    for data in envelope.items:
        chat_id = jid(data.get("remoteJid")) or jid(data.get("id"))
        if chat_id is None or chat_id.endswith(_NO_PERSON):
            continue
        phone = phone_of(chat_id)
        group = chat_id.endswith("@g.us")
        others = () if group else (jid(data.get("lid")), jid(data.get("phoneNumber")))
        yield envelope.event(
            "contact",
            chat_id=chat_id,
            sender_id=None if group else chat_id,
            sender_name=texto(data.get("pushName")),
            sender_phone=phone,
            is_group=group,
            further={"phone_variants": list(variants(phone))} if phone else {},
            pessoa=(chat_id,) if group else aliases(chat_id, *others),
            chave=envelope.once(chat_id),
        )


def participants(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield who came into a group or left it, by telephone where it is told."""
    data = objeto(envelope.data)
    chat_id = jid(data.get("id"))
    if chat_id is None:
        return
    details = objetos(data.get("participantsData"))
    told = {(who := jid(x.get("jid"))): telefone(x.get("phoneNumber"), who) for x in details}
    members = [participant(x) for x in lista(data.get("participants"))] or list(told)
    yield envelope.event(
        "group",
        chat_id=chat_id,
        sender_id=jid(data.get("author")),
        is_group=True,
        further={
            "action": texto(data.get("action")),
            "participants": [told.get(x) or x for x in members if x],
        },
        pessoa=(chat_id,),
        chave=envelope.once(chat_id, texto(data.get("action"))),
    )
