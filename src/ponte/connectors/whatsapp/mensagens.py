"""Mensagens: messages.upsert and send.message, and the edits that older versions put in them."""

from collections.abc import Iterator

from ponte.connectors.whatsapp.conteudo import Campos, content_key, context, read, text_of, unwrap
from ponte.connectors.whatsapp.envelope import Envelope
from ponte.connectors.whatsapp.jid import Endereco, address, jid
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import Objeto, epoch_ms, objeto, objetos, texto, textos

_CIPHERTEXT = {"2", "CIPHERTEXT"}  # what could not be decrypted, though somebody wrote it
_EDIT, _REVOKE = {"14", "MESSAGE_EDIT"}, {"0", "REVOKE"}
_PHONES = {"android", "ios"}
_NO_CONTENT = {"albumMessage"}  # a header; its pictures follow one by one


def messages(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield what people wrote, the shop's own messages among it."""
    for data in _records(envelope):
        yield from message(envelope, data, origin=None)


def sent(envelope: Envelope) -> Iterator[EventoDeCanal]:
    """Yield what was sent through the API."""
    for data in _records(envelope):
        yield from message(envelope, data, origin="api")


def _records(envelope: Envelope) -> Iterator[Objeto]:
    """Yield each message; the library below hands over a list of them under a name."""
    for data in envelope.items:
        yield from objetos(data.get("messages")) or [data]


def message(envelope: Envelope, data: Objeto, *, origin: str | None) -> Iterator[EventoDeCanal]:
    """Yield what one stored message says; nothing where it is no conversation."""
    key_of = objeto(data.get("key"))
    by = key_of.get("participant") or data.get("participant")  # older versions: beside the key
    onde = address({**key_of, "participant": by}, envelope.owner)
    if onde is None:
        return
    campos = _common(data, onde)
    outer = objeto(data.get("message"))
    protocol = _protocol(outer)
    if protocol and not _is_adrift(protocol):
        yield from change(envelope, protocol, campos)
        return
    inner = unwrap(outer)
    key = content_key(inner)
    if (key is None and _is_silent(data, inner)) or key in _NO_CONTENT:
        return
    if onde.from_me:
        by_phone = "app" if texto(data.get("source")) in _PHONES else None
        campos["origin"] = origin or by_phone
    read_campos = (
        {"type": "unsupported"}
        if key is None
        else read(inner, key, outer=outer, message_id=campos["message_id"])
    )
    _add_vote(data, read_campos, onde)
    album = _album(outer) or _album(inner)
    yield _merged(envelope, [campos, context(data, inner.get(key or "")), album, read_campos])


def _common(data: Objeto, onde: Endereco) -> Campos:
    # pushName is the shop's own on its own messages, and must not rename a customer.
    name = None if onde.from_me else texto(data.get("pushName"))
    variants = onde.phone_variants
    return {
        "chat_id": onde.chat_id,
        "sender_id": onde.sender_id,
        "sender_name": name,
        "sender_phone": onde.sender_phone,
        "from_me": onde.from_me,
        "is_group": onde.is_group,
        "message_id": texto(objeto(data.get("key")).get("id")),
        "timestamp_ms": epoch_ms(data.get("messageTimestamp")),
        "pessoa": onde.pessoa,
        "further": {"phone_variants": list(variants)} if variants else {},
    }


def _merged(envelope: Envelope, parts: list[Campos]) -> EventoDeCanal:
    whole: Campos = {"kind": "message", "further": {}}
    for part in parts:
        known = {key: valor for key, valor in part.items() if valor is not None}
        whole |= known | {"further": {**whole["further"], **known.get("further", {})}}
    return envelope.event(whole.pop("kind"), **whole)


def _protocol(outer: Objeto) -> Objeto:
    """Return the note about another message, in whichever wrapper it comes."""
    inner = unwrap(outer)
    wrapped = objeto(outer.get("editedMessage")) or objeto(inner.get("editedMessage"))
    for place in (outer, inner, unwrap(objeto(wrapped.get("message")))):
        found = objeto(place.get("protocolMessage"))
        if found:
            return found
    return wrapped if "key" in wrapped else {}


def _is_adrift(protocol: Objeto) -> bool:
    """Tell whether it is an edit of nobody knows what: shown as a message that can't be read."""
    target_id = texto(objeto(protocol.get("key")).get("id"))
    return target_id is None and bool(objeto(protocol.get("editedMessage")))


def change(envelope: Envelope, protocol: Objeto, campos: Campos) -> Iterator[EventoDeCanal]:
    """Yield the edit or the delete that a protocol message is; other kinds yield nothing."""
    tipo = (texto(protocol.get("type")) or "").upper()
    edited = objeto(protocol.get("editedMessage"))
    target_id = texto(objeto(protocol.get("key")).get("id"))
    if target_id is None:
        return
    about = {**campos, "target_id": target_id}
    if tipo in _EDIT or (not tipo and edited):
        inner = unwrap(objeto(edited.get("message")) or edited)
        if inner:
            yield envelope.event("edit", **about, text=text_of(inner))
    elif tipo in _REVOKE:
        yield envelope.event("delete", **about)


def _is_silent(data: Objeto, inner: Objeto) -> bool:
    """Tell whether a message without content is a note of the protocol, not of a person."""
    stub = texto(data.get("messageStubType"))
    return "senderKeyDistributionMessage" in inner or (
        stub is not None and stub.upper() not in _CIPHERTEXT
    )


def _add_vote(data: Objeto, campos: Campos, onde: Endereco) -> None:
    """Add the options that a vote chose, where Evolution opened it."""
    if campos.get("type") != "poll_vote":
        return
    mine = {*onde.pessoa, onde.sender_id}
    updates = [(texto(x.get("name")), textos(x.get("voters"))) for x in
               objetos(data.get("pollUpdates"))]  # fmt: skip
    chosen = [name for name, voters in updates if name and mine & {jid(x) for x in voters}]
    anybodys = [name for name, voters in updates if name and voters]
    if chosen or anybodys:
        campos["further"]["options"] = chosen or anybodys


def _album(outer: Objeto) -> Campos:
    association = objeto(objeto(outer.get("messageContextInfo")).get("messageAssociation"))
    album_id = texto(objeto(association.get("parentMessageKey")).get("id"))
    return {"further": {"album_id": album_id}} if album_id else {}
