"""A bare aio-pika consumer that does the same SQL as Ponte's worker, and nothing else.

It takes what came meanwhile as one group, runs the statements of `pedidos.fulfil` for it
and removes the rows in one transaction, and acks after the commit. It claims nothing,
remembers nothing that it handled, tries nothing again and tells nobody.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence

import aio_pika
import orjson

from bench.servers.inside import built
from bench.servers.ready import quiet_collector, say
from ponte.context import Context
from ponte.pedidos.handlers import fulfil
from ponte.store.db import Tx
from ponte.store.outbox import gravado

FILA = "pedidos"
GROUP = 128  # As Ponte's worker takes at once by default.
FACTS = (
    "SELECT f.pos, f.id, f.tipo, f.lane, f.em, f.dados, f.seq, f.seq_publico FROM fatos f"
    " JOIN fila q ON q.pos = f.pos WHERE q.id IN ({}) ORDER BY f.pos"
)


async def handle(tx: Tx, ctx: Context, ids: Sequence[int]) -> None:
    """Fulfil the orders of these rows, and remove the rows."""
    marks = ",".join("?" * len(ids))
    rows = await tx.fetch(FACTS.format(marks), ids)
    await fulfil(ctx, tx, [gravado(row) for row in rows])
    await tx.execute(f"DELETE FROM fila WHERE id IN ({marks})", ids)  # noqa: S608 - own text


async def consume(ctx: Context, queue_url: str) -> None:
    """Handle what comes until cancelled."""
    waiting: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()
    async with await aio_pika.connect(queue_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=2 * GROUP)
        queue = await channel.get_queue(FILA)
        await queue.consume(waiting.put)
        while True:
            group = [await waiting.get()]
            while len(group) < GROUP and not waiting.empty():
                group.append(waiting.get_nowait())
            ids = [int(orjson.loads(message.body)["entrega"]) for message in group]
            await ctx.db.transact(handle, ctx, ids)
            await group[-1].ack(multiple=True)


async def main(database_url: str, queue_url: str) -> None:
    """Consume until told to end."""
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    async with built(database_url) as found:
        quiet_collector()
        say(ready=1)
        consuming = asyncio.create_task(consume(found.ctx, queue_url))
        ending = asyncio.create_task(end.wait())
        await asyncio.wait({consuming, ending}, return_when=asyncio.FIRST_COMPLETED)
        if consuming.done():
            consuming.result()
        consuming.cancel()
        await asyncio.gather(consuming, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
