"""Somebody changes the table behind Ponte's back: soon everybody knows."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
import websockets

from ponte.estoque import monitor
from ponte.store.pg_tx import numbered
from ponte.testing import Embedded, embedded
from tests.conftest import stock
from tests.espera import sell, until
from tests.porta import served

SET = "UPDATE estoque SET quantidade = ? WHERE produto_id = 'CAFE-500G'"


async def _behind(engine: str, data_dir: Path, sql: str, *params: Any) -> None:
    """Write as any other program would."""
    if engine:
        server = await asyncpg.connect(engine)
        await server.execute(numbered(sql), *params)
        await server.close()
        return
    with sqlite3.connect(data_dir / "ponte.db") as con:
        con.execute(sql, params)
    con.close()


async def _open_alerts(ponte: Embedded) -> Any:
    return (await ponte.get("/alerts", resolvido=False))["itens"]


async def test_a_foreign_change_is_a_movement_a_frame_and_an_alert(
    data_dir: Path, engine: str
) -> None:
    async with (
        served(data_dir) as (ponte, url),
        websockets.connect(url.replace("http", "ws") + "/ws/estoque") as ws,
    ):
        assert json.loads(await ws.recv())["tipo"] == "instantaneo"

        await _behind(engine, data_dir, SET, 2)

        frames = [json.loads(await ws.recv()) for _ in range(2)]
        [alert] = await until(lambda: _open_alerts(ponte))
        assert [f["tipo"] for f in frames] == ["estoque.alterado", "estoque.baixo"]
        assert frames[0]["dados"]["quantidade"] == 2
        assert (alert["nome"], alert["labels"]["produto_id"]) == ("estoque_baixo", "CAFE-500G")
        [move, _opening] = (await ponte.get("/estoque/CAFE-500G/movimentos"))["itens"]
        assert (move["tipo"], move["delta"], move["saldo"]) == ("externo", -98, 2)


async def test_what_was_changed_while_ponte_was_away_is_found_at_its_start(
    data_dir: Path, engine: str
) -> None:
    async with embedded(data_dir) as ponte:
        await stock(ponte, 100)
    await _behind(engine, data_dir, SET, 120)

    async with embedded(data_dir) as ponte:

        async def explained() -> bool:
            return bool((await ponte.get("/estoque/CAFE-500G/movimentos"))["total"] == 2)

        await until(explained)

        assert (await ponte.get("/estoque/CAFE-500G"))["quantidade"] == 120


async def test_ponte_s_own_sales_are_no_foreign_change(ponte: Embedded) -> None:
    for _ in range(5):
        await sell(ponte, "CAFE-500G")

    explained = await ponte.ctx.db.transact(monitor.reconcile)

    assert explained == 0
    assert (await ponte.get("/estoque/CAFE-500G/movimentos"))["total"] == 6


async def test_a_row_of_no_product_holds_up_no_other(
    ponte: Embedded, data_dir: Path, engine: str
) -> None:
    await _behind(engine, data_dir, "INSERT INTO estoque VALUES ('AAA', '1', 5, 1, 0, 0)")
    await _behind(engine, data_dir, SET, 50)

    async def explained() -> bool:
        return bool((await ponte.get("/estoque/CAFE-500G/movimentos"))["total"] == 2)

    await until(explained)
    assert (await ponte.get("/health/ready"))["status"] == "ok"


async def test_a_monitor_that_fails_is_logged_and_started_again(
    data_dir: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[int] = []
    reconcile = monitor.reconcile

    async def fails_twice(tx: Any) -> int:
        if len(failures) < 2:
            failures.append(1)
            message = "the eye blinked"
            raise OSError(message)
        return await reconcile(tx)

    monkeypatch.setattr(monitor, "reconcile", fails_twice)
    with structlog.testing.capture_logs() as logs:
        async with embedded(data_dir) as ponte:
            await stock(ponte, 100)
            await _behind(engine, data_dir, SET, 99)

            async def explained() -> bool:
                return bool((await ponte.get("/estoque/CAFE-500G/movimentos"))["total"] == 2)

            await until(explained)
            numbers = (await ponte.http.get("/metrics", headers={"Accept": "text/plain"})).text

    restarts = [e for e in logs if e["event"] == "task failed, starting it again"]
    assert [e["tarefa"] for e in restarts] == ["monitor", "monitor"]
    assert 'ponte_task_restarts_total{tarefa="monitor"} 2.0' in numbers
