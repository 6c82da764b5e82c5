"""A marketplace's document becomes an order through the webhook's door, whatever is odd in it."""

from pathlib import Path
from typing import Any

from ponte.simulators.rappi import SimuladorRappi
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock
from tests.espera import settled, until
from tests.pedidos.balcao import LOJA, Balcao, document


async def test_a_sale_keeps_the_platforms_total_and_takes_the_stock(balcao: Balcao) -> None:
    status = await balcao.send("new_order", document("7001", {}))

    pedido = await balcao.order("7001")
    assert status == 200
    assert (pedido["canal"], pedido["status"], pedido["total"]) == ("rappi", "concluido", "37.80")
    assert (await balcao.ponte.get("/estoque/CAFE-500G"))["quantidade"] == 98


async def test_a_shop_that_is_not_mapped_sells_from_the_first_filial_and_says_so(
    balcao: Balcao,
) -> None:
    await balcao.send("new_order", document("7002", {}, loja="1"))

    pedido = await balcao.order("7002")
    whole = await balcao.ponte.get(f"/pedidos/{pedido['id']}")
    assert whole["filial_id"] == "1"
    assert any("not mapped" in aviso for aviso in whole["avisos"])


async def test_a_quantity_that_cannot_be_sold_is_left_out_and_said(balcao: Balcao) -> None:
    items = ({"quantity": 1.5}, {"sku": "LEITE-1L", "quantity": 10_000_000})
    await balcao.send("new_order", document("7003", *items))

    whole = await balcao.order("7003")
    assert [(i["sku"], i["quantidade"]) for i in whole["itens"]] == [("CAFE-500G", 2)]
    assert len(whole["avisos"]) >= 2


async def test_an_order_with_nothing_to_sell_is_set_aside_whole(balcao: Balcao) -> None:
    status = await balcao.send("new_order", document("7004", {"quantity": 0}))

    async def failed() -> Any:
        return (await balcao.ponte.get("/falhas"))["itens"]

    [falha] = await until(failed)
    assert status == 200
    assert falha["passo"] == "receber_webhook"
    assert (await balcao.ponte.get("/pedidos"))["total"] == 0


async def test_a_cancellation_gives_the_stock_back_and_a_repeat_changes_nothing(
    balcao: Balcao,
) -> None:
    await balcao.send("new_order", document("7005", {}))
    await balcao.order("7005")
    cancel = {"event": "cancel_by_user", "order_id": "7005", "store_id": LOJA}

    for motivo in ("cancel_by_user", "cancel_by_support"):
        await balcao.send("order_event_cancel", {**cancel, "event": motivo})

    async def cancelled() -> bool:
        return bool((await balcao.order("7005"))["status"] == "cancelado")

    await until(cancelled)
    assert (await balcao.ponte.get("/estoque/CAFE-500G"))["quantidade"] == 100
    assert (await balcao.ponte.get("/eventos", tipo="pedido.cancelado"))["total"] == 1


async def test_what_nobody_signed_is_401_and_not_stored(balcao: Balcao) -> None:
    status = await balcao.send("new_order", document("7006", {}), signed=False)

    async def count(tx: Any) -> Any:
        return await tx.fetch_one("SELECT COUNT(*) FROM webhooks")

    assert status == 401
    assert (await balcao.ponte.ctx.db.read(count))[0] == 0
    unknown = await balcao.ponte.http.post("/webhooks/ninguem/new_order", content=b"{}")
    assert unknown.status_code == 404


async def test_a_line_that_is_unknown_here_keeps_the_order_and_alerts(balcao: Balcao) -> None:
    await balcao.send("new_order", document("7007", {}, {"sku": "NAO-HA", "name": "Quindim"}))

    whole = await balcao.order("7007")

    async def raised() -> Any:
        alerts = (await balcao.ponte.get("/alerts"))["itens"]
        return [a for a in alerts if a["nome"] == "linha_sem_produto"]

    [alert] = await until(raised)
    assert whole["status"] == "concluido"
    assert [(i["sku"], i["produto_id"]) for i in whole["itens"]] == [
        ("CAFE-500G", "CAFE-500G"),
        ("NAO-HA", None),
    ]
    assert alert["labels"] == {"canal": "rappi", "itens": "NAO-HA"}


async def test_what_a_platform_sent_waits_while_its_connector_is_off_and_no_try_is_counted(
    data_dir: Path, clock: FrozenClock
) -> None:
    rappi = SimuladorRappi(loja=LOJA)
    env = rappi.env(await rappi.start())
    async with embedded(data_dir, env=env, clock=clock, papeis=()) as ponte:
        await stock(ponte, 100)
        await Balcao(ponte, rappi).send("new_order", document("7010", {}))
    async with embedded(data_dir, clock=clock) as ponte:
        tentativas = await until(lambda: ponte.ctx.db.read(_put_off))
        falhas = (await ponte.get("/falhas"))["total"]
        clock.advance(10)

    async with embedded(data_dir, env=env, clock=clock) as ponte:
        pedido = await Balcao(ponte, rappi).order("7010")
    await rappi.stop()

    assert (tentativas, falhas) == ([0], 0)
    assert pedido["status"] == "concluido"


async def _put_off(tx: Tx) -> list[int]:
    """Return the tries of the bodies that wait for a later time."""
    rows = await tx.fetch(
        "SELECT tentativas FROM fila WHERE fila = 'webhooks' AND lease IS NULL"
        " AND disponivel_em > ?",
        (tx.now_ms,),
    )
    return [row[0] for row in rows]


async def test_an_order_is_accepted_on_its_marketplace_before_its_deadline_and_not_after(
    data_dir: Path,
) -> None:
    clock = FrozenClock()
    rappi = SimuladorRappi(loja=LOJA, now=lambda: clock.ms / 1000)
    env = rappi.env(await rappi.start())
    async with embedded(data_dir, env=env, clock=clock) as ponte:
        await stock(ponte, 100)
        balcao = Balcao(ponte, rappi)
        await balcao.send("new_order", document("7008", {}))
        await until(lambda: _asked_to_take(rappi))
    async with embedded(data_dir, env=env, clock=clock, papeis=()) as ponte:
        await Balcao(ponte, rappi).send("new_order", document("7009", {}))
        clock.advance(600)
    rappi.estado.chamadas.clear()

    async with embedded(data_dir, env=env, clock=clock) as ponte:
        await _late(ponte, clock)
    await rappi.stop()

    assert not await _asked_to_take(rappi)


async def _asked_to_take(rappi: SimuladorRappi) -> bool:
    return any(nome == "take" for nome, _ in rappi.estado.chamadas)


async def _late(ponte: Embedded, clock: FrozenClock) -> None:
    """Wait for the order that came too late to be set aside from being accepted, and kept."""

    async def set_aside() -> Any:
        clock.advance(1)
        found = (await ponte.get("/falhas"))["itens"]
        return [f for f in found if f["fila"] == "aceite.rappi" and "deadline" in f["erro"]]

    [falha] = await until(set_aside)
    pedido = await settled(ponte, falha["fato"]["dados"]["pedido_id"])
    assert pedido["status"] == "concluido"
