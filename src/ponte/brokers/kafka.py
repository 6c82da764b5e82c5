"""Kafka: moves prompts through one topic a queue, keyed by lane, and publishes the facts.

The producer is idempotent and waits for all replicas. A consumer commits an offset
only when everything before it is done, so a rebalance or a crash brings prompts
again, never past them; the database knows which are done. The rule: offsets are
where to read on, never what was handled.

Source: kafka.apache.org/documentation.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

from ponte.brokers.kafka_client import (
    ANSWER_MS,
    CONFIRM_S,
    KafkaClient,
    Seguranca,
    Topicos,
    engine_errors,
)
from ponte.brokers.mailbox import Mailbox
from ponte.errors import ArmazenamentoIndisponivel
from ponte.ports import Prompt, Registro

log = structlog.get_logger(__name__)
PREFIX = "ponte.fila."  # the bare nouns are the topics of the stream
PREFETCH = 256  # chosen: two groups of the worker, one in hand and one on the way
COUNT = 128
POLL_MS = 500
SESSION_MS = 6_000  # chosen: Kafka's least; a dead consumer's partitions move after it
STOP_S = 2.0
QUIET_S = 3.0  # chosen: how long nothing may come before the end of the topic is looked at
AGAIN_S = 1.0  # chosen: how soon an engine that is away is tried again


class Producer:
    """An idempotent producer, made when it is needed and anew once it failed."""

    def __init__(self, client: KafkaClient) -> None:
        self._client = client
        self._lock = asyncio.Lock()
        self._producer: Any = None

    async def start(self) -> None:
        """Connect."""
        await self._client.greet()
        with engine_errors():
            await self._started()

    async def send(self, messages: Sequence[tuple[str, str, bytes, Mapping[str, str]]]) -> None:
        """Send (topic, key, value, headers) in order; returns when all are confirmed."""
        try:
            with engine_errors():
                async with asyncio.timeout(CONFIRM_S):
                    producer = await self._started()
                    await self._client.make({topic for topic, *_ in messages})
                    sent = [
                        await producer.send(
                            topic, value, key=key.encode(),
                            headers=[(k, v.encode()) for k, v in headers.items()],
                        )
                        for topic, key, value, headers in messages
                    ]  # fmt: skip
                    await asyncio.gather(*sent)
        except ArmazenamentoIndisponivel:
            self._client.forget()
            await self.close()
            raise

    async def close(self) -> None:
        """Stop; the next send makes another."""
        async with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(CONFIRM_S):
                    await producer.stop()

    async def _started(self) -> Any:
        async with self._lock:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    enable_idempotence=True, acks="all", **self._client.options
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


@dataclass
class _Reading(ConsumerRebalanceListener):  # type: ignore[misc]
    """What one consumer has read and not finished, by partition."""

    consumer: Any
    open: dict[Any, set[int]] = field(default_factory=dict)
    upto: dict[Any, int] = field(default_factory=dict)

    def read(self, partition: Any, offset: int) -> None:
        self.open.setdefault(partition, set()).add(offset)
        self.upto[partition] = max(self.upto.get(partition, 0), offset + 1)

    async def done(self, receipts: Iterable[tuple[Any, int]]) -> None:
        """Commit each partition up to its first offset that is not done."""
        touched = set()
        for partition, offset in receipts:
            if partition in self.open:
                self.open[partition].discard(offset)
                touched.add(partition)
        places = {p: min(self.open[p], default=self.upto[p]) for p in touched}
        if places:
            await self.consumer.commit(places)

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        for partition in revoked:
            self.open.pop(partition, None)
            self.upto.pop(partition, None)

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Nothing to do: reading begins at what was committed."""


class KafkaBroker:
    """One member of each queue's consumer group."""

    name = "kafka"
    rows_are_the_queue = False

    def __init__(
        self, url: str, seguranca: Seguranca | None = None, topicos: Topicos | None = None
    ) -> None:
        self._client = KafkaClient(url, seguranca, topicos)
        self._producer = Producer(self._client)
        self._mailbox = Mailbox()
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._reading: dict[str, _Reading] = {}

    async def start(self, filas: Iterable[str] = ()) -> None:
        await self._producer.start()
        await self._client.make(PREFIX + fila for fila in filas)

    async def publish(self, prompts: Sequence[Prompt]) -> None:
        await self._producer.send([(PREFIX + p.fila, p.lane, _body(p), {}) for p in prompts])

    def wake(self, filas: Iterable[str]) -> None:
        self._mailbox.wake(filas)

    def wake_all(self) -> None:
        self._mailbox.wake_all()

    async def receive(self, fila: str, *, limit: int, timeout_s: float) -> Sequence[Prompt]:
        if fila not in self._readers:
            self._readers[fila] = asyncio.create_task(self._read(fila), name=f"kafka {fila}")
        return await self._mailbox.take(fila, limit=limit, timeout_s=timeout_s)

    async def ack(self, prompts: Sequence[Prompt]) -> None:
        for fila in {p.fila for p in prompts}:
            reading = self._reading.get(fila)
            if reading is None:
                continue
            # What is not committed comes again, and finds its work done.
            # Without a limit the client would try to commit for as long as Kafka is away.
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(ANSWER_MS / 1000):
                    await reading.done(
                        p.receipt
                        for p in prompts
                        if p.fila == fila and isinstance(p.receipt, tuple)
                    )

    async def nack(self, prompts: Sequence[Prompt]) -> None:
        self._mailbox.give_back(prompts)

    async def consumers(self, fila: str) -> int:
        async with self._client.admin() as admin:
            [answer] = await admin.describe_consumer_groups([PREFIX + fila])
        # A group: error, id, state, protocol type, protocol, members.
        return sum(len(group[5]) for group in answer.groups)

    async def depth(self, fila: str) -> int | None:
        topic = PREFIX + fila
        async with self._client.admin() as admin:
            [found] = await admin.describe_topics([topic])
            numbers = [p["partition"] for p in found["partitions"]]
            if not numbers:
                return 0
            consumer = self._consumer(fila)
            try:
                await consumer.start()
                return await _lag(consumer, topic, numbers)
            finally:
                await _stopped(consumer)

    async def close(self) -> None:
        readers, self._readers = self._readers, {}
        for reader in readers.values():
            reader.cancel()
        await asyncio.gather(*readers.values(), return_exceptions=True)
        self._mailbox.close()
        await self._producer.close()

    # ------------------------------------------------------------ reading

    def _consumer(self, fila: str) -> Any:
        return AIOKafkaConsumer(
            group_id=PREFIX + fila, enable_auto_commit=False, auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MS, heartbeat_interval_ms=SESSION_MS // 3,
            metadata_max_age_ms=ANSWER_MS, **self._client.options,
        )  # fmt: skip

    async def _read(self, fila: str) -> None:
        down = False
        while True:
            consumer = self._consumer(fila)
            reading = _Reading(consumer)
            try:
                with engine_errors():
                    await self._client.make([PREFIX + fila])
                    consumer.subscribe([PREFIX + fila], listener=reading)
                    await consumer.start()
                    if down:
                        log.info("kafka is back, reading", fila=fila)
                    down = False
                    self._mailbox.forget(fila)
                    self._reading[fila] = reading
                    await self._read_on(fila, reading)
            except ArmazenamentoIndisponivel as error:
                if not down:
                    log.warning("kafka can't be read, trying again", fila=fila, erro=str(error))
                down = True
            finally:
                self._reading.pop(fila, None)
                await _stopped(consumer)
            await asyncio.sleep(AGAIN_S)

    async def _read_on(self, fila: str, reading: _Reading) -> None:
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            await self._mailbox.room(fila, PREFETCH)
            found = await reading.consumer.getmany(timeout_ms=POLL_MS, max_records=COUNT)
            if found:
                looked = loop.time()
            elif loop.time() - looked > QUIET_S:
                async with asyncio.timeout(QUIET_S):
                    await _must_be_at_the_end(reading.consumer)
                looked = loop.time()
            for partition, records in found.items():
                for record in records:
                    reading.read(partition, record.offset)
                    receipt = (partition, record.offset)
                    self._mailbox.deliver(_prompt(fila, record.value or b"", receipt))


class KafkaStream:
    """Publishes each fact to the topic of its noun, keyed by its aggregate."""

    name = "kafka"

    def __init__(
        self, url: str, seguranca: Seguranca | None = None, topicos: Topicos | None = None
    ) -> None:
        self._producer = Producer(KafkaClient(url, seguranca, topicos))

    async def publish(self, registros: Sequence[Registro]) -> None:
        await self._producer.send(
            [
                (r.topico, r.chave, r.envelope, {f"ce_{k}": v for k, v in r.atributos.items()})
                for r in registros
            ]
        )

    async def close(self) -> None:
        await self._producer.close()


async def _stopped(consumer: Any) -> None:
    """Stop a consumer; one whose tasks died in a restart may never answer."""
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(STOP_S):
            await consumer.stop()


async def _must_be_at_the_end(consumer: Any) -> None:
    """Raise when there is more to read: the client's fetching may have died in a restart."""
    partitions = consumer.assignment()
    if not partitions:
        return
    ends = await consumer.end_offsets(partitions)
    for partition in partitions:
        if ends[partition] > await consumer.position(partition):
            raise ArmazenamentoIndisponivel("Kafka: there are messages that do not come")


async def _lag(consumer: Any, topic: str, numbers: Sequence[int]) -> int:
    """Return how many messages of a topic its group has not finished."""
    partitions = [TopicPartition(topic, n) for n in numbers]
    ends = await consumer.end_offsets(partitions)
    begins = await consumer.beginning_offsets(partitions)
    done = {p: await consumer.committed(p) for p in partitions}
    return sum(max(0, int(ends[p]) - max(int(done[p] or 0), int(begins[p]))) for p in partitions)


def _body(prompt: Prompt) -> bytes:
    return orjson.dumps(
        {"fato_id": prompt.fato_id, "entrega": prompt.entrega_id, "lane": prompt.lane}
    )


def _prompt(fila: str, body: bytes, receipt: tuple[Any, int]) -> Prompt:
    # Whatever else came into the topic is a prompt as well: it makes the worker look.
    try:
        read = orjson.loads(body)
        return Prompt(fila, read["entrega"], read["fato_id"], read["lane"], receipt=receipt)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return Prompt(fila, 0, "", "", receipt=receipt)
