"""Lists of stock: filters say what they mean, and pages neither repeat nor skip a row."""

from itertools import pairwise
from typing import Any

from ponte.testing import Embedded
from tests.espera import sell

HEAD = "produto_id,nome,preco,quantidade,filial_id,ean,categoria"


async def _import(ponte: Embedded, *rows: str) -> None:
    csv = "\n".join([HEAD, *rows]).encode()
    answer = await ponte.http.post("/estoque/importar", content=csv)
    assert answer.status_code == 200, answer.text


async def _ids(ponte: Embedded, **params: Any) -> list[str]:
    return [item["produto_id"] for item in (await ponte.get("/estoque", **params))["itens"]]


async def test_a_search_takes_its_signs_literally(ponte: Embedded) -> None:
    await _import(
        ponte,
        "SUCO-100%,Suco 100% uva,9.90,9,1,7891000100103,Bebidas",
        "SUCO-100X,Suco 1000 ml,9.90,9,1,,Bebidas",
        "PAO_FRANCES,Pão francês,0.90,9,1,,Padaria",
        "PAO-FRANCES,Pão francês!,0.90,9,1,,Padaria",
    )

    found = {
        text: await _ids(ponte, busca=text)
        for text in ("100%", "PAO_F", "%", "_", "!", "bebidas", "7891000100103", " suco ", "nada")
    }

    assert found == {
        "100%": ["SUCO-100%"],
        "PAO_F": ["PAO_FRANCES"],
        "%": ["SUCO-100%"],
        "_": ["PAO_FRANCES"],
        "!": ["PAO-FRANCES"],
        "bebidas": ["SUCO-100%", "SUCO-100X"],
        "7891000100103": ["SUCO-100%"],
        " suco ": ["SUCO-100%", "SUCO-100X"],
        "nada": [],
    }


async def test_the_low_ones_of_one_filial(ponte: Embedded) -> None:
    await _import(ponte, "A,A,1.00,4,1,,", "A,A,1.00,5,2,,", "B,B,1.00,3,2,,")

    low = await _ids(ponte, baixo=True)
    low_there = await ponte.get("/estoque", baixo=True, filial_id="2")

    assert low == ["A", "B"]
    assert (low_there["total"], low_there["itens"][0]["produto_id"]) == (1, "B")


async def test_pages_repeat_and_skip_nothing_while_rows_are_added(ponte: Embedded) -> None:
    await _import(ponte, *(f"P-{n:03d},P,1.00,1,1,," for n in range(0, 100, 2)))
    seen: list[str] = []
    page = await ponte.get("/estoque", limite=7)

    for added in range(1, 100, 2):
        seen += [item["produto_id"] for item in page["itens"]]
        if page["proximo"] is None:
            break
        await _import(ponte, f"P-{added:03d},P,1.00,1,1,,")
        page = await ponte.get("/estoque", limite=7, cursor=page["proximo"])

    assert len(seen) == len(set(seen))
    assert {f"P-{n:03d}" for n in range(0, 100, 2)} <= set(seen)
    assert seen == sorted(seen)


async def test_orders_are_paged_from_the_newest_while_new_ones_come_in(ponte: Embedded) -> None:
    for _ in range(9):
        await sell(ponte, "LEITE-1L")
    first = await ponte.get("/pedidos", limite=4)
    await sell(ponte, "LEITE-1L")

    second = await ponte.get("/pedidos", limite=4, cursor=first["proximo"])
    third = await ponte.get("/pedidos", limite=4, cursor=second["proximo"])

    numbers = [p["numero"] for page in (first, second, third) for p in page["itens"]]
    assert numbers == list(range(numbers[0], numbers[0] - 9, -1))
    assert third["proximo"] is None
    assert third["total"] == 10


async def test_the_ledger_is_paged_from_the_newest_and_its_balances_chain(
    ponte: Embedded,
) -> None:
    for _ in range(11):
        await ponte.http.post("/estoque/LEITE-1L/ajustes", json={"delta": -2, "motivo": "quebra"})
    path, seen = "/estoque/LEITE-1L/movimentos", list[Any]()
    page = await ponte.get(path, limite=5)

    while True:
        seen += page["itens"]
        if page["proximo"] is None:
            break
        await ponte.http.post("/estoque/LEITE-1L/ajustes", json={"delta": 1, "motivo": "sobra"})
        page = await ponte.get(path, limite=5, cursor=page["proximo"])

    assert [m["delta"] for m in seen] == [-2] * 11 + [100]
    assert all(new["saldo"] - new["delta"] == old["saldo"] for new, old in pairwise(seen))


async def test_skipping_reaches_the_same_rows(ponte: Embedded) -> None:
    everything = await _ids(ponte)

    pages = [(await _ids(ponte, pular=n, limite=1)) for n in range(4)]

    assert pages == [[everything[0]], [everything[1]], [everything[2]], []]


async def test_a_stranger_may_see_the_stock_but_not_its_story(ponte: Embedded) -> None:
    del ponte.http.headers["Authorization"]

    answers = [
        (await ponte.http.get(path)).status_code
        for path in ("/estoque", "/estoque/LEITE-1L", "/estoque/LEITE-1L/movimentos")
    ]

    assert answers == [200, 200, 401]
