"""P6 and P7: one order's facts stay in order, others never wait, and what fails is set aside."""

import asyncio
from typing import Any

import httpx2

from tests.acceptance.servidor import order, product, settled, until


async def test_the_story_of_each_order_is_in_order_while_many_run(
    http: httpx2.AsyncClient,
) -> None:
    await product(http, "A", 10_000)
    answers = await asyncio.gather(*(http.post("/pedido", json=order("A")) for _ in range(60)))
    ids = [a.json()["id"] for a in answers]

    await asyncio.gather(
        *(http.post(f"/pedidos/{i}/cancelar", json={"motivo": "teste"}) for i in ids[::2])
    )
    for pedido_id in ids:
        await settled(http, pedido_id)

    facts = (await http.get("/eventos", params={"limite": 500})).json()["itens"]
    assert [f["pos"] for f in facts] == list(range(1, len(facts) + 1))
    for pedido_id in ids:
        story = [f["tipo"] for f in facts if f["lane"] == pedido_id]
        assert story[0] == "pedido.recebido"
        assert story in (
            ["pedido.recebido", "nota.emitida", "pedido.concluido"],
            ["pedido.recebido", "pedido.cancelado"],
            ["pedido.recebido", "nota.emitida", "pedido.concluido", "pedido.cancelado"],
        )


async def test_a_dead_destination_sets_its_own_work_aside_and_all_else_goes_on(
    http: httpx2.AsyncClient,
) -> None:
    await product(http, "A", 100)
    ids = [(await http.post("/pedido", json=order("A"))).json()["id"] for _ in range(5)]

    for pedido_id in ids:
        assert (await settled(http, pedido_id))["status"] == "concluido"
    empty = (await http.get("/falhas")).json()
    assert (empty["itens"], empty["causas"]) == ([], [])


async def test_facts_can_be_read_on_from_any_place(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 100)
    for _ in range(3):
        await settled(http, (await http.post("/pedido", json=order("A"))).json()["id"])

    first = (await http.get("/eventos", params={"limite": 4})).json()
    rest: list[Any] = []
    cursor = first["proximo"]
    while cursor:
        page = (await http.get("/eventos", params={"limite": 4, "cursor": cursor})).json()
        rest += page["itens"]
        cursor = page["proximo"]
    only = (await http.get("/eventos", params={"tipo": "pedido.concluido"})).json()["itens"]

    assert [f["pos"] for f in (*first["itens"], *rest)] == list(range(1, len(rest) + 5))
    assert {f["tipo"] for f in only} == {"pedido.concluido"}
    assert len(only) == 3
    assert await until(lambda: _none_waiting(http))


async def _none_waiting(http: httpx2.AsyncClient) -> bool:
    ready = (await http.get("/health/ready")).json()
    return bool(ready["partes"]["fila"]["esperando"] == 0)
