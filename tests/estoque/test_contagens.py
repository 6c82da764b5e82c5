"""A count is a difference at the time when it was measured; the ledger always adds up."""

from pathlib import Path
from typing import Any

import pytest

from ponte.domain.valores import format_time
from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock
from tests.espera import sell

ARROZ = "/estoque/ARROZ-5KG"


async def _count(ponte: Embedded, quantidade: int, path: str = ARROZ, **more: Any) -> Any:
    return await ponte.http.put(path, json={"quantidade": quantidade, "motivo": "contagem", **more})


async def _quantity(ponte: Embedded) -> int:
    return int((await ponte.get(ARROZ))["quantidade"])


async def _adds_up(ponte: Embedded, path: str = ARROZ) -> bool:
    item = await ponte.get(path)
    moves = await ponte.get(f"{path}/movimentos", filial_id=item["filial_id"], limite=500)
    return bool(sum(m["delta"] for m in moves["itens"]) == item["quantidade"])


async def _facts(ponte: Embedded, tipo: str) -> int:
    return int((await ponte.get("/eventos", tipo=tipo))["total"])


async def test_what_was_sold_after_the_count_still_counts(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        await stock(ponte, 100)
        clock.advance(60)
        counted = format_time(clock.ms)
        clock.advance(60)
        await sell(ponte, "ARROZ-5KG", 3)
        clock.advance(60)

        await _count(ponte, 50, medido_em=counted)

        assert await _quantity(ponte) == 47
        assert await _adds_up(ponte)


async def test_a_count_older_than_the_last_one_changes_nothing(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        await stock(ponte, 100)
        clock.advance(60)
        late = format_time(clock.ms)
        clock.advance(60)
        await _count(ponte, 40)

        answer = await _count(ponte, 90, medido_em=late)

        assert answer.status_code == 200
        assert await _quantity(ponte) == 40
        assert await _adds_up(ponte)


async def test_more_sold_than_was_counted_leaves_an_empty_shelf_and_never_less(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        await stock(ponte, 100)
        clock.advance(60)
        counted = format_time(clock.ms)
        clock.advance(60)
        await sell(ponte, "ARROZ-5KG", 30)

        answer = await _count(ponte, 10, medido_em=counted)

        assert answer.json()["quantidade"] == 0
        assert await _adds_up(ponte)


async def test_a_count_of_the_future_is_refused_and_changes_nothing(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        await stock(ponte, 100)

        answer = await _count(ponte, 1, medido_em=format_time(clock.ms + 1))

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["campo"] == "medido_em"
        assert await _quantity(ponte) == 100


BAD_COUNTS: dict[str, tuple[dict[str, Any], str]] = {
    "below zero": ({"quantidade": -1}, "quantidade"),
    "over a thousand million": ({"quantidade": 10**9 + 1}, "quantidade"),
    "as text": ({"quantidade": "1"}, "quantidade"),
    "true": ({"quantidade": True}, "quantidade"),
    "half a unit": ({"quantidade": 0.5}, "quantidade"),
    "no reason": ({"motivo": ""}, "motivo"),
    "a time without a zone": ({"medido_em": "2026-01-01T00:00:00"}, "medido_em"),
    "a time that is none": ({"medido_em": "ontem"}, "medido_em"),
    "a time before all times": ({"medido_em": "0001-01-01T00:00:00+23:59"}, "medido_em"),
    "a price of 3 decimals": ({"preco": "1.999"}, "preco"),
    "a price of NaN": ({"preco": "NaN"}, "preco"),
    "a price as a number": ({"preco": 1.5}, "preco"),
    "a minimum below zero": ({"minimo": -1}, "minimo"),
    "an EAN of letters": ({"ean": "789100010010X"}, "ean"),
    "a picture that is code": ({"imagem_url": "javascript:alert(1)"}, "imagem_url"),
    "a field of one's own": ({"disponivel": 5}, "disponivel"),
}


async def test_a_bad_count_is_refused_by_the_fields_name_and_changes_nothing(
    ponte: Embedded,
) -> None:
    before = await ponte.get("/eventos")

    answers = {
        name: await ponte.http.put(ARROZ, json={"quantidade": 1, "motivo": "x", **changes})
        for name, (changes, _campo) in BAD_COUNTS.items()
    }

    named = {n: [e["campo"] for e in a.json().get("errors", ())] for n, a in answers.items()}
    assert {n: a.status_code for n, a in answers.items() if a.status_code != 422} == {}
    assert {n: named[n] for n, (_, campo) in BAD_COUNTS.items() if campo not in named[n]} == {}
    assert (await ponte.get("/eventos"))["total"] == before["total"]


async def test_a_new_product_needs_its_name_and_price_and_is_created_once(
    ponte: Embedded,
) -> None:
    nameless = await _count(ponte, 5, "/estoque/NOVO", preco="1.00")
    priceless = await _count(ponte, 5, "/estoque/NOVO", nome="Novo")

    created = await _count(ponte, 5, "/estoque/NOVO", nome="Novo", preco="1.00")
    counted = await _count(ponte, 6, "/estoque/NOVO")

    assert [a.json()["errors"][0]["campo"] for a in (nameless, priceless)] == ["nome", "preco"]
    assert (created.status_code, counted.status_code) == (201, 200)
    assert counted.json()["preco"] == "1.00"
    assert await _adds_up(ponte, "/estoque/NOVO")


async def test_a_second_filial_has_a_shelf_of_its_own_and_the_same_name(ponte: Embedded) -> None:
    await _count(ponte, 7, filial_id="2", minimo=9)

    one, two = [await ponte.get(ARROZ, filial_id=f) for f in ("1", "2")]

    assert (one["quantidade"], two["quantidade"]) == (100, 7)
    assert (one["baixo"], two["baixo"]) == (False, True)
    assert one["nome"] == two["nome"]
    assert (await ponte.get(f"{ARROZ}/movimentos"))["total"] == 2
    assert (await ponte.get(f"{ARROZ}/movimentos", filial_id="2"))["itens"][0]["saldo"] == 7
    assert (await ponte.http.get(ARROZ, params={"filial_id": "3"})).status_code == 404


async def test_a_changed_minimum_crosses_the_line_without_a_unit_moving(ponte: Embedded) -> None:
    await _count(ponte, 100, minimo=101)
    low = (await ponte.get(ARROZ))["baixo"]
    alerts = await _facts(ponte, "estoque.baixo")

    await _count(ponte, 100, minimo=5)

    assert (low, alerts) == (True, 1)
    assert not (await ponte.get(ARROZ))["baixo"]
    assert await _facts(ponte, "estoque.normalizado") == 1


async def test_only_the_crossing_of_zero_says_sold_out_and_back(ponte: Embedded) -> None:
    for quantidade in (1, 0, 0, 3, 4):
        await _count(ponte, quantidade)

    assert await _facts(ponte, "estoque.esgotado") == 1
    assert await _facts(ponte, "estoque.disponivel") == 4  # three openings and the one return


async def test_units_are_added_and_taken_by_hand_but_never_below_zero(ponte: Embedded) -> None:
    async def adjust(delta: int) -> Any:
        return await ponte.http.post(f"{ARROZ}/ajustes", json={"delta": delta, "motivo": "quebra"})

    taken, too_many, zero, added = [await adjust(d) for d in (-40, -61, 0, 5)]

    assert (taken.json()["quantidade"], added.json()["quantidade"]) == (60, 65)
    assert (too_many.status_code, too_many.json()["code"]) == (409, "estoque_insuficiente")
    assert zero.status_code == 422
    nowhere = await ponte.http.post("/estoque/NAO-HA/ajustes", json={"delta": 1, "motivo": "sobra"})
    assert nowhere.status_code == 404
    assert await _adds_up(ponte)


async def test_every_change_by_hand_is_on_record_with_its_author(ponte: Embedded) -> None:
    await _count(ponte, 90)
    await ponte.http.post(f"{ARROZ}/ajustes", json={"delta": -1, "motivo": "quebra"})

    async def read(tx: Any) -> Any:
        return await tx.fetch("SELECT acao, alvo, autor FROM auditoria ORDER BY id")

    rows = await ponte.ctx.db.read(read)
    moves = (await ponte.get(f"{ARROZ}/movimentos"))["itens"]
    assert [(r[0], r[1]) for r in rows] == [
        ("estoque.contagem", "ARROZ-5KG@1"),
        ("estoque.ajuste", "ARROZ-5KG@1"),
    ]
    assert [(m["tipo"], m["motivo"], m["autor"]) for m in moves[:2]] == [
        ("ajuste", "quebra", rows[1][2]),
        ("contagem", "contagem", rows[0][2]),
    ]


@pytest.mark.parametrize("units", [1, 99])
async def test_a_cancelled_sale_comes_back_as_a_movement_of_its_own(
    ponte: Embedded, units: int
) -> None:
    pedido = await sell(ponte, "ARROZ-5KG", units)

    first = await ponte.http.post(f"/pedidos/{pedido['id']}/cancelar", json={"motivo": "desistiu"})
    again = await ponte.http.post(f"/pedidos/{pedido['id']}/cancelar", json={"motivo": "desistiu"})

    assert (first.json()["status"], again.status_code) == ("cancelado", 409)
    assert await _quantity(ponte) == 100
    moves = (await ponte.get(f"{ARROZ}/movimentos"))["itens"]
    assert [(m["tipo"], m["delta"], m["pedido_id"]) for m in moves[:2]] == [
        ("cancelamento", units, pedido["id"]),
        ("venda", -units, pedido["id"]),
    ]
