"""Numeros: under which address WhatsApp knows the number that people dial.

Many Brazilian accounts are known without their ninth digit, and a message to the wrong
form fails or opens a second conversation. So the server is asked with both forms before
the first message, and its answer is remembered.
Source: evolution-api, whatsapp.baileys.service.ts (whatsappNumber, createJid).
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from ponte.connectors.whatsapp.jid import jid
from ponte.domain.leitura import booleano, objetos
from ponte.resilience.exchange import Answer

KEEP_MS = 30 * 86_400_000  # contract: an account changes its form seldom
MOST = 10_000  # chosen: numbers remembered, about 2 MB; the longest unused goes first


@dataclass(slots=True)
class Numeros:
    """The addresses that WhatsApp gave, by the number asked for."""

    _known: OrderedDict[str, tuple[str, int]] = field(default_factory=OrderedDict)

    def get(self, numero: str, *, now_ms: int) -> str | None:
        """Return the address of a number, None when it must be asked for."""
        found = self._known.get(numero)
        if found is None or found[1] <= now_ms:
            return None
        self._known.move_to_end(numero)
        return found[0]

    def put(self, numero: str, endereco: str, *, now_ms: int) -> None:
        """Remember the address of a number."""
        self._known[numero] = (endereco, now_ms + KEEP_MS)
        self._known.move_to_end(numero)
        while len(self._known) > MOST:
            self._known.popitem(last=False)

    def forget(self, numero: str) -> None:
        """Forget a number that was refused all the same."""
        self._known.pop(numero, None)


def address_in(answer: Answer) -> str | None:
    """Return the address of the first form that exists, None when none does."""
    there = (x for x in objetos(answer.json()) if booleano(x.get("exists")) is True)
    return next((found for found in (jid(x.get("jid")) for x in there) if found), None)
