"""Ready means that work gets done, and each part that fails says so by itself."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from ponte.brokers.memory import Engine, MemoryBroker
from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock
from tests.espera import settled, until

PEDIDO = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
# The clock is moved by minutes: what is in hand must not look like a dead worker's.
LONG: dict[str, Any] = {"worker": {"lease_s": 3600.0}}


async def _order(ponte: Embedded) -> str:
    answer = await ponte.http.post("/pedido", json=PEDIDO)
    assert answer.status_code == 202
    return str(answer.json()["id"])


async def _refused(ponte: Embedded) -> dict[str, str]:
    """Return the parts that are not ready, each with its reason; none where it is."""
    answer = await ponte.http.get("/health/ready")
    if answer.status_code == 200:
        return {}
    assert answer.status_code == 503
    return {e["campo"]: e["mensagem"] for e in answer.json()["errors"]}


async def _kill(ponte: Embedded, name: str) -> None:
    """End one of its tasks, as a fault that nobody notices would."""
    (task,) = [t for t in ponte.supervisor._tasks if t.get_name() == name]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_worker_that_stopped_working_is_not_ready_while_an_order_waits(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock, **LONG) as ponte:
        await stock(ponte, 10)
        await _kill(ponte, "worker")
        await _order(ponte)
        clock.advance(59)
        soon = await _refused(ponte)
        clock.advance(2)
        late = await _refused(ponte)

    async with embedded(data_dir, clock=clock, **LONG) as ponte:
        await until(lambda: _handled(ponte))

        back = await _refused(ponte)

    assert soon == {}
    assert late == {"fila": "the oldest order waits for more than a minute"}
    assert back == {}


async def _handled(ponte: Embedded) -> bool:
    parte = (await ponte.supervisor.readiness())[1]["fila"]
    return bool(parte["esperando"] == 0)


async def test_a_web_process_takes_orders_though_no_worker_does_them(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, papeis=(), clock=clock) as web:
        await stock(web, 10)
        await _order(web)
        clock.advance(3600)

        answer = await web.http.get("/health/ready")

    assert answer.status_code == 200
    fila = answer.json()["partes"]["fila"]
    assert fila["esperando"] >= 1
    assert fila["pedido_mais_antigo_ms"] == 3_600_000


async def test_a_relay_that_stopped_is_not_ready_once_a_fact_waits_for_the_sockets(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with (
        embedded(data_dir, papeis=(), clock=clock) as web,
        embedded(data_dir, papeis=(), clock=clock) as other,
    ):
        await stock(other, 10)
        await until(lambda: _caught_up(web))
        await _kill(web, "relay")
        await _order(other)
        clock.advance(31)

        refused, fine = await _refused(web), await _refused(other)

    assert refused == {
        "relay": "a committed fact waits for the sockets for more than half a minute"
    }
    assert fine == {}


async def _caught_up(ponte: Embedded) -> bool:
    facts = await ponte.get("/eventos", limite=100)
    return bool(
        ponte.supervisor._relay is not None
        and ponte.supervisor._relay.relayed == facts["itens"][-1]["pos"]
    )


async def test_rows_that_nobody_sends_to_a_broker_that_answers_are_a_fault(
    data_dir: Path, clock: FrozenClock
) -> None:
    broker = MemoryBroker()
    async with embedded(data_dir, papeis=(), broker=broker, clock=clock) as web:
        await stock(web, 10)
        await _kill(web, "publish")
        await _order(web)
        clock.advance(61)

        refused = await _refused(web)
        parte = (await web.supervisor.readiness())[1]["envio"]

    assert refused == {"envio": "a row waits to be sent for more than a minute"}
    assert parte["nao_enviadas"] >= 1
    assert parte["mais_antiga_ms"] == 61_000


async def test_an_order_that_waits_while_nobody_consumes_is_a_fault(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, broker=MemoryBroker(), clock=clock, **LONG) as ponte:
        await stock(ponte, 10)
        await settled(ponte, await _order(ponte))
        await _kill(ponte, "worker")
        idle = await _refused(ponte)
        await _order(ponte)
        clock.advance(11)

        refused = await _refused(ponte)

    assert idle == {}
    assert refused == {"consumidores": "nobody consumes, and an order waits"}


async def test_a_broker_that_is_away_is_said_and_is_no_reason_to_refuse_orders(
    data_dir: Path, clock: FrozenClock
) -> None:
    engine = Engine()
    async with embedded(data_dir, papeis=(), broker=MemoryBroker(engine), clock=clock) as web:
        await stock(web, 10)
        engine.up = False
        await _order(web)
        clock.advance(61)

        answer = await web.http.get("/health/ready")

    assert answer.status_code == 200
    envio = answer.json()["partes"]["envio"]
    assert envio["ok"]
    assert envio["motivo"] == "The broker is down"
    assert envio["nao_enviadas"] >= 1


async def test_a_database_that_takes_no_write_is_a_fault_for_as_long(data_dir: Path) -> None:
    async with embedded(data_dir, papeis=()) as web:
        holder = sqlite3.connect(web.ctx.settings.sqlite_path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        held = await _refused(web)
        holder.execute("ROLLBACK")
        holder.close()

        back = await _refused(web)

    assert held == {"banco": "The database can't store now"}
    assert back == {}
