"""Amostrador: looks at this process's own numbers once a second, and writes them each ten.

When the database is away, the seconds stay in memory and the ten seconds are missing:
a chart with a hole tells more than one that was made up.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from ponte.context import Context
from ponte.errors import PonteError
from ponte.metricas import proprias, service
from ponte.store.db import Tx
from ponte.telemetry import Serie

log = structlog.get_logger(__name__)


@dataclass
class Amostrador:
    """One a process."""

    ctx: Context
    _last: int | None = None
    _known: dict[int, Serie] = field(default_factory=dict)

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            # Never at once: a clock that stands still just before a second would spin.
            wait_s = max(0.05, 1 - self.ctx.now_ms() % 1000 / 1000)
            planned = loop.time() + wait_s
            await asyncio.sleep(wait_s)
            self.ctx.telemetry.loop_lag.set(max(0.0, loop.time() - planned))
            await self.look(self.ctx.now_ms() // 1000)

    async def look(self, segundo: int) -> None:
        """Take the values of one second; a second time in it changes nothing."""
        if segundo == self._last:
            return
        self._last = segundo
        ten = segundo % proprias.DEZ == 0
        telemetry = self.ctx.telemetry
        # Not in a thread: each time that the loop and the writer need the interpreter back
        # from one that computes, they wait 5 ms.
        valores = telemetry.values(histograms=ten)
        left_out = telemetry.recente.take(valores, segundo)
        if left_out:
            telemetry.limited.labels("series").inc(left_out)
        if not ten:
            return
        try:
            await self._write(segundo, valores)
        except PonteError as error:
            log.info("own numbers not written", erro=str(error))

    async def _write(self, segundo: int, valores: Mapping[Serie, float]) -> None:
        instancia = self.ctx.instancia
        # One statement where no series is new, since every process writes all day.
        if segundo % proprias.MINUTO and valores.keys() <= set(self._known.values()):
            await self.ctx.db.single(proprias.add, segundo, instancia, valores, self._known)
        else:
            await self.ctx.db.transact(proprias.write, segundo, instancia, valores)
            self._known = await self.ctx.db.read(proprias.known)


async def sum_up(ctx: Context) -> None:
    """Make minutes of Ponte's own numbers, and forget what is past its time."""
    while await ctx.db.transact(proprias.sum_up):
        pass
    while await ctx.db.transact(_prune):
        pass


async def _prune(tx: Tx) -> int:
    return await service.prune(tx)
