"""The relay's limit: aio-pika alone, 64 publishes in flight, each confirmed.

The same body, persistence, `mandatory` and kind of queue as Ponte's; where the messages
come from and that they were sent is written nowhere.
"""

import asyncio
import sys
import time
from itertools import count

import aio_pika

from bench.servers.ready import quiet_collector, say

FILA = "bench_raw"
BODY = (
    b'{"fato_id":"01900000-0000-7000-8000-000000000000","entrega":1000000,'
    b'"lane":"01900000-0000-7000-8000-000000000000"}'
)
IN_FLIGHT = 64


async def main(url: str, rows: int) -> None:
    """Measure once and say the rate."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.declare_queue(FILA, durable=True, arguments={"x-queue-type": "quorum"})
        exchange = channel.default_exchange
        numbers = count()

        async def publish() -> None:
            while (number := next(numbers)) < rows:
                message = aio_pika.Message(
                    BODY,
                    content_type="application/json",
                    delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                    message_id=str(number),
                    type="ponte.prompt",
                )
                await exchange.publish(message, FILA, mandatory=True)

        quiet_collector()
        begun = time.perf_counter()
        await asyncio.gather(*(publish() for _ in range(IN_FLIGHT)))
        say(done=rows, rate=rows / (time.perf_counter() - begun))
        await channel.queue_delete(FILA)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
