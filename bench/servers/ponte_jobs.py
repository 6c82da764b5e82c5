"""Ponte's no-op jobs through a broker: rows on PostgreSQL, prompts on the engine.

Put counts until each job is stored and its prompt confirmed by the engine; handled from
the start of a worker on that backlog until no row is left.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from itertools import count

from bench.servers.inside import end_of, only, running, unsent, waiting
from bench.servers.ponte_queue import FILA, PASSO, fill
from bench.servers.ready import quiet_collector, say
from ponte.context import Context
from ponte.events import FatoGravado, PedidoReprocessado
from ponte.flow import Step
from ponte.store.db import Tx

PRODUCERS = 64


async def nothing(_ctx: Context, _tx: Tx, _fatos: Sequence[FatoGravado]) -> None:
    """Do nothing."""


async def put(ctx: Context, jobs: int) -> float:
    """Put jobs in, one a call; return how many a second were stored and confirmed."""
    numbers = count()

    async def produce() -> None:
        while next(numbers) < jobs:
            await ctx.db.batch(_put, 1)

    quiet_collector()
    begun = time.perf_counter()
    await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
    await end_of(ctx, unsent)
    return jobs / (time.perf_counter() - begun)


async def _put(tx: Tx, each: Sequence[int]) -> Sequence[None]:
    await fill(tx, sum(each))
    return [None] * len(each)


async def main(database_url: str, queue_url: str, jobs: int) -> None:
    """Measure once and say both rates."""
    only(Step(PASSO, (PedidoReprocessado,), FILA, nothing, "many"))
    async with running(database_url, queue_url) as ctx:
        accepted = await put(ctx, jobs)
    begun = time.perf_counter()
    async with running(database_url, queue_url, papeis=["worker"]) as ctx:
        await end_of(ctx, waiting)
        handled = jobs / (time.perf_counter() - begun)
    say(done=jobs, put=accepted, handled=handled)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
