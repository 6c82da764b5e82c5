"""P1: an order answered 202 is never lost and takes stock exactly once, whatever is killed."""

import asyncio
from pathlib import Path

import httpx2

from tests.acceptance.servidor import Servidor, order, product, serving, settled, until


async def test_an_order_answered_before_kill_9_is_concluded_after_the_restart(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "ARROZ-5KG", 1000)
    answers = await asyncio.gather(
        *(http.post("/pedido", json=order("ARROZ-5KG", pedido_externo=f"A-{n}")) for n in range(50))
    )

    await servidor.kill()
    await servidor.start()

    accepted = [a.json()["id"] for a in answers if a.status_code == 202]
    assert len(accepted) == 50
    for pedido_id in accepted:
        pedido = await settled(http, pedido_id)
        assert pedido["status"] == "concluido"
    item = (await http.get("/estoque/ARROZ-5KG")).json()
    assert item["quantidade"] == 950


async def test_orders_wait_for_a_worker_that_is_away_and_are_handled_once_it_is_back(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "dados"
    data_dir.mkdir()
    servidor = Servidor(data_dir)
    await servidor.start("web")
    try:
        async with servidor.http() as http:
            await product(http, "ARROZ-5KG", 100)
            answers = [await http.post("/pedido", json=order("ARROZ-5KG")) for _ in range(10)]
            statuses = {
                (await http.get(f"/pedidos/{a.json()['id']}")).json()["status"] for a in answers
            }
            await servidor.start("worker")
            for answer in answers:
                assert (await settled(http, answer.json()["id"]))["status"] == "concluido"
            await servidor.kill("worker")
            late = await http.post("/pedido", json=order("ARROZ-5KG"))
            await servidor.start("worker")

            assert statuses == {"recebido"}
            assert (await settled(http, late.json()["id"]))["status"] == "concluido"
            assert (await http.get("/estoque/ARROZ-5KG")).json()["quantidade"] == 89
    finally:
        await servidor.close()


async def test_a_second_process_on_the_same_data_doubles_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path / "dados") as servidor:
        second = Servidor(servidor.data_dir)
        await second.start("up")
        try:
            async with servidor.http() as http, second.http() as other:
                await product(http, "ARROZ-5KG", 1000)
                answers = await asyncio.gather(
                    *(h.post("/pedido", json=order("ARROZ-5KG")) for h in (http, other) * 25)
                )
                for answer in answers:
                    assert (await settled(other, answer.json()["id"]))["status"] == "concluido"
                notas = [
                    (await http.get(f"/pedidos/{a.json()['id']}")).json()["nota"]["numero"]
                    for a in answers
                ]

                assert (await http.get("/estoque/ARROZ-5KG")).json()["quantidade"] == 950
                assert sorted(notas) == list(range(1, 51))
        finally:
            await second.close()


async def test_the_story_of_an_order_can_be_found_by_everything_people_have_at_hand(
    http: httpx2.AsyncClient,
) -> None:
    await product(http, "ARROZ-5KG", 10)
    body = order(
        "ARROZ-5KG",
        pedido_externo="EXT-77",
        cliente={
            "nome": "Ana Souza",
            "documento": "529.982.247-25",
            "telefone": "(11) 98765-4321",
        },
    )
    pedido = await settled(http, (await http.post("/pedido", json=body)).json()["id"])

    for busca in (
        pedido["id"],
        "EXT-77",
        "52998224725",
        "529.982.247-25",
        "+5511987654321",
        "(11) 98765-4321",
        "ARROZ-5KG",
        pedido["nota"]["chave"],
        str(pedido["numero"]),
    ):
        found = (await http.get("/pedidos", params={"busca": busca})).json()
        assert [p["id"] for p in found["itens"]] == [pedido["id"]], busca
    assert (await http.get("/pedidos", params={"busca": "nobody"})).json()["total"] == 0
    assert pedido["linha_do_tempo"][0]["tipo"] == "pedido.recebido"
    assert {"nota.emitida", "estoque.alterado", "pedido.concluido"} <= {
        e["tipo"] for e in pedido["linha_do_tempo"]
    }


async def test_readiness_is_true_once_it_serves(servidor: Servidor) -> None:
    async def ready() -> bool:
        async with httpx2.AsyncClient(base_url=servidor.url) as anonymous:
            return (await anonymous.get("/health/ready")).status_code == 200

    assert await until(ready)
