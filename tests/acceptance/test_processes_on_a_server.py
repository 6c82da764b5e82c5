"""Processes of their own on one PostgreSQL: what one accepts, the others do and show."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from tests.acceptance.servidor import Servidor, order, product, settled
from tests.postgres import Cluster

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): ")


@contextlib.asynccontextmanager
async def running(folder: Path, *papeis: str) -> AsyncIterator[list[Servidor]]:
    """Run a process for each role, each with a folder of its own as on machines apart."""
    servidores = [Servidor(folder / f"{n}" / "dados") for n, _ in enumerate(papeis)]
    for servidor in servidores:
        servidor.data_dir.parent.mkdir(exist_ok=True)
    try:
        for servidor, papel in zip(servidores, papeis, strict=True):
            await servidor.start(papel)
        yield servidores
    finally:
        for servidor in servidores:
            await servidor.close()


@pytest.mark.usefixtures("engine")
async def test_a_socket_sees_in_order_and_without_a_gap_what_any_process_accepted(
    tmp_path: Path,
) -> None:
    answers: list[httpx2.Response] = []
    frames: list[dict[str, Any]] = []
    async with (
        running(tmp_path, "web", "web", "worker", "scheduler") as (one, two, _, _),
        one.http() as http,
        two.http() as other,
        two.ws() as ws,
    ):
        await product(http, "A", 1000)
        for _ in range(4):  # what comes faster than a page can show is summed up
            answers += await asyncio.gather(
                *(h.post("/pedido", json=order("A")) for h in (http, other) * 7)
            )
            frames += await _until_concluded(ws, 14)
            await asyncio.sleep(1)
        pedidos = [await settled(http, a.json()["id"], seconds=30) for a in answers]

    seqs = [f["seq"] for f in frames]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert {p["status"] for p in pedidos} == {"concluido"}
    notas = sorted(p["nota"]["numero"] for p in pedidos)
    assert notas == list(range(1, 57))


@pytest.mark.usefixtures("engine")
async def test_the_work_of_a_worker_that_was_killed_is_done_by_another(tmp_path: Path) -> None:
    async with running(tmp_path, "web", "worker", "worker") as (web, doomed, _), web.http() as http:
        await product(http, "A", 1000)
        posting = asyncio.create_task(_post(http, 100))
        await asyncio.sleep(0.3)
        await doomed.kill("worker")
        ids = await posting

        pedidos = [await settled(http, pedido_id, seconds=40) for pedido_id in ids]

    assert {p["status"] for p in pedidos} == {"concluido"}


async def test_processes_that_have_nothing_to_do_ask_the_server_little(
    tmp_path: Path, engine: str, cluster: Cluster
) -> None:
    await _log_statements(engine)
    async with running(tmp_path, "web", "web", "worker", "scheduler"):
        per_s = [await _statements_per_s(cluster, 15)]
        while per_s[-1] >= 5 and len(per_s) < 4:  # what a start asks is no idling
            per_s.append(await _statements_per_s(cluster, 15))

    assert per_s[-1] < 5, per_s


async def _post(http: httpx2.AsyncClient, count: int) -> list[str]:
    answers = [await http.post("/pedido", json=order("A")) for _ in range(count)]
    assert {a.status_code for a in answers} == {202}
    return [a.json()["id"] for a in answers]


async def _until_concluded(ws: Any, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while sum(f["tipo"] == "pedido.concluido" for f in found) < count:
            found.append(json.loads(await ws.recv()))
    return found


async def _log_statements(engine: str) -> None:
    con = await asyncpg.connect(engine)
    name = engine.rpartition("/")[2]
    await con.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
    await con.close()


async def _statements_per_s(cluster: Cluster, seconds: int) -> float:
    before = _statements(cluster)
    await asyncio.sleep(seconds)
    return (_statements(cluster) - before) / seconds


def _statements(cluster: Cluster) -> int:
    """Count all that was asked, BEGIN and COMMIT too."""
    return len(_STATEMENT.findall((cluster.folder / "log").read_text()))
