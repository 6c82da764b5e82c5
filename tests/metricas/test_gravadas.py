"""Numbers that callers record: kept as samples and totals, and never without limit."""

from pathlib import Path
from typing import Any

import pytest

from ponte.domain.metrica import Metrica, TipoMetrica
from ponte.domain.valores import format_time
from ponte.metricas import service
from ponte.metricas.amostrador import sum_up
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded

VENDA = {"nome": "vendas", "tipo": "contador", "valor": 1, "labels": {"loja": "1"}}


@pytest.fixture
async def ponte(data_dir: Path, clock: FrozenClock) -> Any:
    async with embedded(data_dir, clock=clock) as running:
        yield running


async def _record(ponte: Embedded, **changes: Any) -> Any:
    answer = await ponte.http.post("/metrics", json={**VENDA, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_number_is_kept_with_its_time_and_found_by_its_name(
    ponte: Embedded, clock: FrozenClock
) -> None:
    recorded = await _record(ponte)
    timed = await _record(ponte, valor=2.5, timestamp="2026-11-24T08:30:00-03:00")

    found = await ponte.get("/metrics", nome="vendas")

    assert recorded == {**VENDA, "valor": 1.0, "timestamp": format_time(clock.ms)}
    assert timed["timestamp"] == "2026-11-24T11:30:00.000Z"
    assert found == {"itens": [timed, recorded], "total": 2, "proximo": None}


async def test_samples_are_filtered_by_time_and_tipo_newest_kept_when_there_are_too_many(
    ponte: Embedded, clock: FrozenClock
) -> None:
    for n in range(4):
        await _record(ponte, valor=n)
        await _record(ponte, nome="fila", tipo="medidor", valor=n)
        clock.advance(60)
    begin, end = format_time(clock.ms - 180_000), format_time(clock.ms - 60_000)

    async def values(**params: Any) -> list[float]:
        found = await ponte.get("/metrics", **params)
        return [m["valor"] for m in found["itens"] if m["nome"] in {"vendas", "fila"}]

    assert await values(nome="vendas") == [0, 1, 2, 3]
    assert await values(nome="vendas", start_time=begin, end_time=end) == [1, 2]
    assert await values(nome="vendas", limite=2) == [2, 3]
    assert await values(nome="vendas", tipo="medidor") == []
    assert await values(tipo="medidor", start_time=begin, end_time=end) == [1, 2]


async def test_now_tells_the_total_of_what_counts_and_the_newest_of_what_measures(
    ponte: Embedded,
) -> None:
    for valor in (1, 2, 4):
        await _record(ponte, valor=valor)
        await _record(ponte, nome="fila", tipo="medidor", valor=valor)
    await _record(ponte, nome="fila", tipo="medidor", valor=99, timestamp="2026-11-20T00:00:00Z")

    everything = (await ponte.get("/metrics"))["itens"]

    found = {m["nome"]: m["valor"] for m in everything if m["nome"] in {"vendas", "fila"}}
    assert found == {"vendas": 7, "fila": 4}
    assert any(m["nome"].startswith("ponte_") for m in everything)


async def test_prometheus_reads_them_beside_pontes_own(ponte: Embedded) -> None:
    await _record(ponte, valor=3)
    await _record(ponte, nome="fila.tamanho", tipo="medidor", valor=7, labels={})
    for valor in (0.5, 1.5):
        await _record(ponte, nome="espera_s", tipo="histograma", valor=valor, labels={})
    await _record(ponte, nome="fila_tamanho", tipo="contador", valor=1, labels={})

    text = (await ponte.http.get("/metrics", headers={"Accept": "text/plain"})).text
    openmetrics = await ponte.http.get(
        "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
    )

    assert 'vendas_total{loja="1"} 3.0\n' in text
    assert "fila_tamanho 7.0\n" in text
    assert "fila_tamanho_total" not in text
    assert "espera_s_count 2.0\nespera_s_sum 2.0\n" in text
    assert "ponte_commits_total" in text
    assert openmetrics.text.endswith("# EOF\n")
    assert openmetrics.text.count("# EOF") == 1
    assert 'vendas_total{loja="1"} 3.0\n' in openmetrics.text


async def test_a_number_under_one_key_counts_once(ponte: Embedded) -> None:
    key = {"Idempotency-Key": "k"}

    answers = [await ponte.http.post("/metrics", json=VENDA, headers=key) for _ in range(3)]

    assert len({a.content for a in answers}) == 1
    assert (await ponte.get("/metrics", nome="vendas"))["total"] == 1


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"nome": ""}, "nome"),
    "a name with a blank": ({"nome": "as vendas"}, "nome"),
    "a name that ends a line": ({"nome": "vendas\n"}, "nome"),
    "a name of Ponte's own": ({"nome": "ponte_http_requests_total"}, "nome"),
    "a name that reads as Ponte's own": ({"nome": "hub.circuit_breaker_state"}, "nome"),
    "nothing before _total": ({"nome": "_total"}, "nome"),
    "another tipo": ({"tipo": "gauge"}, "tipo"),
    "a text": ({"valor": "1"}, "valor"),
    "a counter that falls": ({"valor": -1}, "valor"),
    "a number beyond all sense": ({"valor": 1e16}, "valor"),
    "a label with a dash": ({"labels": {"a-b": "1"}}, "labels.a-b"),
    "a label of Prometheus": ({"labels": {"__name__": "x"}}, "labels.__name__"),
    "a label of a number": ({"labels": {"loja": 1}}, "labels.loja"),
    "a long label": ({"labels": {"loja": "x" * 101}}, "labels.loja"),
    "eleven labels": ({"labels": {f"l{n}": "x" for n in range(11)}}, "labels"),
    "no time": ({"timestamp": "ontem"}, "timestamp"),
    "a time to come": ({"timestamp": "2999-01-01T00:00:00Z"}, "timestamp"),
    "a time before 1970": ({"timestamp": "1969-01-01T00:00:00Z"}, "timestamp"),
    "a field of one's own": ({"unidade": "s"}, "unidade"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_number_is_refused_by_the_fields_name_and_not_kept(
    ponte: Embedded, name: str
) -> None:
    changes, campo = BAD[name]

    answer = await ponte.http.post("/metrics", json={**VENDA, **changes})

    assert answer.status_code == 422
    assert campo in [e["campo"] for e in answer.json()["errors"]]
    assert await ponte.ctx.db.read(service.series) == []


async def test_one_name_has_one_tipo(ponte: Embedded) -> None:
    await _record(ponte)

    answer = await ponte.http.post("/metrics", json={**VENDA, "tipo": "medidor", "labels": {}})

    assert answer.status_code == 422
    assert [e["campo"] for e in answer.json()["errors"]] == ["tipo"]


async def test_the_number_of_series_has_an_end(
    ponte: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_SERIES", 3)
    for n in range(3):
        await _record(ponte, labels={"loja": str(n)})

    over = await ponte.http.post("/metrics", json={**VENDA, "labels": {"loja": "3"}})
    known = await _record(ponte, labels={"loja": "0"})

    assert (over.status_code, over.json()["code"]) == (422, "muitas_series")
    assert known["labels"] == {"loja": "0"}


async def test_a_series_keeps_its_newest_samples_and_its_whole_total(
    ponte: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_AMOSTRAS", 50)

    async def flood(tx: Tx) -> None:
        for n in range(300):
            await service.record(tx, Metrica("x", TipoMetrica.CONTADOR, 1, {}, 1000 + n))

    await ponte.ctx.db.transact(flood)

    found = await ponte.get("/metrics", nome="x")
    [serie] = await ponte.ctx.db.read(service.series)
    assert found["total"] == 50
    assert found["itens"][-1]["timestamp"] == format_time(1299)
    assert (serie.n, serie.soma) == (300, 300)


async def test_after_a_week_a_sample_is_gone_and_so_is_a_series_that_nobody_feeds(
    ponte: Embedded, clock: FrozenClock
) -> None:
    await _record(ponte)
    await _record(ponte, nome="viva")
    clock.advance(6 * 24 * 3600)
    await _record(ponte, nome="viva")

    clock.advance(2 * 24 * 3600)
    await sum_up(ponte.ctx)

    series = await ponte.ctx.db.read(service.series)
    assert [s.nome for s in series] == ["viva"]
    assert (await ponte.get("/metrics", nome="viva"))["total"] == 1
