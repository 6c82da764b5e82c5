"""Ajuda: what a process does with its helper, where one is set, and what runs for it.

The rule: nothing here is asked for before a task of its own runs, so a helper that is
away delays no start and no request.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ponte.context import Context
from ponte.ports import Ajudante
from ponte.resilience.disjuntores import Disjuntores, read_noticia
from ponte.resilience.partilha import Cotas
from ponte.runtime.copias import Copias
from ponte.runtime.recados import Recados
from ponte.runtime.relay import Relay

Start = Callable[[], Awaitable[None]]
CANAL = "disjuntores"


@dataclass(frozen=True)
class Ajuda:
    """The helper and what this process shares through it."""

    ajudante: Ajudante
    cotas: Cotas
    disjuntores: Disjuntores

    @classmethod
    def of(cls, ajudante: Ajudante, *, processo: str) -> "Ajuda":
        """Return what a process shares through a helper."""
        return cls(ajudante, Cotas(ajudante), Disjuntores(ajudante, processo))

    def tasks(self, ctx: Context, relay: Relay) -> dict[str, Start]:
        """Return what must run, by the name of its task."""
        recados, copias = Recados(ctx, self.ajudante, relay), Copias(ctx, self.ajudante)
        recados.start()
        copias.start()
        self.ajudante.listen(self._heard)
        return {
            "cotas": self.cotas.run,
            "disjuntores": self.disjuntores.run,
            "recados": recados.run,
            "copias": copias.run,
            "escuta da ajuda": self.ajudante.run,
        }

    async def _heard(self, canal: str | None, texto: str) -> None:
        if canal is None:
            await self.disjuntores.catch_up()
        elif canal == CANAL and (noticia := read_noticia(texto)) is not None:
            self.disjuntores.heard(noticia)
