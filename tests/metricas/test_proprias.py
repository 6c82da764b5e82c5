"""What Ponte counts of itself: three grains, each with its end, summed over processes."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ponte.domain.valores import format_time
from ponte.metricas import proprias
from ponte.metricas.amostrador import Amostrador, sum_up
from ponte.store.db import Tx
from ponte.telemetry import MAX_SERIES, RECENTE_S, Recente, Serie
from ponte.testing import Embedded, FrozenClock, embedded

PEDIDOS: Serie = ("ponte_teste_total", "contador", (("canal", "api"),))
FILA: Serie = ("ponte_teste_fila", "medidor", ())


@pytest.fixture
async def ponte(data_dir: Path, clock: FrozenClock) -> Any:
    async with embedded(data_dir, clock=clock) as running:
        yield running


async def _write(
    ponte: Embedded, em_s: int, valores: Mapping[Serie, float], instancia: str = "a"
) -> None:
    await ponte.ctx.db.transact(proprias.write, em_s, instancia, valores)


async def _values(ponte: Embedded, nome: str, **params: Any) -> list[float]:
    found = await ponte.get("/metrics", nome=nome, **params)
    return [m["valor"] for m in found["itens"]]


async def _rows(ponte: Embedded, passo_s: int) -> list[int]:
    async def read(tx: Tx) -> Any:
        return await tx.fetch("SELECT em FROM medicoes WHERE passo_s = ? ORDER BY em", (passo_s,))

    return [row[0] for row in await ponte.ctx.db.read(read)]


async def test_each_second_is_looked_at_and_can_be_asked_for(
    ponte: Embedded, clock: FrozenClock
) -> None:
    amostrador = Amostrador(ponte.ctx)
    begin = clock.ms
    for n in range(3):
        ponte.ctx.telemetry.commits.inc(10)
        await amostrador.look(begin // 1000 + n)
    clock.advance(3)

    found = await ponte.get(
        "/metrics", nome="ponte_commits_total", start_time=format_time(begin), passo="1"
    )

    values = [m["valor"] for m in found["itens"]]
    assert [b - a for a, b in pairwise(values)] == [10, 10]
    times = [m["timestamp"] for m in found["itens"]]
    assert times == [format_time(begin + n * 1000) for n in range(3)]
    assert found["itens"][0]["tipo"] == "contador"


async def test_ten_seconds_outlive_a_restart(data_dir: Path, clock: FrozenClock) -> None:
    begin = clock.ms // 10_000 * 10
    async with embedded(data_dir, clock=clock) as ponte:
        ponte.ctx.telemetry.commits.inc(1000)
        await Amostrador(ponte.ctx).look(begin)
    clock.advance(60)

    async with embedded(data_dir, clock=clock) as ponte:
        found = await ponte.get(
            "/metrics", nome="ponte_commits_total", start_time=format_time(begin * 1000)
        )

        assert found["itens"][0]["valor"] >= 1000
        assert found["itens"][0]["timestamp"] == format_time(begin * 1000)


async def test_the_processes_of_one_instant_add_up(ponte: Embedded, clock: FrozenClock) -> None:
    em = clock.ms // 10_000 * 10
    await _write(ponte, em, {PEDIDOS: 5, FILA: 1}, "a")
    await _write(ponte, em, {PEDIDOS: 7}, "b")
    await _write(ponte, em + 10, {PEDIDOS: 6}, "a")
    clock.advance(30)

    assert await _values(ponte, "ponte_teste_total", passo="10") == [12, 6]
    assert await _values(ponte, "ponte_teste_fila", passo="10") == [1]


async def test_a_minute_is_the_end_of_what_counts_and_the_mean_of_what_measures(
    ponte: Embedded, clock: FrozenClock
) -> None:
    minute = clock.ms // 60_000 * 60
    for n in range(6):
        await _write(ponte, minute + n * 10, {PEDIDOS: n, FILA: n})
    await _write(ponte, minute + 60, {PEDIDOS: 100, FILA: 100})
    clock.advance(90)

    await sum_up(ponte.ctx)
    await sum_up(ponte.ctx)

    assert await _values(ponte, "ponte_teste_total", passo="60") == [5]
    assert await _values(ponte, "ponte_teste_fila", passo="60") == [2.5]
    assert await _rows(ponte, 60) == [minute]


async def test_minutes_that_nobody_summed_up_are_caught_up(
    ponte: Embedded, clock: FrozenClock
) -> None:
    begin = clock.ms // 60_000 * 60
    clock.advance(4 * 3600)
    for n in range(0, 4 * 3600, 30):
        await _write(ponte, begin + n, {PEDIDOS: n})

    await sum_up(ponte.ctx)

    minutes = await _rows(ponte, 60)
    assert len(minutes) >= 4 * 60 - 1
    assert minutes == list(range(begin, begin + len(minutes) * 60, 60))


async def test_each_grain_is_forgotten_at_its_time(ponte: Embedded, clock: FrozenClock) -> None:
    begin = clock.ms // 60_000 * 60
    await _write(ponte, begin, {PEDIDOS: 1})
    clock.advance(120)
    await sum_up(ponte.ctx)

    clock.advance(6 * 3600)
    await _write(ponte, clock.ms // 1000, {PEDIDOS: 2})
    after_six_hours = (begin in await _rows(ponte, 10), begin in await _rows(ponte, 60))
    clock.advance(7 * 24 * 3600)
    await sum_up(ponte.ctx)

    assert after_six_hours == (False, True)
    assert begin not in await _rows(ponte, 60)


async def test_what_was_written_before_the_clock_went_back_is_in_nobodys_way(
    ponte: Embedded, clock: FrozenClock
) -> None:
    await _write(ponte, clock.ms // 1000, {PEDIDOS: 1})
    clock.advance(-7200)
    begin = clock.ms // 60_000 * 60

    for n in range(7):
        await _write(ponte, begin + n * 10, {PEDIDOS: n})
    clock.advance(90)
    await sum_up(ponte.ctx)

    assert await _rows(ponte, 60) == [begin]


async def test_the_grain_is_the_finest_that_reaches_back(
    ponte: Embedded, clock: FrozenClock
) -> None:
    now_s = clock.ms // 60_000 * 60
    await _write(ponte, now_s - 3600, {PEDIDOS: 10})
    await sum_up(ponte.ctx)
    await Amostrador(ponte.ctx).look(now_s)

    async def times(seconds: int, nome: str = "ponte_teste_total") -> int:
        begin = format_time((now_s - seconds) * 1000)
        return len((await ponte.get("/metrics", nome=nome, start_time=begin))["itens"])

    assert await times(0, "ponte_commits_total") == 1
    assert await times(3600) == 1
    assert await times(24 * 3600) == 1


def test_the_memory_of_seconds_has_an_end() -> None:
    recente = Recente()

    left_out = recente.take({(f"s{n}", "medidor", ()): 1.0 for n in range(MAX_SERIES + 5)}, 100)
    for n in range(RECENTE_S + 10):
        recente.take({FILA: float(n)}, 101 + n)

    assert left_out == 5
    assert recente.first() == 100 + 11
    assert sum(1 for _ in recente.points(0, 10**9)) == 0


def test_a_second_that_nobody_measured_is_a_hole() -> None:
    recente = Recente()
    for segundo in (100, 101, 105):
        recente.take({FILA: float(segundo)}, segundo)

    found = [(em, valor) for em, _serie, valor in recente.points(0, 200)]

    assert found == [(100, 100.0), (101, 101.0), (105, 105.0)]


def test_a_ring_that_wrapped_shows_no_old_second_as_a_new_one() -> None:
    recente = Recente()
    recente.take({FILA: 1.0}, 100)
    for segundo in range(101, 100 + RECENTE_S):
        recente.take({}, segundo)

    before = [em for em, _, _ in recente.points(0, 10**9)]
    recente.take({}, 100 + RECENTE_S)

    assert before == [100]
    assert list(recente.points(0, 10**9)) == []


def test_a_second_s_points_are_only_those_asked_for() -> None:
    recente = Recente()
    recente.take({("a", "contador", ()): 1.0, ("b", "contador", ()): 2.0}, 100)

    found = list(recente.points(0, 200, lambda serie: serie[0] == "b"))

    assert found == [(100, ("b", "contador", ()), 2.0)]
