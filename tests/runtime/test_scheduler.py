"""Jobs run once a slot, however many processes keep time, and at a start if they must."""

import asyncio
from pathlib import Path

from ponte.context import Context
from ponte.errors import ArmazenamentoIndisponivel
from ponte.runtime.scheduler import Job, Scheduler, claim, prune
from ponte.testing import FrozenClock, embedded


async def test_three_schedulers_at_the_same_moment_run_a_job_once(
    data_dir: Path, clock: FrozenClock
) -> None:
    ran: list[str] = []

    async def work(ctx: Context) -> None:
        ran.append(ctx.instancia)

    job = Job("diario", 60, work)
    async with (
        embedded(data_dir, clock=clock, papeis=()) as a,
        embedded(data_dir, clock=clock, papeis=()) as b,
        embedded(data_dir, clock=clock, papeis=()) as c,
    ):
        tasks = [asyncio.create_task(Scheduler(p.ctx, [job]).run()) for p in (a, b, c)]
        await asyncio.sleep(0.3)
        first = len(ran)
        clock.advance(60)
        await asyncio.sleep(0.8)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert (first, len(ran)) == (1, 2)


async def test_a_clock_that_goes_back_runs_nothing_twice(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock, papeis=()) as ponte:
        db = ponte.ctx.db

        first = await db.transact(claim, "diario", 1000, "a")
        again = await db.transact(claim, "diario", 1000, "b")

        assert (first, again) == (True, False)
        clock.advance(4 * 24 * 3600)
        await prune(ponte.ctx)


async def test_what_was_missed_while_all_were_away_runs_at_the_start(
    data_dir: Path, clock: FrozenClock
) -> None:
    ran: list[int] = []

    async def work(_ctx: Context) -> None:
        ran.append(clock.ms)

    job = Job("conciliar", 60, work, at_start=True)
    for _ in range(2):
        async with embedded(data_dir, clock=clock, papeis=()) as ponte:
            task = asyncio.create_task(Scheduler(ponte.ctx, [job]).run())
            await asyncio.sleep(0.2)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        clock.advance(1)

    assert len(ran) == 2


async def test_a_job_that_fails_does_not_stop_the_others(
    data_dir: Path, clock: FrozenClock
) -> None:
    ran: list[str] = []

    async def fails(_ctx: Context) -> None:
        ran.append("fails")
        raise ArmazenamentoIndisponivel

    async def works(_ctx: Context) -> None:
        ran.append("works")

    async with embedded(data_dir, clock=clock, papeis=()) as ponte:
        jobs = [Job("a", 60, fails), Job("b", 60, works)]
        task = asyncio.create_task(Scheduler(ponte.ctx, jobs).run())
        await asyncio.sleep(0.2)
        clock.advance(60)
        await asyncio.sleep(0.8)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert sorted(ran) == ["fails", "fails", "works", "works"]
