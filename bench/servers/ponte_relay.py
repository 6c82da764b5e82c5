"""Ponte's relay: queue rows on PostgreSQL to RabbitMQ, confirmed and then marked sent."""

import asyncio
import sys
import time

from bench.servers.inside import built, end_of, unsent
from bench.servers.pg_ponte_queue import filled
from bench.servers.ready import quiet_collector, say
from ponte.runtime.publisher import Publisher
from ponte.store import outbox


async def main(database_url: str, queue_url: str, rows: int) -> None:
    """Measure once and say the rate."""
    await (await filled(database_url, rows)).close()
    async with built(database_url, queue_url) as found:
        ctx = found.ctx
        await ctx.db.transact(outbox.index_unsent)
        publisher = Publisher(ctx)
        publisher.start()
        quiet_collector()
        begun = time.perf_counter()
        publishing = asyncio.create_task(publisher.run())
        await end_of(ctx, unsent)
        say(done=rows, rate=rows / (time.perf_counter() - begun))
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
