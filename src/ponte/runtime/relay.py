"""Relay: carries what was committed to whoever must hear of it.

A commit of this process wakes its workers and its sockets at once. Commits of
other processes on the same database are found by looking, in the order of `pos`,
so that a socket sees one story whoever wrote it.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ponte.context import Context
from ponte.errors import PonteError
from ponte.events import FatoGravado
from ponte.store.db import Commit, ForeignChange, Tx
from ponte.store.fatos import after

LOOK_S = 0.02  # chosen: a fact of another process is seen within this
ALONE_S = 0.5  # chosen: the same while no other process is registered; idle costs nothing
TOLD_S = 10.0  # chosen: how often to look where the engine tells, in case a word was lost
COUNT_S = 1.0  # chosen: how often to ask whether others are registered
PAGE = 1000


@dataclass
class Relay:
    """One a process."""

    ctx: Context
    _last_pos: int = 0
    _behind: asyncio.Event = field(default_factory=asyncio.Event)
    _catching_up: bool = False

    async def start(self) -> None:
        """Begin at the newest fact; older ones are for those who ask to resume."""
        self._last_pos = await self.ctx.db.read(_newest)
        self.ctx.db.on_commit(self._committed)
        self.ctx.db.on_foreign(self._behind.set)

    @property
    def relayed(self) -> int:
        """Return the `pos` of the last fact that the sockets got."""
        return self._last_pos

    def hint(self, filas: Collection[str] | None, *, pos: int | None = None) -> None:
        """Look now: somebody says that another process committed.

        Args:
            filas: The queues that it fed; None means any.
            pos: Its last fact; nothing is done where that is known and the engine told of it.
        """
        known = pos is not None and pos <= self._last_pos
        if known and self.ctx.db.announces:
            return
        if not known:
            self._behind.set()
        if self.ctx.broker.rows_are_the_queue:
            self._wake(ForeignChange(None if filas is None else frozenset(filas)))

    async def follow(self) -> None:
        """Look for commits of other processes until cancelled."""
        told = self.ctx.db.announces
        look_s, counted = TOLD_S if told else ALONE_S, 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(look_s):
                    await self._behind.wait()
            foreign = self.ctx.db.foreign_change()
            # First, since the news is taken now and reading on may fail.
            if foreign and self.ctx.broker.rows_are_the_queue:
                self._wake(foreign)
            if self._behind.is_set() or foreign or told:
                await self._catch_up()
            if not told and (foreign or time.monotonic() - counted > COUNT_S):
                counted = time.monotonic()
                look_s = LOOK_S if await self.ctx.db.read(_others) else ALONE_S

    def _wake(self, foreign: ForeignChange) -> None:
        if foreign.filas is None:
            self.ctx.broker.wake_all()
        else:
            self.ctx.broker.wake(foreign.filas)

    def _committed(self, commit: Commit) -> None:
        self._count(commit)
        if commit.filas and self.ctx.broker.rows_are_the_queue:
            self.ctx.broker.wake(commit.filas)
        if not commit.fatos:
            return
        if self._catching_up or commit.fatos[0].pos != self._last_pos + 1:
            self._behind.set()
            return
        self._deliver(commit.fatos)

    def _count(self, commit: Commit) -> None:
        telemetry = self.ctx.telemetry
        telemetry.commits.inc()
        telemetry.group.observe(commit.juntos)
        telemetry.commit_seconds.observe(commit.segundos)
        tipos = telemetry.fatos.valores
        for fato in commit.fatos:
            tipos[(fato.tipo,)] += 1

    def _deliver(self, fatos: Sequence[FatoGravado]) -> None:
        self._last_pos = fatos[-1].pos
        self.ctx.hub.publish(fatos)

    async def _catch_up(self) -> None:
        self._catching_up = True
        try:
            while True:
                self._behind.clear()
                fatos = await self.ctx.db.read(after, self._last_pos, PAGE)
                if fatos:
                    self._deliver(fatos)
                if len(fatos) < PAGE and not self._behind.is_set():
                    return
        except PonteError:
            self._behind.set()  # whoever looks next must not believe that nothing is missing
            raise
        finally:
            self._catching_up = False


async def _others(tx: Tx) -> bool:
    row = await tx.fetch_one("SELECT COUNT(*) FROM instancias")
    return row is not None and row[0] > 1


async def _newest(tx: Tx) -> int:
    row = await tx.fetch_one("SELECT pos FROM contadores")
    return int(row[0]) if row else 0
