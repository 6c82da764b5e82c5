"""The worker ends each piece of work in exactly one way, whatever its handler does."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ponte.context import Context
from ponte.errors import Adiado, Permanente
from ponte.events import FatoGravado
from ponte.flow import STEPS
from ponte.pedidos.handlers import fulfil
from ponte.store import outbox
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock
from tests.espera import until

Plant = Callable[[Callable[..., Any]], None]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Put another handler into the step that fulfils orders."""

    def replace_handler(handler: Callable[..., Any]) -> None:
        monkeypatch.setitem(STEPS, "atender", replace(STEPS["atender"], handler=handler))

    return replace_handler


async def _post(ponte: Embedded, produto_id: str = "ARROZ-5KG") -> str:
    answer = await ponte.http.post(
        "/pedido", json={"itens": [{"produto_id": produto_id, "quantidade": 1}]}
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _is(ponte: Embedded, pedido_id: str, status: str) -> Callable[[], Any]:
    async def check() -> bool:
        return bool((await ponte.get(f"/pedidos/{pedido_id}"))["status"] == status)

    return check


async def test_five_failures_set_work_aside_whole_and_one_command_replays_it(
    data_dir: Path, clock: FrozenClock, plant: Plant
) -> None:
    calls: list[int] = []

    async def fails(_ctx: Context, _tx: Tx, fatos: Sequence[FatoGravado]) -> None:
        calls.append(len(fatos))
        message = "the shelf is on fire"
        raise OSError(message)

    plant(fails)
    async with embedded(data_dir, clock=clock) as ponte:
        await stock(ponte, 10)
        pedido_id = await _post(ponte)

        async def failed() -> Any:
            clock.advance(60)
            ponte.ctx.broker.wake_all()
            return (await ponte.get("/falhas"))["itens"]

        [falha] = await until(failed)
        order = await ponte.get(f"/pedidos/{pedido_id}")

        plant(fulfil)
        replay = await ponte.http.post(f"/falhas/{falha['id']}/reprocessar")
        await ponte.http.post(f"/pedidos/{pedido_id}/reprocessar")

        assert falha["tentativas"] == 5
        assert [h["tentativa"] for h in falha["historia"]] == [1, 2, 3, 4, 5]
        assert falha["erro"] == "OSError: the shelf is on fire"
        assert falha["fato"]["dados"]["pedido_id"] == pedido_id
        assert order["status"] == "erro"
        assert replay.status_code == 200
        await until(_is(ponte, pedido_id, "concluido"))
        assert (await ponte.get("/estoque/ARROZ-5KG"))["quantidade"] == 9


async def test_a_refusal_that_trying_again_cannot_help_is_set_aside_at_once(
    ponte: Embedded, plant: Plant
) -> None:
    async def refuses(_ctx: Context, _tx: Tx, _fatos: Sequence[FatoGravado]) -> None:
        message = "never"
        raise Permanente(message)

    plant(refuses)
    pedido_id = await _post(ponte)

    await until(_is(ponte, pedido_id, "erro"))

    [falha] = (await ponte.get("/falhas"))["itens"]
    assert falha["tentativas"] == 1


async def test_one_poisonous_order_does_not_sink_those_beside_it(
    ponte: Embedded, plant: Plant
) -> None:
    poison: set[str] = set()

    async def chokes(ctx: Context, tx: Tx, fatos: Sequence[FatoGravado]) -> None:
        if poison & {f.lane for f in fatos}:
            message = "poison"
            raise Permanente(message)
        await fulfil(ctx, tx, fatos)

    plant(chokes)
    ids = await asyncio.gather(*(_post(ponte) for _ in range(20)))
    poison.add(bad := await _post(ponte))
    ids += await asyncio.gather(*(_post(ponte) for _ in range(20)))

    for pedido_id in ids:
        await until(_is(ponte, pedido_id, "concluido"))
    await until(_is(ponte, bad, "erro"))
    assert (await ponte.get("/estoque/ARROZ-5KG"))["quantidade"] == 60


async def test_what_is_put_off_is_no_failed_try(
    data_dir: Path, clock: FrozenClock, plant: Plant
) -> None:
    async def later(_ctx: Context, _tx: Tx, _fatos: Sequence[FatoGravado]) -> None:
        message = "not now"
        raise Adiado(message, retry_after_s=30)

    plant(later)
    async with embedded(data_dir, clock=clock) as ponte:
        await stock(ponte, 10)
        pedido_id = await _post(ponte)
        for _ in range(20):
            clock.advance(31)
            ponte.ctx.broker.wake_all()
            await asyncio.sleep(0.01)

        plant(fulfil)

        async def done() -> bool:
            clock.advance(31)
            ponte.ctx.broker.wake_all()
            return bool(await _is(ponte, pedido_id, "concluido")())

        assert await until(done)
        assert (await ponte.get("/falhas"))["total"] == 0


async def test_work_in_hand_when_a_worker_died_three_times_is_set_aside_untried(
    data_dir: Path, plant: Plant
) -> None:
    async with embedded(data_dir, papeis=()) as ponte:
        await stock(ponte, 10)
        pedido_id = await _post(ponte)

        async def claim_and_die(tx: Tx) -> int:
            await outbox.claim(tx, "pedidos", limite=1, dono="dead", lease_ms=60_000)
            return await outbox.release_dead(tx, mortos=["dead"])

        for _ in range(3):
            assert await ponte.ctx.db.transact(claim_and_die) == 1
    ran: list[int] = []

    async def runs(_ctx: Context, _tx: Tx, fatos: Sequence[FatoGravado]) -> None:
        ran.append(len(fatos))

    plant(runs)
    async with embedded(data_dir) as ponte:
        await until(_is(ponte, pedido_id, "erro"))

        [falha] = (await ponte.get("/falhas"))["itens"]
        assert "died, 3 times" in falha["erro"]
        assert ran == []


async def test_a_handler_whose_lease_was_lost_has_no_effect(data_dir: Path, plant: Plant) -> None:
    async with embedded(data_dir) as ponte:
        await stock(ponte, 10)

        async def robbed(ctx: Context, tx: Tx, fatos: Sequence[FatoGravado]) -> None:
            plant(fulfil)
            await tx.execute("UPDATE fila SET lease = 'thief' WHERE fila = 'pedidos'")
            await fulfil(ctx, tx, fatos)

        plant(robbed)
        pedido_id = await _post(ponte)
        await asyncio.sleep(0.3)

        # The theft was part of the rolled back transaction, so the lease simply runs out.
        order = await ponte.get(f"/pedidos/{pedido_id}")
        assert order["status"] == "recebido"
        assert (await ponte.get("/estoque/ARROZ-5KG"))["quantidade"] == 10


async def test_facts_of_one_order_are_handled_in_order_and_others_do_not_wait(
    ponte: Embedded, plant: Plant
) -> None:
    seen: list[tuple[str, str]] = []

    async def notes(ctx: Context, tx: Tx, fatos: Sequence[FatoGravado]) -> None:
        seen.extend((f.lane, f.tipo) for f in fatos)
        await fulfil(ctx, tx, fatos)

    plant(notes)
    answer = await ponte.http.post(
        "/pedido", json={"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 500}]}
    )
    short = str(answer.json()["id"])
    await until(_is(ponte, short, "sem_estoque"))
    other = await _post(ponte)
    await until(_is(ponte, other, "concluido"))
    await ponte.http.post(f"/pedidos/{short}/reprocessar")
    await until(_is(ponte, short, "sem_estoque"))

    assert [t for lane, t in seen if lane == short] == ["pedido.recebido", "pedido.reprocessado"]
