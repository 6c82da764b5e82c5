"""P2: stock never goes below zero and never drifts; an order is taken whole or not at all."""

import asyncio

import httpx2

from tests.acceptance.servidor import order, product, settled


async def test_exactly_k_of_k_units_are_sold(http: httpx2.AsyncClient) -> None:
    await product(http, "LEITE-1L", 7)

    answers = await asyncio.gather(
        *(http.post("/pedido", json=order("LEITE-1L")) for _ in range(40))
    )
    states = [(await settled(http, a.json()["id"]))["status"] for a in answers]

    assert states.count("concluido") == 7
    assert states.count("sem_estoque") == 33
    assert (await http.get("/estoque/LEITE-1L")).json()["quantidade"] == 0
    await _adds_up(http, "LEITE-1L", 7)


async def test_an_order_that_lacks_one_item_takes_none(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 10)
    await product(http, "B", 1)
    body = {"itens": [{"produto_id": "A", "quantidade": 2}, {"produto_id": "B", "quantidade": 2}]}

    pedido = await settled(http, (await http.post("/pedido", json=body)).json()["id"])

    assert pedido["status"] == "sem_estoque"
    assert pedido["nota"] is None
    assert (await http.get("/estoque/A")).json()["quantidade"] == 10
    short = pedido["linha_do_tempo"][-1]["dados"]["faltas"]
    assert short == [{"produto_id": "B", "pedido": 2, "disponivel": 1}]


async def test_cancelling_gives_the_stock_back_once(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 10)
    pedido = await settled(http, (await http.post("/pedido", json=order("A", 4))).json()["id"])

    answers = await asyncio.gather(
        *(
            http.post(f"/pedidos/{pedido['id']}/cancelar", json={"motivo": "cliente desistiu"})
            for _ in range(5)
        )
    )

    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409, 409]
    assert (await http.get("/estoque/A")).json()["quantidade"] == 10
    after = (await http.get(f"/pedidos/{pedido['id']}")).json()
    assert after["status"] == "cancelado"
    assert after["nota"]["situacao"] == "cancelada"
    await _adds_up(http, "A", 10)


async def test_an_order_cancelled_before_the_worker_came_never_takes_stock(
    http: httpx2.AsyncClient,
) -> None:
    await product(http, "A", 10)

    ids = [(await http.post("/pedido", json=order("A"))).json()["id"] for _ in range(10)]
    for pedido_id in ids:
        await http.post(f"/pedidos/{pedido_id}/cancelar", json={"motivo": "teste"})

    await asyncio.sleep(0.3)
    assert (await http.get("/estoque/A")).json()["quantidade"] == 10
    await _adds_up(http, "A", 10)


async def test_an_order_short_of_stock_can_be_tried_again(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 1)
    pedido_id = (await http.post("/pedido", json=order("A", 3))).json()["id"]
    assert (await settled(http, pedido_id))["status"] == "sem_estoque"

    await http.post("/estoque/A/ajustes", json={"delta": 5, "motivo": "chegou"})
    answer = await http.post(f"/pedidos/{pedido_id}/reprocessar")

    assert answer.status_code == 202
    assert (await settled(http, pedido_id))["status"] == "concluido"
    assert (await http.get("/estoque/A")).json()["quantidade"] == 3
    again = await http.post(f"/pedidos/{pedido_id}/reprocessar")
    assert (again.status_code, again.json()["code"]) == (409, "estado_invalido")


async def test_sales_after_the_time_of_a_count_still_count(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 100)
    await settled(http, (await http.post("/pedido", json=order("A", 10))).json()["id"])
    measured = (await http.get("/estoque/A")).json()["atualizado_em"]
    await settled(http, (await http.post("/pedido", json=order("A", 5))).json()["id"])

    # Somebody counted 88 when the books said 90; five were sold since.
    counted = await http.put(
        "/estoque/A", json={"quantidade": 88, "motivo": "contagem", "medido_em": measured}
    )

    assert counted.json()["quantidade"] == 83
    await _adds_up(http, "A", 83)


async def test_an_adjustment_below_zero_is_refused_and_nothing_changes(
    http: httpx2.AsyncClient,
) -> None:
    await product(http, "A", 3)

    answer = await http.post("/estoque/A/ajustes", json={"delta": -4, "motivo": "quebra"})

    assert (answer.status_code, answer.json()["code"]) == (409, "estoque_insuficiente")
    assert (await http.get("/estoque/A")).json()["quantidade"] == 3


async def _adds_up(http: httpx2.AsyncClient, produto_id: str, expected: int | None) -> None:
    ledger = (await http.get(f"/estoque/{produto_id}/movimentos", params={"limite": 500})).json()
    quantidade = (await http.get(f"/estoque/{produto_id}")).json()["quantidade"]
    saldo = 0
    for movimento in reversed(ledger["itens"]):
        saldo += movimento["delta"]
        assert movimento["saldo"] == saldo >= 0
    assert saldo == quantidade
    if expected is not None and ledger["itens"][-1]["tipo"] == "abertura":
        assert ledger["total"] == len(ledger["itens"])
