"""Envelope: who Evolution speaks for, and what every event of it starts with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ponte.connectors.whatsapp.jid import jid
from ponte.domain.evento import EventoDeCanal, Kind
from ponte.domain.leitura import Objeto, lista, objeto, objetos, texto

CHANNEL = "whatsapp"
_NAME = re.compile(r"[.-]")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One delivery: `evento` in capitals, `owner` the shop's own address where it is told."""

    evento: str
    account: str | None
    owner: str | None
    quando: str | None
    data: object

    @property
    def items(self) -> list[Objeto]:
        """What it is about: one object, or several in older versions."""
        return objetos(self.data) if isinstance(self.data, list) else [objeto(self.data)]

    def event(self, kind: Kind, **campos: Any) -> EventoDeCanal:
        """Return an event of this instance."""
        return EventoDeCanal(
            channel=CHANNEL, backend="evolution", account=self.account, kind=kind, **campos
        )

    def once(self, *parts: str | None) -> str | None:
        """Return what tells a delivery from a later one that says the same again.

        An instance opens, closes and opens again in the same words; only when it was said
        differs. As a time it can't be trusted, as a mark it can.
        """
        return "|".join(x or "" for x in (self.quando, *parts)) if self.quando else None


def envelopes(documento: object) -> Iterator[Envelope]:
    """Yield each delivery of a document; what is none is left out."""
    for corpo in map(objeto, lista(documento) or [documento]):
        evento = texto(corpo.get("event"))
        if evento is not None:
            yield Envelope(
                _NAME.sub("_", evento).upper(),
                texto(corpo.get("instance")),
                jid(corpo.get("sender")),
                texto(corpo.get("date_time")),
                corpo.get("data"),
            )
