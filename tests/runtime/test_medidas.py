"""What only the database knows is measured for whoever scrapes."""

from pathlib import Path

from ponte.runtime.jobs import measure_queues
from ponte.store.db import Tx
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


async def test_a_canal_that_fell_silent_is_measured_and_one_that_is_off_is_not(
    tmp_path: Path,
) -> None:
    async def fall_silent(tx: Tx, desde: int | None) -> None:
        await tx.execute("DELETE FROM canais_estado")
        await tx.execute(
            "INSERT INTO canais_estado (canal, silencioso_desde) VALUES ('telegram', ?)", (desde,)
        )

    env = {"PONTE_TELEGRAM__BOT_TOKEN": "1:fake"}
    async with embedded(tmp_path, env=env, papeis=()) as ponte:
        value = ponte.ctx.telemetry.registry.get_sample_value
        found = []
        for desde in (1, None):
            await ponte.ctx.db.transact(fall_silent, desde)
            await measure_queues(ponte.ctx)
            found.append(value("ponte_channel_silent", {"canal": "telegram"}))
        off = value("ponte_channel_silent", {"canal": "whatsapp"})

    assert (found, off) == ([1, 0], None)
