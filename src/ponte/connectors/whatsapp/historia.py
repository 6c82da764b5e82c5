"""Historia: what an instance wrote down while Ponte was away.

Newer servers filter by time; older ones ignore it, so the pages, newest first, are read
until one begins before the time asked for.
Source: evolution-api, src/api/services/channel.service.ts (fetchMessages).
"""

from collections.abc import Iterator, Sequence

from ponte.connectors.whatsapp.avisos import status_of
from ponte.connectors.whatsapp.envelope import Envelope
from ponte.connectors.whatsapp.jid import address
from ponte.connectors.whatsapp.mensagens import message
from ponte.connectors.whatsapp.respostas import receipts
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import Objeto, epoch_ms, objeto, texto
from ponte.domain.valores import format_time

PAGE = 50  # documented: the server's own default
MAX_PAGES = 40  # chosen: 2,000 messages of one instance in one pull


def query(desde_ms: int, *, ate_ms: int, page: int) -> dict[str, object]:
    """Return the body that asks for one page."""
    between = {"gte": format_time(desde_ms), "lte": format_time(ate_ms)}
    return {"where": {"messageTimestamp": between}, "page": page, "offset": PAGE}


def since(records: Sequence[Objeto], desde_ms: int) -> list[Objeto]:
    """Return the records that are not older; one without a time is kept."""
    return [x for x in records if (epoch_ms(x.get("messageTimestamp")) or desde_ms) >= desde_ms]


def events(instancia: str, records: Sequence[Objeto]) -> Iterator[EventoDeCanal]:
    """Yield what each record says, oldest first, and after it what became of it."""
    for record in sorted(records, key=lambda x: epoch_ms(x.get("messageTimestamp")) or 0):
        envelope = Envelope("MESSAGES_UPSERT", instancia, None, None, record)
        yield from message(envelope, record, origin=None)
        key = objeto(record.get("key"))
        onde, target_id = address(key, None), texto(key.get("id"))
        for status in dict.fromkeys(map(status_of, receipts(record))):
            if onde is not None and target_id and status:
                yield envelope.event(
                    "status",
                    chat_id=onde.chat_id,
                    from_me=onde.from_me,
                    is_group=onde.is_group,
                    pessoa=onde.pessoa,
                    target_id=target_id,
                    status=status,
                )
