"""A bad order is refused with the field's name, and nothing of it is stored."""

import asyncio
from typing import Any

import orjson
import pytest

from ponte.store.db import Tx
from ponte.testing import Embedded

ITEM = {"produto_id": "ARROZ-5KG", "quantidade": 1}


def _item(**changes: Any) -> dict[str, Any]:
    return {"itens": [{**ITEM, **changes}]}


def _order(**changes: Any) -> dict[str, Any]:
    return {"itens": [ITEM], **changes}


async def _stored(ponte: Embedded) -> tuple[int, int, int]:
    async def count(tx: Tx) -> tuple[int, int, int]:
        tables = ("pedidos", "itens", "idempotencia")
        rows = [await tx.fetch_one(f"SELECT COUNT(*) FROM {t}") for t in tables]  # noqa: S608
        return tuple(row[0] if row else -1 for row in rows)  # type: ignore[return-value]

    return await ponte.ctx.db.read(count)  # type: ignore[no-any-return]


REFUSED = {
    "unknown product": (_item(produto_id="NAO-HA"), "itens.0.produto_id"),
    "unknown product beside a known one": (
        {"itens": [ITEM, {"produto_id": "NAO-HA", "quantidade": 1}]},
        "itens.1.produto_id",
    ),
    "no quantity": ({"itens": [{"produto_id": "ARROZ-5KG"}]}, "itens.0.quantidade"),
    "quantity 0": (_item(quantidade=0), "itens.0.quantidade"),
    "quantity -1": (_item(quantidade=-1), "itens.0.quantidade"),
    "quantity 10^6": (_item(quantidade=1_000_000), "itens.0.quantidade"),
    "quantity 10^9": (_item(quantidade=10**9), "itens.0.quantidade"),
    "quantity true": (_item(quantidade=True), "itens.0.quantidade"),
    "quantity as text": (_item(quantidade="1"), "itens.0.quantidade"),
    "quantity 1.0": (_item(quantidade=1.0), "itens.0.quantidade"),
    "quantity null": (_item(quantidade=None), "itens.0.quantidade"),
    "price with 3 decimals": (_item(preco_unitario="1.999"), "itens.0.preco_unitario"),
    "price below zero": (_item(preco_unitario="-1.00"), "itens.0.preco_unitario"),
    "price NaN": (_item(preco_unitario="NaN"), "itens.0.preco_unitario"),
    "price in exponents": (_item(preco_unitario="1e3"), "itens.0.preco_unitario"),
    "price with a comma": (_item(preco_unitario="25,90"), "itens.0.preco_unitario"),
    "price of 10^20": (_item(preco_unitario="1" + "0" * 20), "itens.0.preco_unitario"),
    "price as a number": (_item(preco_unitario=25.9), "itens.0.preco_unitario"),
    "a total beyond any money column": (
        _item(preco_unitario="99999999999", quantidade=999_999),
        "itens",
    ),
    "no items": ({"itens": []}, "itens"),
    "items missing": ({}, "itens"),
    "501 items": ({"itens": [ITEM] * 501}, "itens"),
    "an unknown field": (_order(desconto="1.00"), "desconto"),
    "an unknown field of an item": (_item(sku="A"), "itens.0.sku"),
    "a status of one's own": (_order(status="concluido"), "status"),
    "a wrong CPF": (_order(cliente={"documento": "52998224724"}), "cliente.documento"),
    "a CPF of equal digits": (_order(cliente={"documento": "1" * 11}), "cliente.documento"),
    "a wrong CNPJ": (_order(cliente={"documento": "12ABC34501DE36"}), "cliente.documento"),
    "a CNPJ ending in letters": (_order(cliente={"documento": "12ABC34501DEAB"}),
                                 "cliente.documento"),
    "a short phone": (_order(cliente={"telefone": "123"}), "cliente.telefone"),
    "a phone of no country": (_order(cliente={"telefone": "+999123456789"}), "cliente.telefone"),
    "an e-mail without an @": (_order(cliente={"email": "ana.example.com"}), "cliente.email"),
    "an e-mail with a blank": (_order(cliente={"email": "a na@example.com"}), "cliente.email"),
    "a canal in capitals": (_order(canal="API"), "canal"),
    "an empty external id": (_order(pedido_externo=""), "pedido_externo"),
    "an external id of blanks": (_order(pedido_externo=" "), "pedido_externo"),
    "a list": ([], "corpo"),
}  # fmt: skip


async def test_a_bad_order_is_refused_by_the_fields_name_and_nothing_is_stored(
    ponte: Embedded,
) -> None:
    headers = {"Idempotency-Key": "k"}

    answers = {
        name: await ponte.http.post("/pedido", json=body, headers=headers)
        for name, (body, _campo) in REFUSED.items()
    }

    assert {n: (a.status_code, a.headers["content-type"]) for n, a in answers.items()} == (
        dict.fromkeys(REFUSED, (422, "application/problem+json"))
    )
    named = {n: [e["campo"] for e in a.json()["errors"]] for n, a in answers.items()}
    assert {n: campo for n, (_body, campo) in REFUSED.items() if campo not in named[n]} == {}
    assert await _stored(ponte) == (0, 0, 0)


async def test_every_wrong_field_is_named_at_once(ponte: Embedded) -> None:
    body = {"itens": [{"produto_id": "", "quantidade": 0}], "cliente": {"documento": "1"}}

    answer = await ponte.http.post("/pedido", json=body)

    assert {e["campo"] for e in answer.json()["errors"]} == {
        "itens.0.produto_id",
        "itens.0.quantidade",
        "cliente.documento",
    }


async def test_the_largest_order_is_taken(ponte: Embedded) -> None:
    body = {"itens": [ITEM] * 500}

    answer = await ponte.http.post("/pedido", json=body)

    assert answer.status_code == 202
    assert answer.json()["total"] == "12950.00"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"documento": "529.982.247-25"}, {"documento": "52998224725"}),
        ({"documento": "12.abc.345/01de-35"}, {"documento": "12ABC34501DE35"}),
        ({"telefone": "(11) 98765-4321"}, {"telefone": "+5511987654321"}),
        ({"email": "ana@example.com"}, {"email": "ana@example.com"}),
    ],
)
async def test_what_is_right_is_kept_in_one_form(
    ponte: Embedded, given: dict[str, str], kept: dict[str, str]
) -> None:
    answer = await ponte.http.post("/pedido", json=_order(cliente=given))

    pedido = await ponte.get(f"/pedidos/{answer.json()['id']}")
    assert {k: v for k, v in pedido["cliente"].items() if v is not None} == kept


async def test_an_external_id_is_taken_once_for_ever_and_per_canal(ponte: Embedded) -> None:
    first = await ponte.http.post("/pedido", json=_order(pedido_externo="A-1"))

    again = await ponte.http.post(
        "/pedido", json={"itens": [{**ITEM, "quantidade": 9}], "pedido_externo": "A-1"}
    )
    elsewhere = await ponte.http.post("/pedido", json=_order(canal="loja", pedido_externo="A-1"))

    assert (first.status_code, again.status_code, elsewhere.status_code) == (202, 200, 202)
    assert again.json()["id"] == first.json()["id"] != elsewhere.json()["id"]
    assert again.json()["total"] == "25.90"
    assert (await ponte.get("/pedidos"))["total"] == 2


async def test_one_bad_order_among_many_sinks_no_neighbour(ponte: Embedded) -> None:
    bodies = [_order() if n % 3 else _item(produto_id="NAO-HA") for n in range(30)]

    answers = await asyncio.gather(*(ponte.http.post("/pedido", json=b) for b in bodies))

    assert [a.status_code for a in answers] == [202 if n % 3 else 422 for n in range(30)]
    assert (await ponte.get("/pedidos"))["total"] == 20


# ---------------------------------------------------------------- addresses


NOBODY = ["1", "nao-e-uuid", "x" * 8000, "a b", "'; DROP TABLE x--", "a%2Fb", "..%2F..%2Fetc"]


async def test_what_is_not_there_is_404_whatever_its_id_looks_like(ponte: Embedded) -> None:
    gets = [
        f"{noun}/{x}" for noun in ("/pedidos", "/estoque", "/alerts", "/falhas") for x in NOBODY
    ]
    posts = [f"/pedidos/{x}/{verb}" for x in NOBODY for verb in ("cancelar", "reprocessar")]
    posts += [f"/alerts/{x}/{verb}" for x in NOBODY for verb in ("ack", "resolve")]
    posts += [f"/falhas/{x}/{verb}" for x in NOBODY for verb in ("reprocessar", "descartar")]

    answers = {path: await ponte.http.get(path) for path in gets}
    for path in posts:
        answers[path] = await ponte.http.post(path, json={"motivo": "x"})

    assert {p: a.status_code for p, a in answers.items() if a.status_code != 404} == {}
    assert {a.json()["code"] for a in answers.values()} == {"nao_encontrado"}


async def test_a_nul_in_the_address_is_422(ponte: Embedded) -> None:
    paths = ["/pedidos/%00", "/pedidos/a%00b", "/estoque/%00", "/alerts/%00", "/falhas?fila=%00"]

    answers = [(await ponte.http.get(path)).status_code for path in paths]

    assert answers == [422] * len(paths)


LISTS = ["/pedidos", "/estoque", "/falhas", "/eventos", "/chaves", "/estoque/ARROZ-5KG/movimentos"]
PAGES = [
    "limite=0",
    "limite=501",
    "limite=-1",
    "limite=1.5",
    "limite=x",
    "pular=-1",
    "pular=99999999999",
    "cursor=xyz",
    "cursor=7b7d",
    "cursor=31",
]
PAGES_OF_ALERTS = [
    "limit=0",
    "limit=501",
    "skip=-1",
    "start_time=ontem",
    "end_time=2026-01-01",
    "severidade=grave",
    "resolvido=talvez",
]
FILTERS = ["desde=ontem", "ate=2026-11-24T12:00:00", "desde=99999-01-01", "status=novo"]


async def test_a_page_out_of_range_is_422_and_says_what_is_wrong(ponte: Embedded) -> None:
    asked = [f"{path}?{query}" for path in LISTS for query in PAGES]
    asked += [f"/alerts?{query}" for query in PAGES_OF_ALERTS]
    asked += [f"/pedidos?{query}" for query in FILTERS]

    answers = {path: await ponte.http.get(path) for path in asked}

    assert {p: a.status_code for p, a in answers.items() if a.status_code != 422} == {}
    named = {p: a.json()["errors"][0]["campo"] for p, a in answers.items()}
    assert {p: c for p, c in named.items() if f"?{c}=" not in p} == {}


async def test_a_cursor_that_nobody_gave_is_422(ponte: Embedded) -> None:
    lists = ["/pedidos", "/estoque", "/eventos", "/estoque/ARROZ-5KG/movimentos"]
    keys: list[Any] = [[2**63], [-1], ["x"], [None], [[]], [1.5], [2**64 - 1, 1]]

    answers = {
        (path, str(key)): await ponte.http.get(path, params={"cursor": orjson.dumps(key).hex()})
        for path in lists
        for key in keys
    }

    assert {k: a.status_code for k, a in answers.items() if a.status_code != 422} == {}


async def test_a_time_before_all_times_is_no_failure(ponte: Embedded) -> None:
    answer = await ponte.http.get("/pedidos?desde=0001-01-01T00:00:00%2B23:59")

    assert answer.status_code in {200, 422}
