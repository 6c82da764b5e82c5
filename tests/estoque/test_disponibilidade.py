"""Crossing zero switches the product on its marketplace: one call a shop, with the latest state."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ponte.simulators.comportamento import Defeito
from ponte.simulators.rappi import SimuladorRappi
from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock
from tests.espera import sell, until

LOJA = "900105814"
HEAD = "produto_id,nome,preco,quantidade,filial_id"


@pytest.fixture
async def rappi() -> AsyncIterator[SimuladorRappi]:
    simulador = SimuladorRappi(loja=LOJA)
    yield simulador
    await simulador.stop()


@pytest.fixture
async def env(rappi: SimuladorRappi) -> dict[str, str]:
    return rappi.env(await rappi.start())


@pytest.fixture
async def loja(data_dir: Any, env: dict[str, str]) -> AsyncIterator[Embedded]:
    """A Ponte whose filial 1 sells on Rappi, with what it has already told there."""
    async with embedded(data_dir, env=env) as ponte:
        await stock(ponte, 1)
        await _quiet(ponte)
        yield ponte


async def _quiet(ponte: Embedded) -> None:
    """Wait until nothing is left to be told."""

    async def nothing(tx: Any) -> bool:
        left = await tx.fetch_one(
            "SELECT (SELECT COUNT(*) FROM fila WHERE fila LIKE 'disponibilidade%')"
            " + (SELECT COUNT(*) FROM disponibilidade WHERE enviado IS NULL"
            " OR enviado <> desejado)"
        )
        return bool(left[0] == 0)

    await until(lambda: ponte.ctx.db.read(nothing))


def _calls(rappi: SimuladorRappi) -> int:
    return sum(nome == "availability" for nome, _ in rappi.estado.chamadas)


async def _import(ponte: Embedded, units: int, *, n: int, filial: str = "1") -> None:
    rows = "\n".join(f"P-{i:03d},P,1.00,{units},{filial}" for i in range(n))
    answer = await ponte.http.post("/estoque/importar", content=f"{HEAD}\n{rows}".encode())
    assert answer.status_code == 200, answer.text


async def test_the_last_unit_sold_switches_the_product_off_and_stock_switches_it_on(
    loja: Embedded, rappi: SimuladorRappi
) -> None:
    await sell(loja, "CAFE-500G")
    await _quiet(loja)
    off = set(rappi.estado.desligados[LOJA])

    await loja.http.post("/estoque/CAFE-500G/ajustes", json={"delta": 5, "motivo": "reposição"})
    await _quiet(loja)

    assert off == {"CAFE-500G"}
    assert rappi.estado.desligados[LOJA] == set()
    assert "CAFE-500G" in rappi.estado.ligados[LOJA]


async def test_sales_that_leave_units_make_no_call(loja: Embedded, rappi: SimuladorRappi) -> None:
    await loja.http.post("/estoque/CAFE-500G/ajustes", json={"delta": 5, "motivo": "reposição"})
    await _quiet(loja)
    before = _calls(rappi)

    await sell(loja, "CAFE-500G", 2)
    await _quiet(loja)

    assert _calls(rappi) == before


async def test_many_products_go_in_calls_of_a_hundred_at_most(
    loja: Embedded, rappi: SimuladorRappi
) -> None:
    before = _calls(rappi)

    await _import(loja, 3, n=120)
    await _quiet(loja)
    opened = _calls(rappi) - before
    await _import(loja, 0, n=120)
    await _quiet(loja)

    closed = _calls(rappi) - before - opened
    # The stand-in refuses more than 100 items in one call.
    assert len(rappi.estado.desligados[LOJA]) == 120
    assert opened >= 2
    assert closed >= 2
    assert opened + closed < 120, "240 changes were not gathered"


async def test_a_shop_that_was_down_gets_one_call_with_the_latest_state(
    loja: Embedded, rappi: SimuladorRappi
) -> None:
    rappi.estado.comportamento.add(Defeito("5xx", vezes=1, onde="availability"))
    await sell(loja, "CAFE-500G")

    await until(lambda: _used_up(rappi))
    before = _calls(rappi)
    for delta in (4, -4, 7):
        await loja.http.post("/estoque/CAFE-500G/ajustes", json={"delta": delta, "motivo": "x"})
    await _quiet(loja)

    assert _calls(rappi) - before == 1
    assert "CAFE-500G" in rappi.estado.ligados[LOJA]
    assert (await loja.get("/falhas"))["total"] == 0


async def _used_up(rappi: SimuladorRappi) -> bool:
    return not rappi.estado.comportamento.defeitos


async def test_a_product_that_came_back_is_switched_on_though_an_answer_was_lost(
    loja: Embedded, rappi: SimuladorRappi
) -> None:
    await sell(loja, "CAFE-500G")
    await _quiet(loja)
    # The stand-in does what it is told and then says that it could not.
    rappi.estado.desligados[LOJA].clear()
    rappi.estado.comportamento.add(Defeito("5xx", vezes=1, onde="availability"))
    await loja.http.post("/estoque/CAFE-500G/ajustes", json={"delta": 1, "motivo": "x"})
    await until(lambda: _used_up(rappi))
    rappi.estado.ligados[LOJA].add("CAFE-500G")

    await sell(loja, "CAFE-500G")
    await _quiet(loja)

    assert rappi.estado.desligados[LOJA] == {"CAFE-500G"}
    assert "CAFE-500G" not in rappi.estado.ligados[LOJA]


async def test_the_stock_of_another_filial_is_not_this_shop_s(
    loja: Embedded, rappi: SimuladorRappi
) -> None:
    before = _calls(rappi)

    await _import(loja, 3, n=1, filial="2")
    await _import(loja, 0, n=1, filial="2")
    await _quiet(loja)

    assert _calls(rappi) == before


async def test_a_connector_that_is_off_makes_no_work(data_dir: Any, clock: FrozenClock) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        await stock(ponte, 1)

        await sell(ponte, "CAFE-500G")
        await _quiet(ponte)

        assert (await ponte.get("/eventos", tipo="disponibilidade.pedida"))["total"] == 0
