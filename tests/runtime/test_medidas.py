"""What only the database knows is measured for whoever scrapes."""

from pathlib import Path

from ponte.runtime.jobs import measure_queues
from ponte.testing import embedded


async def test_low_stock_and_open_alerts_are_measured_and_fall_again(tmp_path: Path) -> None:
    async with embedded(tmp_path, papeis=()) as ponte:
        value = ponte.ctx.telemetry.registry.get_sample_value
        series = [
            ("ponte_stock_low_rows", {}),
            ("ponte_alerts_open", {"severidade": "aviso"}),
        ]
        produto = {"nome": "Café", "preco": "18.90", "minimo": 5, "motivo": "contagem"}
        alerta = {"nome": "teste", "severidade": "aviso", "titulo": "t", "texto": "t"}
        await ponte.http.put("/estoque/CAFE", json={**produto, "quantidade": 4})
        aberto = (await ponte.http.post("/alerts", json=alerta)).json()

        await measure_queues(ponte.ctx)
        before = [value(*serie) for serie in series]
        await ponte.http.put("/estoque/CAFE", json={"quantidade": 5, "motivo": "contagem"})
        await ponte.http.post(f"/alerts/{aberto['id']}/resolve")
        await measure_queues(ponte.ctx)
        after = [value(*serie) for serie in series]

    assert (before, after) == ([1, 1], [0, 0])
