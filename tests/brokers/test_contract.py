"""One suite over every broker: what moves prompts moves them at least once, or is not one.

A broker is judged by what depends on it: prompts published are received, unacked
ones come again elsewhere, consumers are counted by effect, and whatever an engine
forgets the database still knows.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import pytest

from ponte.brokers.database import DatabaseBroker
from ponte.brokers.memory import Engine as MemoryEngine
from ponte.brokers.memory import MemoryBroker
from ponte.domain.valores import new_id
from ponte.ports import Broker, Prompt
from tests.brokers.engines import ENGINES, Engine
from tests.espera import until

LOOK_S = 20  # how long a busy machine may take over what is quick


@dataclass
class Case:
    """An engine: `connect` opens one more connection to it; `fila` is this test's own queue."""

    open: Callable[[], Broker]
    holds_prompts: bool = True
    fila: str = field(default_factory=lambda: f"teste.{new_id()}")
    opened: list[Broker] = field(default_factory=list)

    def connect(self) -> Broker:
        self.opened.append(self.open())
        return self.opened[-1]

    def prompts(self, *numbers: int) -> list[Prompt]:
        return [Prompt(self.fila, n, f"fato-{n}", f"lane-{n}") for n in numbers]

    async def receive(self, broker: Broker, n: int, *, ack: bool = False) -> list[Prompt]:
        """Return what comes until there are n, or fail."""
        found: list[Prompt] = []

        async def enough() -> bool:
            prompts = await broker.receive(self.fila, limit=50, timeout_s=0.2)
            if ack:
                await broker.ack(prompts)
            found.extend(prompts)
            return len(found) >= n

        await until(enough, seconds=LOOK_S)
        return found


def _case(name: str, request: pytest.FixtureRequest) -> Case:
    if name == "memory":
        memory = MemoryEngine()
        return Case(lambda: MemoryBroker(memory))
    if name == "database":
        shared = DatabaseBroker()
        return Case(lambda: shared, holds_prompts=False)
    server: Engine = request.getfixturevalue(name)
    return Case(server.connect)


async def _closed(made: Case) -> AsyncIterator[Case]:
    yield made
    for broker in made.opened:
        await broker.close()


@pytest.fixture(params=["database", "memory", *ENGINES])
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    async for made in _closed(_case(request.param, request)):
        yield made


@pytest.fixture(params=["memory", *ENGINES])
async def holding(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    """Only what holds prompts; where the rows are the queue, tests/store shows the same."""
    async for made in _closed(_case(request.param, request)):
        yield made


async def test_a_publish_wakes_who_receives(case: Case) -> None:
    broker = case.connect()
    await broker.start([case.fila])
    waiting = asyncio.create_task(broker.receive(case.fila, limit=10, timeout_s=LOOK_S))
    await asyncio.sleep(0)

    await broker.publish(case.prompts(1))
    received = await asyncio.wait_for(waiting, LOOK_S / 2)

    assert [(p.entrega_id, p.fato_id, p.lane) for p in received] == (
        [(1, "fato-1", "lane-1")] if case.holds_prompts else []
    )


async def test_a_queue_hears_nothing_of_another(case: Case) -> None:
    broker = case.connect()
    await broker.publish([Prompt(f"{case.fila}.outra", 1, "fato-1", "lane-1")])

    started = asyncio.get_running_loop().time()
    received = await broker.receive(case.fila, limit=10, timeout_s=0.1)

    assert not received
    assert asyncio.get_running_loop().time() - started >= 0.09


async def test_consumers_are_who_really_consumes(case: Case) -> None:
    broker, other = case.connect(), case.connect()
    await broker.start([case.fila])
    before = await other.consumers(case.fila)
    waiting = asyncio.create_task(broker.receive(case.fila, limit=1, timeout_s=LOOK_S))

    async def counted() -> bool:
        return await other.consumers(case.fila) == 1

    await until(counted, seconds=LOOK_S)
    await broker.close()
    await waiting

    async def gone() -> bool:
        return await other.consumers(case.fila) == 0

    await until(gone, seconds=LOOK_S)
    assert before == 0


async def test_closing_lets_who_waits_go(case: Case) -> None:
    broker = case.connect()
    waiting = asyncio.create_task(broker.receive(case.fila, limit=1, timeout_s=LOOK_S))
    await asyncio.sleep(0.05)

    await broker.close()

    assert not await asyncio.wait_for(waiting, LOOK_S / 2)


async def test_a_wake_lets_who_waits_go_with_empty_hands(case: Case) -> None:
    broker = case.connect()
    waiting = asyncio.create_task(broker.receive(case.fila, limit=1, timeout_s=LOOK_S))
    await asyncio.sleep(0.05)

    broker.wake((case.fila,))

    assert not await asyncio.wait_for(waiting, LOOK_S / 2)


async def test_a_publish_before_the_wait_is_not_lost(case: Case) -> None:
    broker = case.connect()

    await broker.publish(case.prompts(1))
    received = await broker.receive(case.fila, limit=1, timeout_s=LOOK_S)

    assert bool(received) is case.holds_prompts


async def test_what_is_published_comes_whole_and_in_the_order_of_its_lane(
    holding: Case,
) -> None:
    broker = holding.connect()
    prompts = [replace(p, lane=f"lane-{p.entrega_id % 7}") for p in holding.prompts(*range(600))]

    await broker.publish(prompts)
    received = await holding.receive(broker, len(prompts), ack=True)

    assert sorted(p.entrega_id for p in received) == list(range(600))
    for lane in {p.lane for p in prompts}:
        numbers = [p.entrega_id for p in received if p.lane == lane]
        assert numbers == sorted(numbers)


async def test_what_was_not_acked_comes_again_elsewhere(holding: Case) -> None:
    first, second = holding.connect(), holding.connect()
    await first.publish(holding.prompts(1, 2))
    one, two = await holding.receive(first, 2)

    await first.ack([one])
    await first.close()
    again = await holding.receive(second, 1)

    assert [p.entrega_id for p in again] == [two.entrega_id]


async def test_what_is_given_back_comes_again(holding: Case) -> None:
    broker = holding.connect()
    await broker.publish(holding.prompts(1))
    received = await holding.receive(broker, 1)

    await broker.nack(received)
    again = await holding.receive(broker, 1)

    assert [p.entrega_id for p in again] == [1]


async def test_competing_connections_share_what_there_is(holding: Case) -> None:
    brokers = [holding.connect() for _ in range(3)]
    await brokers[0].publish(holding.prompts(*range(30)))
    found: list[int] = []

    async def all_found() -> bool:
        for broker in brokers:
            prompts = await broker.receive(holding.fila, limit=10, timeout_s=0.2)
            await broker.ack(prompts)
            found.extend(p.entrega_id for p in prompts)
        return len(found) >= 30

    await until(all_found, seconds=LOOK_S)
    assert sorted(found) == list(range(30))


async def test_the_engine_holds_what_was_not_acked_and_no_more(holding: Case) -> None:
    broker, other = holding.connect(), holding.connect()
    await broker.publish(holding.prompts(*range(1, 11)))
    held = await other.depth(holding.fila)
    received = await holding.receive(broker, 10)

    for half in (received[5:], received[:5]):
        await broker.ack(half)
    await broker.close()

    async def empty() -> bool:
        return await other.depth(holding.fila) == 0

    await until(empty, seconds=LOOK_S)
    assert held == 10
    assert not await other.receive(holding.fila, limit=10, timeout_s=0.5)
