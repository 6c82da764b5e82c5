"""Recados: tells the other processes that something was committed, and hears it of them.

A word is a hint and nothing more: whoever hears it reads the database. The rule: a lost
word costs time, never a fact, since everybody also looks by itself now and then.
"""

import asyncio
from dataclasses import dataclass, field

from ponte.context import Context
from ponte.errors import ArmazenamentoIndisponivel
from ponte.ports import Ajudante
from ponte.runtime.relay import Relay
from ponte.store.db import Commit

CANAL = "recados"
DIGITS = 20  # what no number of a fact has
GAP_S = 0.005  # chosen: at most 200 words a second, each costs its sender some 100 µs
AGAIN_S = 1.0  # chosen: how soon words that nobody took are said again


@dataclass
class Recados:
    """One a process."""

    ctx: Context
    ajudante: Ajudante
    relay: Relay
    _pos: int = 0
    _filas: set[str] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """Listen to the commits of this process and to the words of the others."""
        self.ctx.db.on_commit(self._committed)
        self.ajudante.listen(self._heard)

    async def run(self) -> None:
        """Tell what was committed, as much at once as came together, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            filas, self._filas = self._filas, set()
            try:
                words = [self.ctx.instancia, str(self._pos), *sorted(filas)]
                await self.ajudante.tell(" ".join(words))
            except ArmazenamentoIndisponivel:
                self._filas |= filas
                self._news.set()
                await asyncio.sleep(AGAIN_S)
            await asyncio.sleep(GAP_S)

    def _committed(self, commit: Commit) -> None:
        self._filas |= commit.filas
        if commit.fatos:
            self._pos = commit.fatos[-1].pos
        self._news.set()

    async def _heard(self, canal: str | None, texto: str) -> None:
        if canal is None:
            self.relay.hint(None)
        elif canal == CANAL:
            processo, pos, *filas = [*texto.split(" "), ""]
            if processo != self.ctx.instancia and pos.isdecimal() and len(pos) < DIGITS:
                self.relay.hint([fila for fila in filas if fila], pos=int(pos))
