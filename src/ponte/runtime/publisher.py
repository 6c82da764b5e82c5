"""Publisher: hands queue rows to a broker outside the database.

A row is marked sent only when the broker confirmed it. Confirmed is not handled:
what an engine then lost is published again. The rule: rows are found by what they
are, unsent, and never by an id above the last one.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
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
# Chosen: rows younger than this are published by the process that committed them, so that
# no two processes do it at once; older ones by whoever looks.
GRACE_MS = 1000


@dataclass
class Publisher:
    """One a process, where the broker is outside the database."""

    ctx: Context
    _unsent: asyncio.Event = field(default_factory=asyncio.Event)
    _refused: bool = False
    _looked_for_lost: float = 0.0

    def start(self) -> None:
        """Listen to the commits of this process."""
        self._unsent.set()
        self.ctx.db.on_commit(self._committed)

    async def run(self) -> None:
        """Publish until cancelled."""
        await self.ctx.db.transact(outbox.index_unsent)
        while True:
            own = await self._told()
            try:
                if not own:
                    await self._resend_lost()
                while await self._publish_page(0 if own else GRACE_MS):
                    pass
            except PonteError as error:
                if not self._refused:
                    log.warning("broker refused, rows stay unsent", erro=str(error))
                self._refused = True
                await asyncio.sleep(RETRY_S)
                self._unsent.set()
            else:
                if self._refused:
                    log.info("broker takes rows again")
                self._refused = False

    async def _told(self) -> bool:
        """Wait for a commit of this process that fed a queue; False when the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.ctx.settings.worker.sweep_s):
                await self._unsent.wait()
        own = self._unsent.is_set()
        self._unsent.clear()
        return own

    async def _publish_page(self, older_ms: int) -> bool:
        """Publish up to a page of rows; return whether there may be more."""
        rows = await self.ctx.db.read(_unsent, PAGE, older_ms)
        by_fila: dict[str, list[Prompt]] = {}
        for entrega, fila, fato, lane in rows:
            by_fila.setdefault(fila, []).append(Prompt(fila, entrega, fato, lane))
        # Each queue for itself: one that the engine can't serve holds up no other.
        ended = await asyncio.gather(
            *(self._publish(prompts) for prompts in by_fila.values()), return_exceptions=True
        )
        for error in ended:
            if error is not None:
                raise error
        return len(rows) == PAGE

    async def _publish(self, prompts: Sequence[Prompt]) -> None:
        await self.ctx.broker.publish(prompts)
        await self.ctx.db.transact(_mark_sent, [p.entrega_id for p in prompts])

    async def _resend_lost(self) -> None:
        """Publish again what was confirmed long ago, for queues of which the engine has none.

        One prompt is enough to make a worker take all there is, so a queue that still
        has some gets none: a worker that is away for a day finds each row once.
        """
        resend_s = self.ctx.settings.worker.resend_s
        if time.monotonic() - self._looked_for_lost < resend_s / 4:
            return
        self._looked_for_lost = time.monotonic()
        older_ms = int(resend_s * 1000)
        for fila in await self.ctx.db.read(_forgotten, older_ms):
            if not await self.ctx.broker.depth(fila):
                sent = await self.ctx.db.transact(_resend, fila, older_ms)
                log.warning("prompts were lost, publishing again", fila=fila, quantidade=sent)

    def _committed(self, commit: Commit) -> None:
        if commit.filas:
            self._unsent.set()


async def _unsent(tx: Tx, limite: int, older_ms: int) -> list[tuple[int, str, str, str]]:
    return await outbox.unsent(tx, limite=limite, older_ms=older_ms)


async def _mark_sent(tx: Tx, ids: Sequence[int]) -> None:
    await outbox.mark_sent(tx, ids)


async def _forgotten(tx: Tx, older_ms: int) -> list[str]:
    return await outbox.forgotten(tx, older_ms=older_ms)


async def _resend(tx: Tx, fila: str, older_ms: int) -> int:
    return await outbox.resend_forgotten(tx, fila, older_ms=older_ms)
