"""Publisher: hands queue rows to a broker outside the database.

A row is marked sent only when the broker confirmed it. Confirmed is not handled:
what an engine then lost is published again. The rule: rows are found by what they
are, unsent, and never by an id above the last one.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog

from ponte.context import Context
from ponte.errors import PonteError
from ponte.ports import Prompt
from ponte.store import outbox
from ponte.store.db import Commit, Tx

log = structlog.get_logger(__name__)
PAGE = 1000
RETRY_S = 0.5  # chosen: how soon a broker that refused is asked again
# Chosen: who committed nothing leaves rows alone for so long, since whoever did is publishing
# them. Two that do it at once cost a prompt that comes twice, and no more.
GRACE_MS = 1000


@dataclass
class Publisher:
    """One a process, where the broker is outside the database."""

    ctx: Context
    _told: asyncio.Event = field(default_factory=asyncio.Event)
    _fed: set[str] = field(default_factory=set)
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)
    _looked: float = -math.inf

    def start(self) -> None:
        """Listen to the commits of this process."""
        self.ctx.db.on_commit(self._committed)

    async def run(self) -> None:
        """Publish until cancelled."""
        await self.ctx.db.transact(outbox.index_unsent)
        self._running.clear()
        self._looked = -math.inf
        async with asyncio.TaskGroup() as group:
            group.create_task(self._resend_for_ever(), name="resend")
            older_ms = 0  # what a process before this one left is not waited for
            while True:
                for fila in await self._unsent(older_ms):
                    # Each queue for itself: one that the engine can't serve holds up no other.
                    if fila in self._running:
                        self._fed.add(fila)  # it looks again when its page is sent
                    else:
                        task = group.create_task(self._empty(fila), name=f"publish {fila}")
                        self._running[fila] = task
                older_ms = GRACE_MS
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.ctx.settings.worker.sweep_s):
                        await self._told.wait()

    async def _unsent(self, older_ms: int) -> Collection[str]:
        """Return the queues that this process fed and, now and then, all that have rows."""
        self._told.clear()
        fed = self._fed - self._running.keys()
        self._fed -= fed
        if time.monotonic() - self._looked < self.ctx.settings.worker.sweep_s:
            return fed
        self._looked = time.monotonic()
        try:
            return fed.union(await self.ctx.db.read(_unsent_filas, older_ms))
        except PonteError:
            return fed  # the database is away, and asked again in a moment

    async def _empty(self, fila: str) -> None:
        """Publish all that a queue has; where the engine refuses it, again and again."""
        try:
            while True:
                self._fed.discard(fila)
                try:
                    full = await self._publish_page(fila)
                except PonteError as error:
                    self._say(fila, error)
                    await asyncio.sleep(RETRY_S)
                    continue
                self._say(fila, None)
                if not full and fila not in self._fed:
                    return
        finally:
            del self._running[fila]

    def _say(self, fila: str, error: PonteError | None) -> None:
        if error is None and fila in self._refused:
            self._refused.discard(fila)
            log.info("broker takes rows again", fila=fila)
        elif error is not None and fila not in self._refused:
            self._refused.add(fila)
            log.warning("broker refused, rows stay unsent", fila=fila, erro=str(error))

    async def _publish_page(self, fila: str) -> bool:
        """Publish up to a page of rows; return whether there may be more."""
        rows = await self.ctx.db.read(_unsent, fila, PAGE)
        if rows:
            prompts = [Prompt(fila, entrega, fato, lane) for entrega, fato, lane in rows]
            await self.ctx.broker.publish(prompts)
            await self.ctx.db.transact(_mark_sent, [p.entrega_id for p in prompts])
        return len(rows) == PAGE

    async def _resend_for_ever(self) -> None:
        resend_s = self.ctx.settings.worker.resend_s
        while True:
            # An engine that is away has lost nothing yet that could be told.
            with contextlib.suppress(PonteError):
                for fila in await self.ctx.db.read(_forgotten, int(resend_s * 1000)):
                    await self._resend_lost(fila, int(resend_s * 1000))
            await asyncio.sleep(resend_s / 4)

    async def _resend_lost(self, fila: str, older_ms: int) -> None:
        """Publish again what was confirmed long ago, for a queue of which the engine has none.

        One prompt is enough to make a worker take all there is, so a queue that still
        has some gets none: a worker that is away for a day finds each row once.
        """
        if not await self.ctx.broker.depth(fila):
            sent = await self.ctx.db.transact(_resend, fila, older_ms)
            log.warning("prompts were lost, publishing again", fila=fila, quantidade=sent)

    def _committed(self, commit: Commit) -> None:
        if commit.filas:
            self._fed |= commit.filas
            self._told.set()


async def _unsent(tx: Tx, fila: str, limite: int) -> list[tuple[int, str, str]]:
    return await outbox.unsent(tx, fila, limite=limite)


async def _unsent_filas(tx: Tx, older_ms: int) -> list[str]:
    return await outbox.unsent_filas(tx, older_ms=older_ms)


async def _mark_sent(tx: Tx, ids: Sequence[int]) -> None:
    await outbox.mark_sent(tx, ids)


async def _forgotten(tx: Tx, older_ms: int) -> list[str]:
    return await outbox.forgotten(tx, older_ms=older_ms)


async def _resend(tx: Tx, fila: str, older_ms: int) -> int:
    return await outbox.resend_forgotten(tx, fila, older_ms=older_ms)
