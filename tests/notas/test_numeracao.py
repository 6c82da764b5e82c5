"""Numbers of notas: one an order, dense whatever runs at once or rolls back."""

import asyncio
from pathlib import Path

import pytest

from ponte.domain.nota import PedidoDaNota
from ponte.notas import service as notas
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock
from tests.espera import sell, settled

ITEM = {"produto_id": "ARROZ-5KG", "quantidade": 1}


async def _issued(ponte: Embedded) -> list[tuple[int, str]]:
    async def read(tx: Tx) -> list[tuple[int, str]]:
        rows = await tx.fetch("SELECT numero, situacao FROM notas ORDER BY numero")
        return [(row[0], row[1]) for row in rows]

    found: list[tuple[int, str]] = await ponte.ctx.db.read(read)
    return found


async def test_orders_that_come_at_once_get_dense_numbers(ponte: Embedded) -> None:
    bodies = [{"itens": [{**ITEM, "quantidade": 1 if n % 4 else 101}]} for n in range(60)]

    answers = await asyncio.gather(*(ponte.http.post("/pedido", json=b) for b in bodies))
    orders = [await settled(ponte, a.json()["id"]) for a in answers]

    done = [o for o in orders if o["status"] == "concluido"]
    numbers = sorted(o["nota"]["numero"] for o in done)
    assert len(done) == 45
    assert numbers == list(range(1, 46))
    assert all(o["nota"] is None for o in orders if o["status"] == "sem_estoque")
    assert len({o["nota"]["chave"] for o in done}) == 45


async def test_a_rollback_gives_its_numbers_back(ponte: Embedded) -> None:
    await sell(ponte, "ARROZ-5KG")

    async def break_off(tx: Tx) -> None:
        pedidos = [(n, PedidoDaNota(str(n), "api", "1.00")) for n in range(5)]
        taken = await notas.issue_many(tx, ponte.ctx.issuer, pedidos=pedidos)
        assert [n.numero for n in taken] == [2, 3, 4, 5, 6]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await ponte.ctx.db.transact(break_off)
    await sell(ponte, "ARROZ-5KG")

    assert await _issued(ponte) == [(1, "numerada"), (2, "numerada")]


async def test_a_cancelled_order_keeps_its_number_used(ponte: Embedded) -> None:
    first = await sell(ponte, "ARROZ-5KG")

    await ponte.http.post(f"/pedidos/{first['id']}/cancelar", json={"motivo": "desistiu"})
    second = await sell(ponte, "ARROZ-5KG")

    assert await _issued(ponte) == [(1, "cancelada"), (2, "numerada")]
    assert second["nota"]["numero"] == 2
    cancelled = await ponte.get(f"/pedidos/{first['id']}")
    assert cancelled["nota"]["situacao"] == "cancelada"


async def test_numbers_go_on_after_a_restart_and_each_series_has_its_own(
    data_dir: Path, clock: FrozenClock
) -> None:
    numbers: list[tuple[int, int, int, str]] = []

    for emitente in ({}, {}, {"serie": 2}, {"modelo": 65}, {}):
        async with embedded(data_dir, clock=clock, emitente=emitente) as ponte:
            if not numbers:
                await stock(ponte, 100)
            nota = (await sell(ponte, "ARROZ-5KG"))["nota"]
            numbers.append((nota["modelo"], nota["serie"], nota["numero"], nota["chave"][:6]))

    assert numbers == [
        (55, 1, 1, "352611"),
        (55, 1, 2, "352611"),
        (55, 2, 1, "352611"),
        (65, 1, 1, "352611"),
        (55, 1, 3, "352611"),
    ]


async def test_nothing_to_issue_takes_no_number(ponte: Embedded) -> None:
    async def nothing(tx: Tx) -> None:
        assert await notas.issue_many(tx, ponte.ctx.issuer, pedidos=[]) == []
        assert await tx.fetch("SELECT ultimo FROM series") == []

    await ponte.ctx.db.transact(nothing)
