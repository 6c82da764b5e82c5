"""Kafka alone: members that come, go and die, and offsets that are read again.

Whatever the engine brings twice or elsewhere, the database decides: one effect each.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]

from ponte.brokers.kafka import PREFIX
from ponte.domain.valores import new_id
from ponte.errors import ArmazenamentoIndisponivel
from ponte.ports import Broker, Prompt
from ponte.testing import Embedded, embedded
from tests.brokers.engines import CUT_OFF, Engine
from tests.brokers.mock import MockKafka, cannot
from tests.conftest import stock
from tests.espera import until

pytestmark = [pytest.mark.timeout(120), CUT_OFF]
LOOK_S = 60
STOCK = 500
FILA = "pedidos"
ITENS = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
FAST: dict[str, Any] = {"worker": {"sweep_s": 0.2}, "rate_limit_key": 100_000}


@contextlib.asynccontextmanager
async def orders_come(ponte: Embedded) -> AsyncIterator[list[str]]:
    """Send order after order while the block runs; the list grows with each that was taken."""
    ids: list[str] = []
    over = asyncio.Event()  # not a cancellation: it would leave an order that nobody counted

    async def send() -> None:
        while len(ids) < STOCK and not over.is_set():
            answer = await ponte.http.post("/pedido", json=ITENS)
            assert answer.status_code == 202, answer.text
            ids.append(answer.json()["id"])
            await asyncio.sleep(0.05)

    sending = asyncio.create_task(send())
    try:
        yield ids
    finally:
        over.set()
        await sending


async def each_had_one_effect(ponte: Embedded, ids: list[str]) -> None:
    """Wait until all are concluded, and find one effect of each, told in its lane's order."""

    async def concluded() -> bool:
        found = [await ponte.get(f"/pedidos/{i}") for i in ids]
        return {p["status"] for p in found} == {"concluido"}

    await until(concluded, seconds=LOOK_S)
    assert (await ponte.get("/estoque/ARROZ-5KG"))["quantidade"] == STOCK - len(ids)
    assert (await ponte.get("/falhas"))["itens"] == []
    told = await facts(ponte)
    for pedido_id in ids:
        assert told[pedido_id] == ["pedido.recebido", "nota.emitida", "pedido.concluido"]


async def facts(ponte: Embedded) -> dict[str, list[str]]:
    """Return the kinds of the facts of each lane, in the order of the log."""
    rows = await ponte.ctx.db.read(_rows)
    told: dict[str, list[str]] = {}
    for lane, tipo in rows:
        told.setdefault(lane, []).append(tipo)
    return told


async def _rows(tx: Any) -> Any:
    return await tx.fetch("SELECT lane, tipo FROM fatos ORDER BY pos")


async def members(broker: Broker, n: int) -> None:
    """Wait until the server counts so many members of the group."""

    async def counted() -> bool:
        try:
            return await broker.consumers(FILA) == n
        except ArmazenamentoIndisponivel:  # the first group makes the topic of all groups
            return False

    await until(counted, seconds=LOOK_S)


async def test_a_member_that_joins_and_leaves_under_load_costs_no_order_and_doubles_none(
    data_dir: Path, kafka: Engine
) -> None:
    looks = kafka.connect()
    async with embedded(data_dir, queue_url=kafka.url, **FAST) as ponte:
        await stock(ponte, STOCK)
        await members(looks, 1)
        async with orders_come(ponte) as ids:
            async with embedded(data_dir, queue_url=kafka.url, **FAST):
                await members(looks, 2)
                await asyncio.sleep(1)
            await members(looks, 1)
            seen = len(ids)
            await until(lambda: _more(ids, seen + 5), seconds=LOOK_S)

        await each_had_one_effect(ponte, ids)
    await looks.close()


async def test_a_member_that_is_killed_costs_no_order_and_doubles_none(
    data_dir: Path, kafka: Engine
) -> None:
    looks = kafka.connect()
    async with embedded(data_dir, queue_url=kafka.url, **FAST) as ponte:
        await stock(ponte, STOCK)
        await members(looks, 1)
        async with orders_come(ponte) as ids:
            worker = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ponte", "worker",
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, "PONTE_DATA_DIR": str(data_dir), "PONTE_QUEUE_URL": kafka.url},
                cwd=data_dir,
            )  # fmt: skip
            try:
                await members(looks, 2)
                await asyncio.sleep(1)
            finally:
                worker.send_signal(signal.SIGKILL)
                await worker.wait()
            await members(looks, 1)

        await each_had_one_effect(ponte, ids)
    await looks.close()


async def test_lanes_keep_their_order_while_members_come_and_go(kafka: Engine) -> None:
    fila = f"teste.{new_id()}"
    one, two = kafka.connect(), kafka.connect()
    found: list[Prompt] = []
    prompts = [Prompt(fila, n, f"fato-{n}", f"lane-{n % 7}") for n in range(200)]

    async def take(*brokers: Broker) -> None:
        for broker in brokers:
            taken = await broker.receive(fila, limit=10, timeout_s=0.2)
            await broker.ack(taken)
            found.extend(taken)

    async def all_of(n: int, *brokers: Broker) -> bool:
        await take(*brokers)
        return {p.entrega_id for p in found} >= set(range(n))

    await one.publish(prompts[:100])
    await until(lambda: all_of(50, one), seconds=LOOK_S)
    await two.publish(prompts[100:150])
    await until(lambda: all_of(150, one, two), seconds=LOOK_S)
    await two.publish(prompts[150:])
    await one.close()
    await until(lambda: all_of(200, two), seconds=LOOK_S)
    await two.close()

    for lane in range(7):
        first = list(dict.fromkeys(p.entrega_id for p in found if p.lane == f"lane-{lane}"))
        assert first == sorted(first)


async def test_prompts_that_come_twice_and_offsets_that_are_read_again_have_no_second_effect(
    data_dir: Path, kafka: Engine
) -> None:
    async with embedded(data_dir, queue_url=kafka.url, **FAST) as ponte:
        await stock(ponte, STOCK)
        async with orders_come(ponte) as ids:
            await until(lambda: _more(ids, 20), seconds=LOOK_S)
        await each_had_one_effect(ponte, ids)
        before = await facts(ponte)
    broker = kafka.connect()
    await _reset(kafka)
    held = await broker.depth(FILA) or 0
    await broker.publish([Prompt(FILA, n, new_id(), f"lane-{n}") for n in range(1, 21)])

    async with embedded(data_dir, queue_url=kafka.url, **FAST) as ponte:

        async def read_again() -> bool:
            return await broker.depth(FILA) == 0

        await until(read_again, seconds=LOOK_S)
        await each_had_one_effect(ponte, ids)
        after = await facts(ponte)
    await broker.close()

    assert held >= len(ids)
    assert after == before


async def _reset(kafka: Engine) -> None:
    """Let the group begin at the first message again."""
    if isinstance(kafka, MockKafka):
        cannot("set the offsets of a group that has no member")
    address = kafka.url.removeprefix("kafka://")
    topic = PREFIX + FILA
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    [found] = await admin.describe_topics([topic])
    await admin.close()
    places = [TopicPartition(topic, each["partition"]) for each in found["partitions"]]
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id=topic, enable_auto_commit=False)
    consumer.assign(places)
    await consumer.start()
    try:
        await consumer.commit(await consumer.beginning_offsets(places))
    finally:
        await consumer.stop()


async def _more(ids: list[str], n: int) -> bool:
    return len(ids) >= n
