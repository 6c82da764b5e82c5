"""Ponte's own queue on PostgreSQL: claim, no-op and ack in batches, by the worker's code."""

import asyncio
import sys
import time

from bench.servers.ponte_queue import FILL, drain, fill, route
from bench.servers.ready import quiet_collector, say
from ponte.store.postgres import PostgresDatabase


async def filled(url: str, rows: int) -> PostgresDatabase:
    """Return a migrated database with `rows` facts of one queue row each."""
    db = PostgresDatabase(url, rotas=route, now_ms=lambda: time.time_ns() // 1_000_000)
    await db.start()
    for _ in range(0, rows, FILL):
        await db.transact(fill, FILL)
    return db


async def main(url: str, rows: int) -> None:
    """Measure once and say the rate."""
    db = await filled(url, rows)
    quiet_collector()
    begun = time.perf_counter()
    done = await drain(db)
    say(done=done, rate=done / (time.perf_counter() - begun))
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
