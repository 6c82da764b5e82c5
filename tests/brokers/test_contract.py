"""One suite over every broker: what moves prompts moves them at least once, or is not one.

A broker is judged by what depends on it: prompts published are received, unacked
ones come again elsewhere, consumers are counted by effect, and whatever an engine
forgets the database still knows.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ponte.brokers.database import DatabaseBroker
from ponte.brokers.memory import Engine, MemoryBroker
from ponte.ports import Broker, Prompt


@dataclass
class Case:
    """An engine: `connect` opens one more connection to it."""

    connect: Callable[[], Broker]
    holds_prompts: bool


def _memory() -> Case:
    engine = Engine()
    return Case(lambda: MemoryBroker(engine), holds_prompts=True)


def _database() -> Case:
    shared = DatabaseBroker()
    return Case(lambda: shared, holds_prompts=False)


@pytest.fixture(params=[_memory, _database], ids=["memory", "database"])
async def case(request: pytest.FixtureRequest) -> Case:
    made: Case = request.param()
    return made


def _prompt(number: int, fila: str = "pedidos") -> Prompt:
    return Prompt(fila, number, f"fato-{number}", f"lane-{number}")


async def test_a_publish_wakes_who_receives(case: Case) -> None:
    broker = case.connect()
    await broker.start()
    waiting = asyncio.create_task(broker.receive("pedidos", limit=10, timeout_s=5))
    await asyncio.sleep(0)

    await broker.publish([_prompt(1), _prompt(2)])
    received = await asyncio.wait_for(waiting, 1)

    if case.holds_prompts:
        assert [p.entrega_id for p in received] == [1, 2]
    else:
        assert received == ()
    await broker.close()


async def test_a_queue_hears_nothing_of_another(case: Case) -> None:
    broker = case.connect()
    await broker.start()
    await broker.publish([_prompt(1, "outra")])

    started = asyncio.get_running_loop().time()
    received = await broker.receive("pedidos", limit=10, timeout_s=0.1)

    assert not received
    assert asyncio.get_running_loop().time() - started >= 0.09
    await broker.close()


async def test_consumers_are_who_really_waits(case: Case) -> None:
    broker = case.connect()
    await broker.start()
    before = await broker.consumers("pedidos")
    waiting = asyncio.create_task(broker.receive("pedidos", limit=1, timeout_s=5))
    await asyncio.sleep(0.01)
    during = await broker.consumers("pedidos")

    await broker.publish([_prompt(1)])
    await waiting

    assert (before, during, await broker.consumers("pedidos")) == (0, 1, 0)
    await broker.close()


async def test_closing_lets_who_waits_go(case: Case) -> None:
    broker = case.connect()
    await broker.start()
    waiting = asyncio.create_task(broker.receive("pedidos", limit=1, timeout_s=0.5))
    await asyncio.sleep(0.01)

    await broker.close()

    assert not await asyncio.wait_for(waiting, 1)


async def test_a_wake_before_the_wait_is_not_lost(case: Case) -> None:
    broker = case.connect()
    await broker.start()

    await broker.publish([_prompt(1)])
    received = await asyncio.wait_for(broker.receive("pedidos", limit=1, timeout_s=5), 1)

    assert bool(received) is case.holds_prompts
    await broker.close()


async def test_what_was_not_acked_comes_again_elsewhere(case: Case) -> None:
    if not case.holds_prompts:
        assert case.connect().rows_are_the_queue  # then a lease brings it back, not a prompt
        return
    first, second = case.connect(), case.connect()
    await first.publish([_prompt(1), _prompt(2)])
    one, two = await first.receive("pedidos", limit=2, timeout_s=1)

    await first.ack([one])
    await first.close()
    again = await second.receive("pedidos", limit=2, timeout_s=1)

    assert [p.entrega_id for p in again] == [two.entrega_id]


async def test_what_is_given_back_comes_again(case: Case) -> None:
    broker = case.connect()
    await broker.publish([_prompt(1)])
    received = await broker.receive("pedidos", limit=1, timeout_s=0.05)

    await broker.nack(received)
    again = await broker.receive("pedidos", limit=1, timeout_s=0.05)

    assert [p.entrega_id for p in again] == [p.entrega_id for p in received]
    await broker.close()


async def test_competing_connections_share_what_there_is(case: Case) -> None:
    if not case.holds_prompts:
        assert case.connect().rows_are_the_queue  # rows are shared by claiming, tested in the store
        return
    brokers = [case.connect() for _ in range(3)]
    await brokers[0].publish([_prompt(n) for n in range(30)])

    shares = [await b.receive("pedidos", limit=10, timeout_s=1) for b in brokers]

    assert sorted(p.entrega_id for share in shares for p in share) == list(range(30))
