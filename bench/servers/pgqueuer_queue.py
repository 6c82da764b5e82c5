"""pgqueuer: its own worker over a backlog of no-ops, in batches of a hundred."""

import asyncio
import sys
import time
from typing import Any

import asyncpg
from pgqueuer import PgQueuer  # type: ignore[import-not-found,unused-ignore]
from pgqueuer.types import QueueExecutionMode  # type: ignore[import-not-found,unused-ignore]

from bench.servers.raw_queue import BATCH, BODY
from bench.servers.ready import quiet_collector, say

FILL = 1000
POOL = 4  # Chosen: as many connections as the work of one worker can keep busy.


async def main(url: str, rows: int) -> None:
    """Measure once and say the rate; drained means that its worker found nothing more."""
    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:
        queuer = PgQueuer.from_asyncpg_pool(pool)
        done = 0

        @queuer.entrypoint("nada")  # type: ignore[untyped-decorator,unused-ignore]
        async def nothing(_job: Any) -> None:
            nonlocal done
            done += 1

        await queuer.queries.install()
        for _ in range(0, rows, FILL):
            await queuer.queries.enqueue(["nada"] * FILL, [BODY] * FILL, [0] * FILL)
        quiet_collector()
        begun = time.perf_counter()
        await queuer.run(batch_size=BATCH, mode=QueueExecutionMode.drain)
        say(done=done, rate=done / (time.perf_counter() - begun))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
