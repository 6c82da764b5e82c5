"""Jobs run once a slot, however many processes keep time, and at a start if they must."""

import asyncio
from functools import partial
from pathlib import Path

from ponte.context import Context
from ponte.errors import ArmazenamentoIndisponivel
from ponte.runtime.scheduler import Job, Scheduler, claim, claim_interval, prune
from ponte.testing import FrozenClock, embedded
from tests.espera import until


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


async def test_a_clock_that_goes_back_does_not_stop_what_runs_at_intervals(
    data_dir: Path, clock: FrozenClock
) -> None:
    ran: list[int] = []

    async def work(_ctx: Context) -> None:
        ran.append(clock.ms)

    job = Job("medir", 60, work)
    async with (
        embedded(data_dir, clock=clock, papeis=()) as a,
        embedded(data_dir, clock=clock, papeis=()) as b,
    ):
        tasks = [asyncio.create_task(Scheduler(p.ctx, [job]).run()) for p in (a, b)]

        async def runs(n: int) -> bool:
            return len(ran) == n

        await until(partial(runs, 1))
        for n, seconds in enumerate((60, 60, -120, 60, 60, -7200, 60), 2):
            clock.advance(seconds)
            await until(partial(runs, n))
            await asyncio.sleep(0.7)  # the other one looks every half second
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert len(ran) == 8


async def test_an_interval_does_not_wait_for_a_time_that_was_before_all_were_away(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock, papeis=()) as ponte:
        for _ in range(10):
            assert await ponte.ctx.db.transact(claim_interval, "medir", clock.ms, "a")
            clock.advance(60)
    clock.advance(-480)

    async with embedded(data_dir, clock=clock, papeis=()) as ponte:
        first = await ponte.ctx.db.transact(claim_interval, "medir", clock.ms, "a")
        again = await ponte.ctx.db.transact(claim_interval, "medir", clock.ms, "b")
        clock.advance(60)
        following = await ponte.ctx.db.transact(claim_interval, "medir", clock.ms, "b")

    assert (first, again, following) == (True, False, True)


async def test_a_machine_whose_clock_is_a_little_behind_does_not_run_it_again(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock, papeis=()) as ponte:
        await ponte.ctx.db.transact(claim_interval, "medir", clock.ms, "a")
        clock.advance(5)
        await ponte.ctx.db.transact(claim_interval, "medir", clock.ms, "a")
        clock.advance(-5)

        behind = await ponte.ctx.db.transact(claim_interval, "medir", clock.ms, "b")

    assert not behind


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
