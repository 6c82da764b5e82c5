"""The numbers that Ponte exports: each one documented, bounded, and true."""

import asyncio
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from ponte.runtime.jobs import measure_queues
from ponte.telemetry import Telemetry
from ponte.testing import Embedded, embedded
from tests.conftest import stock
from tests.espera import sell

TABLE = Path(__file__).parents[1] / "docs" / "reference" / "metrics.md"
ROW = re.compile(
    r"^\| `(\w+)` \| (counter|gauge|histogram) \|([^|]*)\| (\S[^|]*\S) \|$", re.MULTILINE
)
PEDIDO = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}


def documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        nome: (tipo, tuple(re.findall(r"`(\w+)`", labels)))
        for nome, tipo, labels, _meaning in ROW.findall(TABLE.read_text())
    }


def exported(telemetry: Telemetry) -> dict[str, tuple[str, tuple[str, ...]]]:
    found = {}
    for collector in telemetry.registry._collector_to_names:
        labels = tuple(getattr(collector, "_labelnames", ()))
        for family in collector.collect():
            suffix = "_total" if family.type == "counter" else ""
            found[f"{family.name}{suffix}"] = (family.type, labels)
    return found


async def test_every_number_is_in_the_table_and_nothing_else_is(ponte: Embedded) -> None:
    assert exported(ponte.ctx.telemetry) == documented()


async def test_facts_and_groups_are_counted_where_they_were_committed(ponte: Embedded) -> None:
    before = await _numbers(ponte)

    answers = await asyncio.gather(*(ponte.http.post("/pedido", json=PEDIDO) for _ in range(20)))
    await sell(ponte, "CAFE-500G")
    after = await _numbers(ponte)

    assert {a.status_code for a in answers} == {202}
    recebidos = 'ponte_facts_total{tipo="pedido.recebido"}'
    assert after[recebidos] - before.get(recebidos, 0) == 21
    grown = after["ponte_commit_callers_sum"] - before["ponte_commit_callers_sum"]
    groups = after["ponte_commit_seconds_count"] - before["ponte_commit_seconds_count"]
    assert grown >= 21
    assert groups == after["ponte_commits_total"] - before["ponte_commits_total"]
    assert 0 < groups <= grown
    top = after['ponte_commit_seconds_bucket{le="+Inf"}']
    assert top == after["ponte_commit_seconds_count"]
    assert after["ponte_commit_seconds_sum"] > 0


async def test_what_only_the_database_knows_is_read_by_the_clock(data_dir: Path) -> None:
    async with embedded(data_dir, papeis=()) as web:
        await stock(web, 100)
        for _ in range(3):
            await web.http.post("/pedido", json=PEDIDO)

        await measure_queues(web.ctx)
        numbers = await _numbers(web)

    assert numbers['ponte_orders_open{status="recebido"}'] == 3
    assert numbers['ponte_orders_open{status="erro"}'] == 0
    assert numbers['ponte_queue_rows{fila="pedidos"}'] == 3
    assert numbers["ponte_database_bytes"] > 4096
    assert numbers["ponte_unsent_rows"] == 0


async def test_no_request_can_add_a_series(ponte: Embedded) -> None:
    await _numbers(ponte)  # asking is a request of its own
    for path in ("/a", "/b", "/pedidos/x", "/pedidos/y"):
        await ponte.http.get(path)
    before = await _of_requests(ponte)

    for path in ("/c", "/d", "/pedidos/z", "/pedidos/w"):
        await ponte.http.get(path)

    assert await _of_requests(ponte) == before


async def _of_requests(ponte: Embedded) -> set[str]:
    # The others may gain a series meanwhile: the shop's own work goes on.
    return {serie for serie in await _numbers(ponte) if serie.startswith("ponte_http")}


async def _numbers(ponte: Embedded) -> dict[str, float]:
    answer = await ponte.http.get("/metrics", headers={"Accept": "text/plain"})
    return {
        _series(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def _series(nome: str, labels: dict[str, str]) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{nome}{{{inside}}}" if inside else nome
