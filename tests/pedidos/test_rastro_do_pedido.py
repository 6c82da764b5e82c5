"""Orders that share transactions keep the traces that they came with."""

import asyncio
from pathlib import Path

from ponte.testing import embedded
from tests.conftest import stock
from tests.espera import settled

CAME = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OUTRO = "00-11111111111111111111111111111111-2222222222222222-01"


async def test_orders_of_one_group_keep_their_own_traces(data_dir: Path) -> None:
    async with embedded(data_dir, papeis=()) as web:
        await stock(web, 100)
        item = {"itens": [{"produto_id": "CAFE-500G", "quantidade": 1}]}
        headers = [{"traceparent": CAME}, {}, {"traceparent": OUTRO}]
        answers = await asyncio.gather(
            *(web.http.post("/pedido", json=item, headers=h) for h in headers)
        )
        ids = [a.json()["id"] for a in answers]

    async with embedded(data_dir) as ponte:
        for pedido_id in ids:
            await settled(ponte, pedido_id)
        facts = (await ponte.get("/eventos", limite=100))["itens"]

    for tipo in ("pedido.recebido", "pedido.concluido"):
        kept = {f["lane"]: f["traceparent"] for f in facts if f["tipo"] == tipo}
        assert [kept[i] for i in ids] == [CAME, None, OUTRO], tipo
