"""A platform delivers twice, out of order, and things nobody announced: one effect, no loss.

Source: the platform's guide "Webhook events"; it delivers at least once and may reorder.
"""

import asyncio
import json
from typing import Any

import pytest

from ponte.store.db import Tx
from tests.espera import until
from tests.pedidos.balcao import LOJA, Balcao, document

CANCEL = {"event": "canceled_with_charge", "store_id": LOJA}


async def _stored(balcao: Balcao) -> list[str]:
    """Return what became of every stored body, once nothing waits any more."""

    async def states(tx: Tx) -> Any:
        waits = await tx.fetch_one("SELECT COUNT(*) FROM fila WHERE fila = 'webhooks'")
        rows = await tx.fetch("SELECT situacao FROM webhooks ORDER BY id")
        return None if waits is None or waits[0] else ([row[0] for row in rows],)

    [found] = await until(lambda: balcao.ponte.ctx.db.read(states))
    return list(found)


async def _coffee(balcao: Balcao) -> int:
    return int((await balcao.ponte.get("/estoque/CAFE-500G"))["quantidade"])


async def _told(balcao: Balcao, tipo: str) -> int:
    return int((await balcao.ponte.get("/eventos", tipo=tipo))["total"])


async def test_ten_deliveries_at_once_are_one_order_one_movement_and_one_acceptance(
    balcao: Balcao,
) -> None:
    order = document("8001", {})

    statuses = await asyncio.gather(*(balcao.send("new_order", order) for _ in range(10)))

    pedido = await balcao.order("8001")
    await until(balcao.takes)
    assert set(statuses) == {200}
    assert len(await _stored(balcao)) == 1
    assert pedido["status"] == "concluido"
    assert await _coffee(balcao) == 98
    assert await balcao.takes() == 1


async def test_the_same_order_in_other_bytes_under_another_spelling_is_the_same_order(
    balcao: Balcao,
) -> None:
    order = document("8002", {})
    await balcao.send("new_order", order)
    first = await balcao.order("8002")

    for evento in ("NEW_ORDER", "new-order"):
        await balcao.send(evento, json.dumps(order, indent=1).encode())

    assert await _stored(balcao) == ["processado"] * 3
    assert (await balcao.order("8002"))["id"] == first["id"]
    assert await _told(balcao, "pedido.recebido") == 1
    assert await _coffee(balcao) == 98


async def test_an_event_that_nobody_announced_is_kept_and_changes_nothing(
    balcao: Balcao,
) -> None:
    bodies: list[Any] = [{"store_id": LOJA, "novidade": 1}, document("8003", {}), [], {}]

    statuses = [await balcao.send("order_teleported", body) for body in bodies]

    assert set(statuses) == {200}
    assert await _stored(balcao) == ["ignorado"] * 4
    assert (await balcao.ponte.get("/falhas"))["total"] == 0
    assert (await balcao.ponte.get("/pedidos"))["total"] == 0
    assert await _coffee(balcao) == 100


async def test_what_is_no_document_is_answered_and_set_aside_whatever_its_event(
    balcao: Balcao,
) -> None:
    statuses = [
        await balcao.send(evento, body)
        for evento in ("order_teleported", "new_order", "order_event_cancel")
        for body in (b"not json", b"7")
    ]

    await _stored(balcao)
    assert statuses == [200] * 6
    assert (await balcao.ponte.get("/falhas"))["total"] == 6


async def test_an_event_that_nobody_announced_and_nobody_signed_is_refused(
    balcao: Balcao,
) -> None:
    status = await balcao.send("order_teleported", {"store_id": LOJA}, signed=False)

    assert status == 401
    assert await _stored(balcao) == []


async def test_a_reason_that_nobody_announced_cancels_all_the_same(balcao: Balcao) -> None:
    await balcao.send("new_order", document("8004", {}))
    await balcao.order("8004")

    await balcao.send("order_event_cancel", {**CANCEL, "event": "nova", "order_id": "8004"})

    await _stored(balcao)
    assert (await balcao.order("8004"))["status"] == "cancelado"
    assert await _coffee(balcao) == 100


@pytest.mark.parametrize(
    ("evento", "cancel"),
    [
        ("order_event_cancel", {**CANCEL, "order_id": "8005"}),
        ("order_event_cancel", {**CANCEL, "order_id": 8005}),
        ("order_other_event", {**CANCEL, "order_id": "8005"}),
        (
            "new_order_scheduled_cancelled",
            {"order_detail": {"order_id": "8005", "store_id": LOJA}, "action": "cancelled"},
        ),
    ],
)
async def test_a_cancellation_before_its_order_leaves_it_cancelled_and_never_accepted(
    balcao: Balcao, evento: str, cancel: dict[str, Any]
) -> None:
    await balcao.send(evento, cancel)
    before = await _stored(balcao)

    for indent in (None, 1):  # the order comes twice
        await balcao.send("new_order", json.dumps(document("8005", {}), indent=indent).encode())
    pedido = await balcao.order("8005")
    after = await _stored(balcao)

    assert (before, after) == (["processado"], ["processado"] * 3)
    assert pedido["status"] == "cancelado"
    assert await _coffee(balcao) == 100
    assert await _told(balcao, "pedido.recebido") == 0
    assert await _told(balcao, "pedido.cancelado") == 1
    assert await balcao.takes() == 0


async def test_cancellations_around_an_order_are_one(balcao: Balcao) -> None:
    cancels = [{**CANCEL, "event": f"motivo_{n}", "order_id": "8006"} for n in range(4)]
    for cancel in cancels[:2]:
        await balcao.send("order_event_cancel", cancel)
    await balcao.send("new_order", document("8006", {}))
    await balcao.order("8006")

    for cancel in cancels[2:]:
        await balcao.send("order_event_cancel", cancel)

    assert (await _stored(balcao))[3:] == ["ignorado"] * 2
    pedido = await balcao.ponte.get(f"/pedidos/{(await balcao.order('8006'))['id']}")
    assert pedido["status"] == "cancelado"
    assert await _told(balcao, "pedido.cancelado") == 1
    assert await _coffee(balcao) == 100


async def test_a_cancellation_and_its_order_at_once_end_cancelled_with_the_stock_whole(
    balcao: Balcao,
) -> None:
    deliveries = [
        balcao.send(evento, corpo)
        for n in range(10)
        for evento, corpo in (
            ("new_order", document(f"81{n:02d}", {})),
            ("order_event_cancel", {**CANCEL, "order_id": f"81{n:02d}"}),
        )
    ]

    await asyncio.gather(*deliveries)

    await _stored(balcao)
    statuses = [(await balcao.order(f"81{n:02d}"))["status"] for n in range(10)]
    assert set(statuses) == {"cancelado"}
    assert await _coffee(balcao) == 100
