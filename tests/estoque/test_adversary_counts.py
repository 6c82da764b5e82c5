"""A count says what stood on the shelf when it was measured, whenever it comes in."""

from pathlib import Path
from typing import Any

from ponte.domain.valores import format_time
from ponte.estoque import monitor
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded


async def _put(ponte: Embedded, produto_id: str, quantidade: int, medido_em: int | None) -> int:
    corpo: dict[str, Any] = {"quantidade": quantidade, "motivo": "contagem"}
    corpo |= {"nome": "Café", "preco": "10.00"}
    if medido_em is not None:
        corpo["medido_em"] = format_time(medido_em)
    answer = await ponte.http.put(f"/estoque/{produto_id}", json=corpo)
    assert answer.status_code in {200, 201}, answer.text
    return int((await ponte.get(f"/estoque/{produto_id}"))["quantidade"])


async def test_counts_that_come_in_late_do_not_add_up(data_dir: Path, clock: FrozenClock) -> None:
    async with embedded(data_dir, papeis=(), clock=clock) as ponte:
        opened = await _put(ponte, "CAFE", 100, clock.ms - 300_000)
        again = await _put(ponte, "CAFE", 100, clock.ms - 200_000)
        fewer = await _put(ponte, "CAFE", 90, clock.ms - 100_000)

        assert (opened, again, fewer) == (100, 100, 90)


async def test_sales_after_the_count_still_count(data_dir: Path, clock: FrozenClock) -> None:
    async with embedded(data_dir, papeis=(), clock=clock) as ponte:
        await _put(ponte, "CAFE", 100, None)
        clock.advance(60)
        medido = clock.ms
        clock.advance(60)
        await ponte.http.post("/estoque/CAFE/ajustes", json={"delta": -3, "motivo": "quebra"})
        clock.advance(60)

        assert await _put(ponte, "CAFE", 50, medido) == 47


async def test_a_count_of_now_is_taken_after_the_clock_went_back(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, papeis=(), clock=clock) as ponte:
        await _put(ponte, "CAFE", 100, None)
        clock.advance(-7200)

        assert await _put(ponte, "CAFE", 40, None) == 40


async def test_a_row_without_its_product_does_not_stop_the_monitor(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, papeis=(), clock=clock) as ponte:
        await _put(ponte, "CAFE", 100, None)

        async def behind(tx: Tx) -> None:
            await tx.execute("INSERT INTO estoque VALUES ('GHOST', '1', 3, 1, 0, 0)")
            await tx.execute("UPDATE estoque SET quantidade = 60 WHERE produto_id = 'CAFE'")

        await ponte.ctx.db.transact(behind)
        explained = await ponte.ctx.db.transact(monitor.reconcile)

        assert explained == 1
        [newest, _] = (await ponte.get("/estoque/CAFE/movimentos"))["itens"]
        assert (newest["tipo"], newest["delta"], newest["saldo"]) == ("externo", -40, 60)
