"""An order that nobody handles is told, and its end too."""

from pathlib import Path

from ponte.alertas.vigia import watch_orders
from ponte.testing import FrozenClock, embedded
from tests.conftest import stock


async def test_an_order_without_a_worker_for_a_minute_alerts_once_and_ends_when_it_moves(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock, papeis=()) as ponte:
        await stock(ponte, 10)
        body = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
        pedido = (await ponte.http.post("/pedido", json=body)).json()

        await watch_orders(ponte.ctx)
        early = (await ponte.get("/alerts"))["total"]
        clock.advance(61)
        await watch_orders(ponte.ctx)
        await watch_orders(ponte.ctx)
        [alert] = (await ponte.get("/alerts"))["itens"]
        await ponte.http.post(f"/pedidos/{pedido['id']}/cancelar", json={"motivo": "teste"})
        await watch_orders(ponte.ctx)
        [ended] = (await ponte.get("/alerts"))["itens"]

        assert early == 0
        assert (alert["nome"], alert["contagem"], alert["resolvido"]) == ("pedido_parado", 1, False)
        assert f"#{pedido['numero']}" in alert["texto"]
        assert ended["resolvido"]
