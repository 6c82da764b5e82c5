"""P3: same Idempotency-Key, same answer, one effect, also when two arrive at once."""

import asyncio

import httpx2

from tests.acceptance.servidor import Servidor, order, product, settled


async def test_a_repeat_gets_the_same_answer_byte_for_byte(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 10)
    key = {"Idempotency-Key": "k-1"}

    first = await http.post("/pedido", json=order("A"), headers=key)
    await settled(http, first.json()["id"])
    again = await http.post("/pedido", json=order("A"), headers=key)

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.headers["location"] == again.headers["location"]
    assert (await http.get("/estoque/A")).json()["quantidade"] == 9
    assert (await http.get("/pedidos")).json()["total"] == 1


async def test_many_at_once_have_one_effect(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 100)

    answers = await asyncio.gather(
        *(
            http.post("/pedido", json=order("A"), headers={"Idempotency-Key": f"k-{n % 4}"})
            for n in range(60)
        )
    )

    settled_ones = [a for a in answers if a.status_code == 202]
    assert {a.status_code for a in answers} <= {202, 409}
    assert len({a.json()["id"] for a in settled_ones}) == 4
    assert (await http.get("/pedidos")).json()["total"] == 4


async def test_the_same_key_with_another_body_is_refused(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 10)
    key = {"Idempotency-Key": "k-1"}
    await http.post("/pedido", json=order("A", 1), headers=key)

    other = await http.post("/pedido", json=order("A", 2), headers=key)

    assert (other.status_code, other.json()["code"]) == (422, "chave_reutilizada")
    assert (await http.get("/pedidos")).json()["total"] == 1


async def test_the_key_outlives_kill_9(servidor: Servidor, http: httpx2.AsyncClient) -> None:
    await product(http, "A", 10)
    key = {"Idempotency-Key": "k-1"}
    first = await http.post("/pedido", json=order("A"), headers=key)

    await servidor.kill()
    await servidor.start()
    again = await http.post("/pedido", json=order("A"), headers=key)

    assert again.content == first.content
    assert (await http.get("/pedidos")).json()["total"] == 1


async def test_an_external_id_is_one_order_for_ever(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 100)
    body = order("A", pedido_externo="EXT-1")

    answers = await asyncio.gather(*(http.post("/pedido", json=body) for _ in range(20)))
    later = await http.post("/pedido", json=order("A", 5, pedido_externo="EXT-1"))
    elsewhere = await http.post("/pedido", json=order("A", canal="site", pedido_externo="EXT-1"))

    assert sorted(a.status_code for a in answers) == [200] * 19 + [202]
    assert len({a.json()["id"] for a in (*answers, later)}) == 1
    assert later.status_code == 200
    assert elsewhere.status_code == 202


async def test_every_route_that_creates_keeps_the_promise(http: httpx2.AsyncClient) -> None:
    await product(http, "A", 10)
    requests = [
        ("/estoque/A/ajustes", {"delta": 1, "motivo": "achado"}),
        ("/alerts", {"nome": "teste", "titulo": "Um teste"}),
    ]

    for path, body in requests:
        key = {"Idempotency-Key": f"key{path}"}
        first = await http.post(path, json=body, headers=key)
        again = await http.post(path, json=body, headers=key)
        assert first.is_success, first.text
        assert (first.status_code, first.content) == (again.status_code, again.content)

    assert (await http.get("/estoque/A")).json()["quantidade"] == 11
    assert (await http.get("/alerts")).json()["itens"][0]["contagem"] == 1
