"""Workers: three against one on PostgreSQL, with handlers that wait 5 ms.

Each worker is a whole `ponte worker` but for its flow, and has its usual number of
handlers at once. The workers may use both cores: a machine that runs three of them has
more than one, and the bench only looks on.
"""

import asyncio
import time
from contextlib import ExitStack

import asyncpg

from bench import engines
from bench.machine import LOAD_CORE, SYSTEM_CORE
from bench.processes import NotReadyError, Process, python_module
from bench.result import Goal, Line, Result, ratio
from bench.servers.pg_ponte_queue import filled
from bench.setup import Setup

WAIT_S = 0.005
COUNTS = (1, 3)
POLL_S = 0.05
LIMIT_S = 60.0
BOTH = f"{SYSTEM_CORE},{LOAD_CORE}"


def measure(setup: Setup) -> Result:
    """Let one and then three handle as many, round after round, each time on a new database."""
    rows = int(setup.pick(6000, 2000))
    rates: dict[int, list[float]] = {count: [] for count in COUNTS}
    with engines.postgres() as server:
        for _ in range(setup.rounds):
            for count in COUNTS:
                rates[count].append(_rate(setup, server.migrated(), count=count, rows=rows))
    one, three = (rates[count] for count in COUNTS)
    return Result(
        "workers",
        (
            Line(
                "three workers / one, PostgreSQL, handlers that wait 5 ms",
                "x",
                tuple(map(ratio, three, one)),
                Goal(2.5),
            ),
            Line("one worker", "jobs/s", tuple(one)),
            Line("three workers", "jobs/s", tuple(three)),
        ),
        {"jobs": rows},
    )


def _rate(setup: Setup, url: str, *, count: int, rows: int) -> float:
    with ExitStack() as stack:
        for number in range(count):
            command = python_module("ponte_waiter", [url, str(WAIT_S)])
            worker = Process(command, log=setup.log(f"waiter-{number}"), core=BOTH)
            stack.enter_context(worker).read_json()
        return float(engines.run(_drained(url, rows)))


async def _drained(url: str, rows: int) -> float:
    """Fill the queue while the workers are up; return the rate from its last row to none left.

    What they did meanwhile is not counted.
    """
    db = await filled(url, rows)
    await db.close()
    connection = await asyncpg.connect(url)
    try:
        begun, at_first = time.perf_counter(), await connection.fetchval(_LEFT)
        while time.perf_counter() - begun < LIMIT_S:
            await asyncio.sleep(POLL_S)
            if not await connection.fetchval(_ANY):
                return int(at_first) / (time.perf_counter() - begun)
    finally:
        await connection.close()
    raise NotReadyError(f"{at_first} jobs were not done within {LIMIT_S:.0f} s")


_LEFT = "SELECT count(*) FROM fila"
_ANY = "SELECT EXISTS (SELECT 1 FROM fila)"
