"""Deps: one effect for each Idempotency-Key, and lists that lose no row."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock

AJUSTES = "/estoque/ARROZ-5KG/ajustes"
MENOS_1 = {"delta": -1, "motivo": "quebra"}


@pytest.fixture
async def porta(data_dir: Path, clock: FrozenClock) -> AsyncIterator[Embedded]:
    """A Ponte with no worker, 100 units of each product and a clock that moves when told to."""
    async with embedded(data_dir, papeis=(), clock=clock) as running:
        await stock(running, 100)
        yield running


async def adjust(porta: Embedded, key: str, body: Any = None, path: str = AJUSTES) -> Any:
    headers = {"Idempotency-Key": key}
    return await porta.http.post(path, json=body or MENOS_1, headers=headers)


async def units(porta: Embedded, produto_id: str = "ARROZ-5KG") -> int:
    found: int = (await porta.get(f"/estoque/{produto_id}"))["quantidade"]
    return found


async def test_the_same_key_and_body_have_one_effect_and_one_answer(porta: Embedded) -> None:
    answers = [await adjust(porta, "k1") for _ in range(3)]

    assert {a.status_code for a in answers} == {200}
    assert {a.content for a in answers} == {answers[0].content}
    assert await units(porta) == 99


async def test_a_repeated_order_points_to_the_same_place(porta: Embedded) -> None:
    body = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}

    first, again = [await adjust(porta, "k1", body, "/pedido") for _ in range(2)]

    assert first.status_code == again.status_code == 202
    assert first.headers["location"] == again.headers["location"]
    assert first.content == again.content


async def test_two_at_once_have_one_effect(porta: Embedded) -> None:
    answers = await asyncio.gather(*(adjust(porta, "k1") for _ in range(20)))

    assert {a.content for a in answers} == {answers[0].content}
    assert await units(porta) == 99


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"delta": -2, "motivo": "quebra"}, AJUSTES),
        (MENOS_1, "/estoque/CAFE-500G/ajustes"),
        (MENOS_1, f"{AJUSTES}?filial_id=1"),
    ],
)
async def test_the_same_key_with_another_request_is_refused(
    porta: Embedded, body: dict[str, Any], path: str
) -> None:
    await adjust(porta, "k1")

    answer = await adjust(porta, "k1", body, path)

    assert (answer.status_code, answer.json()["code"]) == (422, "chave_reutilizada")
    assert (await units(porta), await units(porta, "CAFE-500G")) == (99, 100)


async def test_two_callers_may_choose_the_same_key(porta: Embedded) -> None:
    new = {"nome": "x", "escopos": ["estoque:escrever"]}
    other = (await porta.http.post("/chaves", json=new)).json()["chave"]
    await adjust(porta, "k1")

    headers = {"Idempotency-Key": "k1", "Authorization": f"Bearer {other}"}
    answer = await porta.http.post(AJUSTES, json=MENOS_1, headers=headers)

    assert answer.status_code == 200
    assert await units(porta) == 98


async def test_a_refusal_is_not_remembered_since_nothing_happened(porta: Embedded) -> None:
    too_much = {"delta": -101, "motivo": "quebra"}
    refused = await adjust(porta, "k1", too_much)

    await adjust(porta, "k2", {"delta": 1, "motivo": "entrada"})
    accepted = await adjust(porta, "k1", too_much)

    assert (refused.status_code, accepted.status_code) == (409, 200)
    assert await units(porta) == 0


async def test_a_key_is_kept_for_seven_days_and_no_longer(
    porta: Embedded, clock: FrozenClock
) -> None:
    await adjust(porta, "k1")

    clock.advance(7 * 86_400)
    await adjust(porta, "k1")
    within = await units(porta)
    clock.advance(1)
    await adjust(porta, "k1")
    after = await units(porta)

    assert (within, after) == (99, 98)


async def test_an_answer_outlives_the_process(data_dir: Path) -> None:
    async with embedded(data_dir, papeis=()) as porta:
        await stock(porta, 100)
        first = await adjust(porta, "k1")
    async with embedded(data_dir, papeis=()) as porta:
        again = await adjust(porta, "k1")

        assert again.content == first.content
        assert await units(porta) == 99


async def test_a_key_that_is_no_key_is_refused(porta: Embedded) -> None:
    wrong = [b"", b"x" * 201, b"a b", "é".encode(), b"\x7f", b"a\tb"]

    for key in wrong:
        headers = [(b"Idempotency-Key", key)]
        answer = await porta.http.post(AJUSTES, json=MENOS_1, headers=headers)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["campo"] == "Idempotency-Key"
    longest = await adjust(porta, "!" * 200)
    assert longest.status_code == 200
    assert await units(porta) == 99


@pytest.mark.parametrize("path", ["/pedidos", "/eventos", "/falhas", "/chaves"])
async def test_a_page_out_of_range_is_refused(porta: Embedded, path: str) -> None:
    wrong = (
        "pular=-1", "pular=2147483648", "limite=0", "limite=501", "limite=x", "limite=1e2",
        "cursor=zz", "cursor=7b7d", "pular=99999999999999999999999",
    )  # fmt: skip

    statuses = {q: (await porta.http.get(f"{path}?{q}")).status_code for q in wrong}
    widest = await porta.http.get(f"{path}?pular=2147483647&limite=500")

    assert set(statuses.values()) == {422}
    assert widest.status_code == 200


async def test_messages_and_alerts_take_their_own_words(porta: Embedded) -> None:
    right = await porta.http.get("/alerts?skip=0&limit=500")
    wrong = await porta.http.get("/alerts?limit=501")

    assert right.json() == {"itens": [], "total": 0, "proximo": None}
    assert wrong.json()["errors"][0]["campo"] == "limit"


async def test_a_list_is_walked_by_its_cursor_without_losing_a_row(porta: Embedded) -> None:
    for n in range(7):
        await adjust(porta, f"k{n}")

    seen, cursor = [], None
    while True:
        params: dict[str, Any] = {"limite": 3} | ({"cursor": cursor} if cursor else {})
        page = await porta.get("/eventos", **params)
        seen += [fact["pos"] for fact in page["itens"]]
        cursor = page["proximo"]
        await adjust(porta, f"later-{len(seen)}") if len(seen) < 6 else None
        if cursor is None:
            break

    assert seen == sorted(set(seen))
    assert seen == list(range(1, page["total"] + 1))
