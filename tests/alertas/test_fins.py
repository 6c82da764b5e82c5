"""An open alert means work to do: it ends by itself when its cause is gone."""

from pathlib import Path
from typing import Any

from ponte.events import WebhookRecebido
from ponte.testing import Embedded, embedded
from tests.conftest import stock
from tests.espera import until

BODY = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 50}]}


async def _open(ponte: Embedded, nome: str) -> list[Any]:
    found = (await ponte.get("/alerts", resolvido="false"))["itens"]
    return [a for a in found if a["nome"] == nome]


async def test_orders_without_stock_alert_until_none_is_left(data_dir: Path) -> None:
    async with embedded(data_dir) as ponte:
        await stock(ponte, 10)
        ids = [(await ponte.http.post("/pedido", json=BODY)).json()["id"] for _ in range(2)]

        async def alerted() -> bool:
            [alert] = await _open(ponte, "pedido_sem_estoque") or [{"contagem": 0}]
            return bool(alert["contagem"] == 2)

        await until(alerted)
        await ponte.http.post(f"/pedidos/{ids[0]}/cancelar", json={"motivo": "teste"})

        async def drained() -> bool:
            return bool(await ponte.ctx.db.read(_drained))

        await until(drained)
        still = len(await _open(ponte, "pedido_sem_estoque"))
        await ponte.http.post(f"/pedidos/{ids[1]}/cancelar", json={"motivo": "teste"})

        async def ended() -> bool:
            return await _open(ponte, "pedido_sem_estoque") == []

        assert still == 1
        assert await until(ended)


async def _drained(tx: Any) -> bool:
    return await tx.fetch_one("SELECT 1 FROM fila WHERE fila = 'alertas'") is None


async def test_work_set_aside_alerts_until_it_is_decided(ponte: Embedded) -> None:
    async def broken(tx: Any) -> None:
        tx.put(WebhookRecebido(webhook_id="ghost", conector="rappi", evento="x"))

    await ponte.ctx.db.transact(broken)

    async def alerted() -> list[Any]:
        return await _open(ponte, "falha")

    await until(alerted)
    [falha] = (await ponte.get("/falhas"))["itens"]
    await ponte.http.post(f"/falhas/{falha['id']}/descartar", json={"motivo": "teste"})

    async def ended() -> bool:
        return await _open(ponte, "falha") == []

    assert await until(ended)
