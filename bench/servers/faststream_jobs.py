"""FastStream's no-op jobs: kept on disk by the engine, confirmed, acked after the handler.

RabbitMQ: persistent messages in a quorum queue with confirms. Redis: a stream read by a
consumer group, on a server that syncs each write. Nothing is kept of what was handled,
so a redelivery would run again.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from faststream import AckPolicy  # type: ignore[import-not-found,unused-ignore]
from faststream.rabbit import (  # type: ignore[import-not-found,unused-ignore]
    Channel,
    QueueType,
    RabbitBroker,
    RabbitQueue,
)
from faststream.redis import (  # type: ignore[import-not-found,unused-ignore]
    RedisBroker,
    StreamSub,
)

from bench.servers.raw_relay import BODY
from bench.servers.ready import quiet_collector, say

FILA = "bench_faststream"
PRODUCERS = 64
PREFETCH = 256  # As Ponte takes from the engine at once.
Publish = Callable[[], Awaitable[object]]


def rabbit(url: str) -> tuple[Any, Publish, Callable[..., Any]]:
    """Return the broker, how one job is published, and how a handler is made."""
    queue = RabbitQueue(FILA, queue_type=QueueType.QUORUM, durable=True)
    broker = RabbitBroker(url, default_channel=Channel(prefetch_count=PREFETCH), logger=None)

    async def publish() -> None:
        await broker.publish(BODY, queue, persist=True, mandatory=True)

    return broker, publish, broker.subscriber(queue, ack_policy=AckPolicy.NACK_ON_ERROR)


def redis(url: str) -> tuple[Any, Publish, Callable[..., Any]]:
    """Return the same for Redis."""
    broker = RedisBroker(url, logger=None)
    stream = StreamSub(FILA, group="bench", consumer="um", max_records=PREFETCH, last_id="0")

    async def publish() -> None:
        await broker.publish(BODY, stream=FILA)

    return (
        broker,
        publish,
        broker.subscriber(stream=stream, ack_policy=AckPolicy.NACK_ON_ERROR, max_workers=PRODUCERS),
    )


async def put(publish: Publish, jobs: int) -> float:
    """Publish jobs; return how many a second were confirmed."""
    numbers = count()

    async def produce() -> None:
        while next(numbers) < jobs:
            await publish()

    quiet_collector()
    begun = time.perf_counter()
    await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
    return jobs / (time.perf_counter() - begun)


async def main(url: str, jobs: int) -> None:
    """Measure once and say both rates."""
    logging.disable()
    make = rabbit if url.startswith("amqp") else redis
    sender, publish, _ = make(url)
    await sender.connect()
    if url.startswith("amqp"):
        await sender.declare_queue(RabbitQueue(FILA, queue_type=QueueType.QUORUM, durable=True))
    accepted = await put(publish, jobs)
    await sender.stop()
    broker, _, subscriber = make(url)
    done = 0
    all_done = asyncio.Event()

    @subscriber  # type: ignore[untyped-decorator,unused-ignore]
    async def nothing(_body: bytes) -> None:
        nonlocal done
        done += 1
        if done == jobs:
            all_done.set()

    begun = time.perf_counter()
    await broker.start()
    await all_done.wait()
    handled = jobs / (time.perf_counter() - begun)
    await broker.stop()
    say(done=done, put=accepted, handled=handled)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
