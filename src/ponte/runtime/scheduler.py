"""Scheduler: what happens by the clock, once, however many processes keep time.

A unique row (job, scheduled_for) is the claim: whoever writes it runs the job, and
the clock is only a trigger. An interval's runs are numbered by the wall clock, so
two processes name the same run alike. After the clock went back an interval goes on
at once: it is about time that passes, not about an hour of the day.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from ponte.context import Context
from ponte.errors import ArmazenamentoIndisponivel, PonteError
from ponte.store.db import Tx
from ponte.store.outbox import SKEW_MS

log = structlog.get_logger(__name__)
LOOK_S = 0.5
KEEP_MS = 3 * 24 * 3_600_000  # chosen: claims are kept for three days
# One statement, so that two processes can't forget each other's new claims.
_FORGET = """DELETE FROM agenda WHERE job = ? AND scheduled_for >= ?
AND EXISTS (SELECT 1 FROM agenda a WHERE a.job = ? AND a.scheduled_for > ?)"""
_NEXT = """INSERT INTO agenda (job, scheduled_for, dono, em)
SELECT CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT)
WHERE NOT EXISTS (SELECT 1 FROM agenda a WHERE a.job = ? AND a.scheduled_for > ?)
ON CONFLICT DO NOTHING"""

Run = Callable[[Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every `every_s` seconds, once across all processes.

    With `at_start` it also runs whenever a process starts to keep time: what was
    missed while all were away is not left to the next slot.
    """

    name: str
    every_s: int
    run: Run
    at_start: bool = False


@dataclass
class Scheduler:
    """Triggers jobs for one process."""

    ctx: Context
    jobs: Sequence[Job]

    async def run(self) -> None:
        """Keep time until cancelled."""
        seen: dict[str, int] = {}
        async with asyncio.TaskGroup() as group:
            for job in self.jobs:
                if job.at_start:
                    started = self.ctx.now_ms()
                    seen[job.name] = started // (job.every_s * 1000) * job.every_s * 1000
                    group.create_task(self._fire(job, started), name=job.name)
            while True:
                now_ms = self.ctx.now_ms()
                for job in self.jobs:
                    slot = now_ms // (job.every_s * 1000) * job.every_s * 1000
                    if seen.get(job.name) != slot:
                        seen[job.name] = slot
                        group.create_task(self._fire(job, slot), name=job.name)
                await asyncio.sleep(LOOK_S)

    async def _fire(self, job: Job, slot: int) -> None:
        try:
            run = (job.name, slot, self.ctx.instancia)
            db = self.ctx.db
            if await db.single(claim_next, *run) or await db.transact(claim_interval, *run):
                await job.run(self.ctx)
        except PonteError as error:
            log.warning("job failed, its next run is on time", job=job.name, erro=str(error))
        except Exception:
            log.exception("job broke, its next run is on time", job=job.name)


async def claim_next(tx: Tx, job: str, slot: int, dono: str) -> bool:
    """Claim one run as long as none ahead of now is claimed, in one statement."""
    return bool(
        await tx.execute(_NEXT, (job, slot, dono, tx.now_ms, job, tx.now_ms + SKEW_MS)),
    )


async def claim_interval(tx: Tx, job: str, slot: int, dono: str) -> bool:
    """Claim one run of an interval; False when another process has it.

    Claims ahead of now are of a time that comes a second time, since the clock went
    back: they are forgotten, or the job would rest until the clock is there again.
    """
    await tx.execute(_FORGET, (job, slot, job, tx.now_ms + SKEW_MS))
    return await claim(tx, job, slot, dono)


async def claim(tx: Tx, job: str, slot: int, dono: str) -> bool:
    """Claim one run; False when another process has it."""
    return bool(
        await tx.insert_many(
            "agenda (job, scheduled_for, dono, em)",
            [(job, slot, dono, tx.now_ms)],
            conflict="ON CONFLICT DO NOTHING",
        )
    )


async def prune(ctx: Context) -> None:
    """Forget old claims."""
    try:
        await ctx.db.transact(_prune)
    except ArmazenamentoIndisponivel:
        return


async def _prune(tx: Tx) -> None:
    await tx.execute("DELETE FROM agenda WHERE scheduled_for < ?", (tx.now_ms - KEEP_MS,))
