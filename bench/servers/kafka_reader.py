"""Another system that reads the stream: how long each fact took to its topic.

It counts from the fact's own time, which is taken when its transaction begins, so what
the commit takes is in the figure. One machine, one clock.
"""

import asyncio
import json
import sys
import time
from datetime import datetime

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]

from bench.samples import median_ms, p99_ms
from bench.servers.ready import quiet_collector, say

TOPICO, TIPO = "pedidos", "pedido.recebido"
FIRST_S, QUIET_S = 60.0, 5.0  # How long nothing may come, at first and later.


async def main(bootstrap: str) -> None:
    """Read the facts of one kind until no more come, and say how late they were."""
    consumer = AIOKafkaConsumer(
        TOPICO, bootstrap_servers=bootstrap, auto_offset_reset="latest", fetch_max_wait_ms=500
    )
    await consumer.start()
    try:
        await consumer.seek_to_end()
        for place in consumer.assignment():
            await consumer.position(place)
        quiet_collector()
        say(ready=1)
        late = await _late(consumer)
        say(read=len(late), p99_ms=p99_ms(late), median_ms=median_ms(late))
    finally:
        await consumer.stop()


async def _late(consumer: AIOKafkaConsumer) -> list[float]:
    late: list[float] = []
    end = time.monotonic() + FIRST_S
    while time.monotonic() < end:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            now = time.time()
            for record in records:
                envelope = json.loads(record.value)
                if envelope["type"] == TIPO:
                    end = time.monotonic() + QUIET_S
                    late.append(now - datetime.fromisoformat(envelope["time"]).timestamp())
    return late


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
