"""Nothing depends on a broker's memory: what it forgets is found in the database."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ponte.brokers.memory import Engine, MemoryBroker
from ponte.events import EntregaPedida
from ponte.ports import Prompt
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded
from tests.conftest import stock
from tests.espera import until

PEDIDO = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
FAST: dict[str, Any] = {"worker": {"sweep_s": 0.05, "resend_s": 0.2}}


async def _concluded(ponte: Embedded, pedido_id: str) -> bool:
    for _ in range(100):
        if (await ponte.get(f"/pedidos/{pedido_id}"))["status"] == "concluido":
            return True
        await asyncio.sleep(0.05)
    return False


async def test_an_order_goes_through_a_broker_outside_the_database(data_dir: Path) -> None:
    async with embedded(data_dir, broker=MemoryBroker(), **FAST) as ponte:
        await stock(ponte, 10)

        answer = await ponte.http.post("/pedido", json=PEDIDO)

        assert await _concluded(ponte, answer.json()["id"])


async def test_a_queue_deleted_after_its_confirm_strands_nothing(data_dir: Path) -> None:
    engine = Engine()
    async with embedded(data_dir, broker=MemoryBroker(engine), papeis=(), **FAST) as ponte:
        await stock(ponte, 10)
        answer = await ponte.http.post("/pedido", json=PEDIDO)
        for _ in range(100):
            if engine.ready.get("pedidos"):
                break
            await asyncio.sleep(0.01)
        assert engine.ready["pedidos"]

    engine.restart()

    async with embedded(data_dir, broker=MemoryBroker(engine), **FAST) as ponte:
        assert await _concluded(ponte, answer.json()["id"])


async def test_orders_are_accepted_while_the_broker_is_down_and_handled_when_it_is_back(
    data_dir: Path,
) -> None:
    engine = Engine()
    async with embedded(data_dir, broker=MemoryBroker(engine), **FAST) as ponte:
        await stock(ponte, 10)
        engine.up = False

        answer = await ponte.http.post("/pedido", json=PEDIDO)
        await asyncio.sleep(0.2)
        waiting = (await ponte.get(f"/pedidos/{answer.json()['id']}"))["status"]
        engine.up = True

        assert answer.status_code == 202
        assert waiting == "recebido"
        assert await _concluded(ponte, answer.json()["id"])


class Stuck(MemoryBroker):
    """An engine that never answers for one queue."""

    async def publish(self, prompts: Sequence[Prompt]) -> None:
        if prompts[0].fila == "alertas":
            await asyncio.sleep(3600)
        await super().publish(prompts)


async def test_a_queue_that_the_engine_does_not_serve_holds_up_no_other(data_dir: Path) -> None:
    async def many(tx: Tx) -> None:
        for n in range(1500):  # more than a page
            tx.put(EntregaPedida(alerta_id=f"a{n}", destino="log", motivo="m"))

    engine = Engine()
    async with embedded(data_dir, broker=Stuck(engine), papeis=(), **FAST) as ponte:
        await stock(ponte, 10)
        await ponte.ctx.db.transact(many)
        await asyncio.sleep(0.5)
        await ponte.http.post("/pedido", json=PEDIDO)

        async def published() -> bool:
            return bool(engine.ready.get("pedidos"))

        await until(published)
        assert not engine.ready.get("alertas")


async def test_a_duplicate_delivery_has_no_second_effect(data_dir: Path) -> None:
    engine = Engine()
    async with embedded(data_dir, broker=MemoryBroker(engine), **FAST) as ponte:
        await stock(ponte, 10)
        answer = await ponte.http.post("/pedido", json=PEDIDO)
        assert await _concluded(ponte, answer.json()["id"])

        other = MemoryBroker(engine)
        await other.publish([Prompt("pedidos", 1, "f", "l")] * 20)
        await asyncio.sleep(0.2)

        item = await ponte.get("/estoque/ARROZ-5KG")
        assert item["quantidade"] == 9
