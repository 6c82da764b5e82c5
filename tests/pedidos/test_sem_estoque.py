"""An order that lacks stock takes none of it, says so, and goes through once there is some."""

from typing import Any

from ponte.testing import Embedded
from tests.espera import settled, until


async def _post(ponte: Embedded, *lines: tuple[str, int], **more: Any) -> Any:
    itens = [{"produto_id": p, "quantidade": q} for p, q in lines]
    answer = await ponte.http.post("/pedido", json={"itens": itens, **more})
    assert answer.status_code == 202, answer.text
    return await settled(ponte, answer.json()["id"])


async def test_an_order_is_taken_whole_or_not_at_all(ponte: Embedded) -> None:
    pedido = await _post(ponte, ("ARROZ-5KG", 1), ("CAFE-500G", 101), ("LEITE-1L", 102))

    whole = await ponte.get(f"/pedidos/{pedido['id']}")
    [fact] = [m for m in whole["linha_do_tempo"] if m["tipo"] == "pedido.sem_estoque"]
    assert (whole["status"], whole["nota"]) == ("sem_estoque", None)
    assert fact["dados"]["faltas"] == [
        {"produto_id": "CAFE-500G", "pedido": 101, "disponivel": 100},
        {"produto_id": "LEITE-1L", "pedido": 102, "disponivel": 100},
    ]
    assert [i["quantidade"] for i in (await ponte.get("/estoque"))["itens"]] == [100, 100, 100]


async def test_lines_of_one_product_are_held_against_the_shelf_together(ponte: Embedded) -> None:
    short = await _post(ponte, ("ARROZ-5KG", 60), ("ARROZ-5KG", 60))
    enough = await _post(ponte, ("ARROZ-5KG", 60), ("ARROZ-5KG", 40))

    assert (short["status"], enough["status"]) == ("sem_estoque", "concluido")
    assert (await ponte.get("/estoque/ARROZ-5KG"))["quantidade"] == 0


async def test_each_product_that_lacked_raises_one_alert(ponte: Embedded) -> None:
    for _ in range(2):
        await _post(ponte, ("CAFE-500G", 101), ("LEITE-1L", 101))

    async def raised() -> Any:
        alerts = (await ponte.get("/alerts"))["itens"]
        found = {a["labels"].get("produto_id"): a["contagem"] for a in alerts}
        return found if sum(found.values()) == 4 else None

    assert await until(raised) == {"CAFE-500G": 2, "LEITE-1L": 2}


async def test_a_filial_that_never_had_the_product_lacks_it(ponte: Embedded) -> None:
    pedido = await _post(ponte, ("CAFE-500G", 1), filial_id="9")

    assert pedido["status"] == "sem_estoque"


async def test_it_goes_through_when_tried_again_with_stock_and_only_then(ponte: Embedded) -> None:
    pedido = await _post(ponte, ("CAFE-500G", 101))
    path = f"/pedidos/{pedido['id']}/reprocessar"
    await ponte.http.post(path)
    still = await settled(ponte, pedido["id"])
    await ponte.http.post("/estoque/CAFE-500G/ajustes", json={"delta": 1, "motivo": "sobra"})

    again = await ponte.http.post(path)
    done = await settled(ponte, pedido["id"])
    late = await ponte.http.post(path)

    assert still["status"] == "sem_estoque"
    assert (again.status_code, again.headers["location"]) == (202, f"/pedidos/{pedido['id']}")
    assert done["status"] == "concluido"
    assert late.status_code == 409
    assert (await ponte.get("/estoque/CAFE-500G"))["quantidade"] == 0


async def test_an_order_is_found_by_whatever_people_have_at_hand(ponte: Embedded) -> None:
    cliente = {"documento": "52998224725", "telefone": "+5511987654321"}
    pedido = await _post(ponte, ("CAFE-500G", 1), pedido_externo="A-1001", cliente=cliente)
    await _post(ponte, ("LEITE-1L", 1), canal="loja")

    texts = [
        pedido["id"],
        pedido["id"].upper(),
        "A-1001",
        "529.982.247-25",
        "(11) 98765-4321",
        "CAFE-500G",
        pedido["nota"]["chave"],
        str(pedido["numero"]),
    ]
    found = {t: [p["id"] for p in (await ponte.get("/pedidos", busca=t))["itens"]] for t in texts}

    assert found == {text: [pedido["id"]] for text in texts}
    assert (await ponte.get("/pedidos", busca="nada"))["total"] == 0
    assert (await ponte.get("/pedidos", canal="loja", status="concluido"))["total"] == 1
    since = (await ponte.get("/pedidos", desde=pedido["recebido_em"]))["total"]
    before = (await ponte.get("/pedidos", ate=pedido["recebido_em"]))["total"]
    assert (since, before) == (2, 0)


async def test_an_order_that_moved_no_stock_is_found_by_its_product(ponte: Embedded) -> None:
    short = await _post(ponte, ("CAFE-500G", 999_999))

    found = (await ponte.get("/pedidos", busca="CAFE-500G"))["itens"]

    assert [(p["id"], p["status"]) for p in found] == [(short["id"], "sem_estoque")]
