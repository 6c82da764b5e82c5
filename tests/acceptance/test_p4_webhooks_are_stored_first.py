"""P4: a webhook answered 2xx is stored first and acted on once, however often it comes."""

import asyncio
import hashlib
import hmac
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.simulators.rappi import SimuladorRappi
from tests.acceptance.servidor import Servidor, product, serving, settled, until

SECRET = "acceptance-rappi-secret"
LOJA = "900105814"


@pytest.fixture
async def rappi() -> AsyncIterator[SimuladorRappi]:
    simulador = SimuladorRappi(segredo=SECRET, loja=LOJA)
    yield simulador
    await simulador.stop()


@pytest.fixture
async def servidor(tmp_path: Path, rappi: SimuladorRappi) -> AsyncIterator[Servidor]:
    url = await rappi.start()
    async with serving(tmp_path / "dados", **rappi.env(url)) as running:
        rappi.webhook_url = f"{running.url}/webhooks/rappi"
        yield running


def document(order_id: str, *items: dict[str, Any], total: float = 25.9) -> dict[str, Any]:
    return {
        "order_detail": {
            "order_id": order_id,
            "delivery_method": "delivery",
            "payment_method": "cc",
            "totals": {"total_products": total, "total_order": total, "charges": {}},
            "items": list(items),
        },
        "customer": None,
        "store": {"internal_id": LOJA, "external_id": LOJA, "name": "Loja"},
    }


def line(sku: str | None, quantity: int = 1, price: float = 25.9) -> dict[str, Any]:
    return {"sku": sku, "id": "77", "name": f"Item {sku}", "price": price, "quantity": quantity}


async def send(
    servidor: Servidor, evento: str, body: bytes, *, t: str = "1789737549", secret: str = SECRET
) -> httpx2.Response:
    sign = hmac.new(secret.encode(), t.encode() + b"." + body, hashlib.sha256).hexdigest()
    async with httpx2.AsyncClient(base_url=servidor.url) as anonymous:
        return await anonymous.post(
            f"/webhooks/rappi/{evento}",
            content=body,
            headers={"Rappi-Signature": f"t={t},sign={sign}"},
        )


async def external(http: httpx2.AsyncClient, order_id: str) -> Any:
    async def find() -> Any:
        found = (await http.get("/pedidos", params={"busca": order_id, "canal": "rappi"})).json()
        return found["itens"]

    [pedido] = await until(find)
    return await settled(http, pedido["id"])


async def test_ten_deliveries_at_once_are_one_order_one_movement_one_take(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "ARROZ-5KG", 10)
    body = json.dumps(document("R-1", line("ARROZ-5KG", 2))).encode()

    answers = await asyncio.gather(
        *(send(servidor, "new_order", body, t=str(1789737549 + n)) for n in range(10))
    )
    pedido = await external(http, "R-1")

    assert {a.status_code for a in answers} == {200}
    assert pedido["status"] == "concluido"
    assert pedido["canal"] == "rappi"
    assert (await http.get("/estoque/ARROZ-5KG")).json()["quantidade"] == 8
    assert (await http.get("/pedidos")).json()["total"] == 1


async def test_the_same_order_in_other_bytes_is_still_one_order(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "ARROZ-5KG", 10)
    doc = document("R-1", line("ARROZ-5KG"))
    await send(servidor, "new_order", json.dumps(doc).encode())
    await external(http, "R-1")

    answer = await send(servidor, "new_order", json.dumps(doc, indent=2).encode())

    await asyncio.sleep(0.3)
    assert answer.status_code == 200
    assert (await http.get("/pedidos")).json()["total"] == 1
    assert (await http.get("/estoque/ARROZ-5KG")).json()["quantidade"] == 9


async def test_an_order_is_taken_on_the_platform_within_its_deadline(
    http: httpx2.AsyncClient, rappi: SimuladorRappi
) -> None:
    for produto in rappi.gerador.produtos:
        await product(http, produto.sku, 100)

    [order_id] = await rappi.pedir(1)
    pedido = await external(http, order_id)

    async def taken() -> bool:
        return rappi.estado.pedidos[order_id].estado == "TAKEN"

    assert await until(taken)
    assert pedido["status"] == "concluido"


async def test_a_cancellation_before_its_order_leaves_it_cancelled_and_the_stock_untouched(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "ARROZ-5KG", 10)
    cancel = {"event": "canceled_with_charge", "order_id": "R-9", "store_id": LOJA}
    await send(servidor, "order_event_cancel", json.dumps(cancel).encode())
    await asyncio.sleep(0.2)

    await send(servidor, "new_order", json.dumps(document("R-9", line("ARROZ-5KG"))).encode())
    pedido = await external(http, "R-9")

    assert pedido["status"] == "cancelado"
    assert (await http.get("/estoque/ARROZ-5KG")).json()["quantidade"] == 10


async def test_a_cancellation_after_its_order_gives_the_stock_back_once(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "ARROZ-5KG", 10)
    await send(servidor, "new_order", json.dumps(document("R-2", line("ARROZ-5KG", 3))).encode())
    assert (await external(http, "R-2"))["status"] == "concluido"

    cancel = {"event": "cancel_by_user", "order_id": "R-2", "store_id": LOJA}
    for n in range(3):
        await send(servidor, "order_event_cancel", json.dumps(cancel, indent=n).encode())

    async def cancelled() -> bool:
        return bool((await external(http, "R-2"))["status"] == "cancelado")

    await until(cancelled)
    await asyncio.sleep(0.2)
    assert (await http.get("/estoque/ARROZ-5KG")).json()["quantidade"] == 10


async def test_a_line_this_shop_does_not_know_keeps_the_order_and_raises_an_alert(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "ARROZ-5KG", 10)
    doc = document("R-3", line("ARROZ-5KG"), line(None), line("GHOST", 2))

    await send(servidor, "new_order", json.dumps(doc).encode())
    pedido = await external(http, "R-3")

    async def alerts() -> Any:
        found = (await http.get("/alerts")).json()["itens"]
        return [a for a in found if a["nome"] == "linha_sem_produto"]

    assert pedido["status"] == "concluido"
    assert [i["produto_id"] for i in pedido["itens"]] == ["ARROZ-5KG", None, None]
    assert pedido["total"] == "25.90"
    assert len(await until(alerts)) == 1


async def test_a_sale_without_stock_is_kept_and_alerts(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "ARROZ-5KG", 1)

    await send(servidor, "new_order", json.dumps(document("R-4", line("ARROZ-5KG", 5))).encode())
    pedido = await external(http, "R-4")

    async def alerts() -> Any:
        found = (await http.get("/alerts")).json()["itens"]
        return [a for a in found if a["nome"] == "pedido_sem_estoque"]

    assert pedido["status"] == "sem_estoque"
    assert (await until(alerts))[0]["severidade"] == "critico"


async def test_a_wrong_signature_is_refused_and_nothing_is_stored(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    body = json.dumps(document("R-5", line("ARROZ-5KG"))).encode()

    wrong = await send(servidor, "new_order", body, secret="another")
    async with httpx2.AsyncClient(base_url=servidor.url) as anonymous:
        missing = await anonymous.post("/webhooks/rappi/new_order", content=body)
        good = hmac.new(SECRET.encode(), b"1." + body, hashlib.sha256).hexdigest()
        changed = await anonymous.post(
            "/webhooks/rappi/new_order",
            content=body + b" ",
            headers={"Rappi-Signature": f"t=1,sign={good}"},
        )

    assert [wrong.status_code, missing.status_code, changed.status_code] == [401, 401, 401]
    assert (await http.get("/eventos")).json()["total"] == 0
    assert (await http.get("/pedidos")).json()["total"] == 0


async def test_a_body_that_cannot_be_read_is_answered_and_set_aside_whole(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    answers = [
        await send(servidor, "new_order", body)
        for body in (b"not json", b"[1, 2]", b'{"order_detail": 7}', b"\xff\xfe")
    ]

    async def set_aside() -> bool:
        return bool((await http.get("/falhas")).json()["total"] == 4)

    assert {a.status_code for a in answers} == {200}
    assert await until(set_aside)


async def test_a_ping_tells_of_the_shop_and_is_not_stored(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    known = await send(servidor, "ping", json.dumps({"store_id": int(LOJA)}).encode())
    unknown = await send(servidor, "ping", json.dumps({"store_id": 1}).encode())

    assert known.json()["status"] == "OK"
    assert unknown.status_code == 200
    assert unknown.json()["status"] != "OK"
    assert (await http.get("/eventos")).json()["total"] == 0


async def test_what_was_stored_before_kill_9_is_acted_on_after_it(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "ARROZ-5KG", 100)
    answers = await asyncio.gather(
        *(
            send(servidor, "new_order", json.dumps(document(f"K-{n}", line("ARROZ-5KG"))).encode())
            for n in range(20)
        )
    )

    await servidor.kill()
    await servidor.start()

    assert {a.status_code for a in answers} == {200}
    for n in range(20):
        assert (await external(http, f"K-{n}"))["status"] == "concluido"
    assert (await http.get("/estoque/ARROZ-5KG")).json()["quantidade"] == 80


@pytest.mark.sqlite
async def test_what_cannot_be_stored_is_answered_503_and_comes_again(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "ARROZ-5KG", 10)
    body = json.dumps(document("R-6", line("ARROZ-5KG"))).encode()
    locked = sqlite3.connect(servidor.data_dir / "ponte.db", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")

    refused = await send(servidor, "new_order", body)
    locked.execute("ROLLBACK")
    locked.close()
    again = await send(servidor, "new_order", body)

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert again.status_code == 200
    assert (await external(http, "R-6"))["status"] == "concluido"


async def test_what_the_platform_could_not_deliver_is_fetched(
    servidor: Servidor, http: httpx2.AsyncClient, rappi: SimuladorRappi
) -> None:
    for produto in rappi.gerador.produtos:
        await product(http, produto.sku, 100)
    rappi.webhook_url = "http://127.0.0.1:9/webhooks/rappi"
    [order_id] = await rappi.pedir(1)

    # The reconciliation runs when the process starts, and every minute from then on.
    await servidor.kill()
    await servidor.start()

    assert (await external(http, order_id))["status"] == "concluido"
