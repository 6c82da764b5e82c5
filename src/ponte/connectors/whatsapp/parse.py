"""Parse: what a webhook body of Evolution API tells, as eventos.

The envelope names the event and the instance; `sender` is the shop's own number, not who
wrote, and `date_time` is local time written with a Z, so neither is read as what it
looks like. Nothing here raises: what can't be read yields nothing, and a customer's
message of an unknown kind is `unsupported`, so that somebody sees it.
Source: evolution-api, src/api/integrations/event and whatsapp.baileys.service.ts.
"""

from collections.abc import Callable, Iterator, Mapping

from ponte.connectors.whatsapp import avisos
from ponte.connectors.whatsapp.envelope import Envelope, envelopes
from ponte.connectors.whatsapp.mensagens import messages, sent
from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import loads

Reader = Callable[[Envelope], Iterator[EventoDeCanal]]


# What is not here is acknowledged and not used.
READERS: Mapping[str, Reader] = {
    "MESSAGES_UPSERT": messages,
    "SEND_MESSAGE": sent,
    "MESSAGES_UPDATE": avisos.statuses,
    "MESSAGES_EDITED": avisos.edits,
    "MESSAGES_DELETE": avisos.deletes,
    "CONNECTION_UPDATE": avisos.connection,
    "STATUS_INSTANCE": avisos.closed,
    "QRCODE_UPDATED": avisos.qr,
    "CALL": avisos.calls,
    "PRESENCE_UPDATE": avisos.presences,
    "CONTACTS_UPSERT": avisos.contacts,
    "CONTACTS_UPDATE": avisos.contacts,
    "GROUP_PARTICIPANTS_UPDATE": avisos.participants,
}


def parse(corpo: bytes, settings: WhatsAppSettings) -> list[EventoDeCanal]:  # noqa: ARG001 - the door's shape
    """Return every event of a body, none when it is no JSON."""
    try:
        documento = loads(corpo)
    except ValueError:
        return []
    return [
        evento
        for envelope in envelopes(documento)
        if (reader := READERS.get(envelope.evento)) is not None
        for evento in reader(envelope)
    ]
