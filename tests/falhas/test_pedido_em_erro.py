"""An order whose fulfilment was set aside: one command brings it home, whichever is used."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ponte.context import Context
from ponte.errors import Permanente
from ponte.events import FatoGravado
from ponte.flow import STEPS
from ponte.pedidos.handlers import fulfil
from ponte.store.db import Tx
from ponte.testing import Embedded
from tests.espera import sell, until


@pytest.fixture
async def em_erro(ponte: Embedded, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return an order in `erro`; what broke it is mended."""

    async def refuses(_ctx: Context, _tx: Tx, _fatos: Sequence[FatoGravado]) -> None:
        message = "the shelf is on fire"
        raise Permanente(message)

    monkeypatch.setitem(STEPS, "atender", replace(STEPS["atender"], handler=refuses))
    pedido = await sell(ponte, "CAFE-500G", 2)
    monkeypatch.setitem(STEPS, "atender", replace(STEPS["atender"], handler=fulfil))
    assert pedido["status"] == "erro"
    return pedido


async def _home(ponte: Embedded, pedido_id: str) -> Any:
    async def concluded() -> Any:
        pedido = await ponte.get(f"/pedidos/{pedido_id}")
        return pedido if pedido["status"] == "concluido" else None

    return await until(concluded)


async def _replay(ponte: Embedded) -> Any:
    [falha] = (await ponte.get("/falhas"))["itens"]
    return await ponte.http.post(f"/falhas/{falha['id']}/reprocessar")


async def test_the_replay_of_its_work_fulfils_it(ponte: Embedded, em_erro: Any) -> None:
    answer = await _replay(ponte)

    pedido = await _home(ponte, em_erro["id"])
    assert answer.status_code == 200
    assert pedido["nota"]["numero"] == 1
    assert (await ponte.get("/estoque/CAFE-500G"))["quantidade"] == 98


async def test_both_commands_take_its_stock_once(ponte: Embedded, em_erro: Any) -> None:
    await ponte.http.post(f"/pedidos/{em_erro['id']}/reprocessar")
    await _replay(ponte)

    await _home(ponte, em_erro["id"])

    async def nothing_waits() -> bool:
        async def left(tx: Tx) -> bool:
            row = await tx.fetch_one("SELECT COUNT(*) FROM fila WHERE fila = 'pedidos'")
            return row is not None and row[0] == 0

        return bool(await ponte.ctx.db.read(left))

    await until(nothing_waits)
    assert (await ponte.get("/estoque/CAFE-500G"))["quantidade"] == 98
    assert (await ponte.get("/eventos", tipo="nota.emitida"))["total"] == 1


async def test_one_that_was_cancelled_meanwhile_stays_cancelled(
    ponte: Embedded, em_erro: Any
) -> None:
    await ponte.http.post(f"/pedidos/{em_erro['id']}/cancelar", json={"motivo": "desistiu"})

    await _replay(ponte)
    await sell(ponte, "LEITE-1L")

    assert (await ponte.get(f"/pedidos/{em_erro['id']}"))["status"] == "cancelado"
    assert (await ponte.get("/estoque/CAFE-500G"))["quantidade"] == 100
