"""Disjuntores: what a breaker does here becomes a fact, and what a person decides is done here.

A breaker changes in the middle of a call, where nothing can be written: its change waits
a moment for the task of this process. A reset is a fact, which every process hears, so
that it works in all of them with or without a Redis.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from ponte.canais import avisos, hubs, lacunas
from ponte.context import Context
from ponte.errors import PonteError
from ponte.events import FatoGravado
from ponte.events.canais import DisjuntorMudou, DisjuntorReiniciado
from ponte.logs import mask
from ponte.resilience.breaker import CLOSED, BreakerState
from ponte.resilience.http import Http
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
MAX_NA_FILA = 1000  # chosen: changes that wait while the database is away; the oldest go
AGAIN_S = 1.0  # chosen: how soon a change that could not be written is written
_OUVIDOS = (DisjuntorMudou.tipo, DisjuntorReiniciado.tipo)


@dataclass
class Vigia:
    """One a process; `heard` is told every fact after its commit."""

    ctx: Context
    _mudancas: deque[DisjuntorMudou] = field(default_factory=lambda: deque(maxlen=MAX_NA_FILA))
    _algo: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """Watch the breaker of every destination."""
        self.ctx.hub.hear(self.heard)
        for http in self.ctx.destinos.values():
            self._watch("", http)
            http.partes.on_open(self._watch)

    def heard(self, fatos: Sequence[FatoGravado]) -> None:
        """Close here what a person had closed anywhere, and learn how parts are elsewhere."""
        for gravado in fatos:
            if gravado.tipo not in _OUVIDOS:
                continue
            fato = gravado.fato()
            if isinstance(fato, DisjuntorMudou):
                http = hubs.told_of(self.ctx, fato.hub)
                if http is not None:
                    http.told = (BreakerState(fato.estado), self.ctx.now_ms())
            elif isinstance(fato, DisjuntorReiniciado):
                http = hubs.destination(self.ctx, fato.hub)
                for each in hubs.every([] if http is None else [http]):
                    each.told = None
                    each.breaker.reset()

    async def run(self) -> None:
        """Write each change down until cancelled."""
        while True:
            await self._algo.wait()
            self._algo.clear()
            while self._mudancas:
                try:
                    await self.ctx.db.transact(_put, self.ctx, self._mudancas[0])
                except PonteError as error:
                    log.info("change of a breaker not written yet", erro=str(error))
                    await asyncio.sleep(AGAIN_S)
                else:
                    self._mudancas.popleft()

    def _watch(self, _nome: str, http: Http) -> None:
        http.breaker.on_change(partial(self._changed, http.name))

    def _changed(self, nome: str, _old: BreakerState, new: BreakerState, reason: str) -> None:
        # A reason quotes the other side, whose words may hold an address.
        fato = DisjuntorMudou(hub=nome, estado=new.value, motivo=mask(reason))
        self._mudancas.append(fato)
        self._algo.set()


async def _put(tx: Tx, ctx: Context, fato: DisjuntorMudou) -> None:
    tx.put(fato)
    if fato.estado == CLOSED.value:
        await lacunas.ask(tx, hubs.behind(ctx, fato.hub))
    await avisos.tell_breaker(tx, ctx, hub=fato.hub, estado=fato.estado, motivo=fato.motivo)
