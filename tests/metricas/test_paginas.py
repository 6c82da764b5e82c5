"""GET /metrics in pages: each sample once, the newest first, and never a whole week in memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ponte.domain.valores import format_time
from ponte.metricas import janela, proprias
from ponte.metricas.janela import FATIA, Janela
from ponte.metricas.proprias import Ponto
from ponte.metricas.service import Filtro
from ponte.telemetry import Serie
from ponte.testing import Embedded, FrozenClock, embedded

SERIES: tuple[Serie, ...] = tuple((f"ponte_teste_{n}", "medidor", ()) for n in range(3))
INSTANTES = 5
PROPRIAS = len(SERIES) * INSTANTES
GRAVADAS = 4


@pytest.fixture
async def ponte(data_dir: Path, clock: FrozenClock) -> Any:
    """A Ponte with tens of seconds of its own, and samples of a caller."""
    # Not on a tenth second: this process would write its own numbers too.
    clock.advance(3)
    async with embedded(data_dir, clock=clock, papeis=()) as running:
        begin_s = clock.ms // 10_000 * 10
        for n in range(INSTANTES):
            values = {serie: float(n) for serie in SERIES}
            for instancia in ("a", "b"):
                await running.ctx.db.transact(proprias.write, begin_s + n * 10, instancia, values)
        for n in range(GRAVADAS):
            body = {"nome": "vendas", "tipo": "contador", "valor": n + 1, "labels": {}}
            answer = await running.http.post("/metrics", json=body)
            assert answer.is_success, answer.text
        clock.advance(INSTANTES * 10)
        yield running


def _key(sample: dict[str, Any]) -> tuple[str, str, float]:
    return sample["timestamp"], sample["nome"], sample["valor"]


async def _walk(ponte: Embedded, **params: Any) -> list[Any]:
    pages = [await ponte.get("/metrics", **params)]
    while pages[-1]["proximo"] is not None:
        assert len(pages) < 100
        pages.append(await ponte.get("/metrics", **params, cursor=pages[-1]["proximo"]))
    return pages


@pytest.mark.parametrize("size", [2, 7, PROPRIAS + GRAVADAS])
@pytest.mark.parametrize("passo", ["10", None])
async def test_pages_give_each_sample_once_and_the_last_one_says_so(
    ponte: Embedded, clock: FrozenClock, size: int, passo: str | None
) -> None:
    time = {"start_time": format_time(clock.ms - 3_600_000)}
    params = {**time} if passo is None else {**time, "passo": passo}

    pages = await _walk(ponte, limite=size, **params)

    found = [_key(sample) for page in pages for sample in page["itens"]]
    own = [key for key in found if key[1] != "vendas"]
    assert len(set(own)) == len(own) == PROPRIAS
    assert sorted(valor for _, nome, valor in found if nome == "vendas") == [1, 2, 3, 4]
    assert {page["total"] for page in pages} == {PROPRIAS + GRAVADAS}
    assert len(pages) == -(-(PROPRIAS + GRAVADAS) // size)
    for page in pages:
        times = [sample["timestamp"] for sample in page["itens"]]
        assert times == sorted(times)


async def test_the_first_page_is_the_newest_and_pular_goes_on_from_there(ponte: Embedded) -> None:
    nome, params = SERIES[0][0], {"passo": "10"}

    first = await ponte.get("/metrics", nome=nome, limite=2, **params)
    skipped = await ponte.get("/metrics", nome=nome, limite=2, pular=3, **params)
    beyond = await ponte.get("/metrics", nome=nome, pular=2**31 - 1, **params)

    assert [m["valor"] for m in first["itens"]] == [6, 8]
    assert [m["valor"] for m in skipped["itens"]] == [0, 2]
    assert skipped["proximo"] is None
    assert (beyond["itens"], beyond["total"], beyond["proximo"]) == ([], INSTANTES, None)


async def test_pular_passes_what_callers_recorded_to_what_is_ponte_s_own(ponte: Embedded) -> None:
    whole = await _walk(ponte, passo="10", limite=500)

    found = await _walk(ponte, passo="10", limite=6, pular=GRAVADAS + 2)

    seen = sum(len(page["itens"]) for page in found[:1])
    assert seen == 6
    assert all(m["nome"] != "vendas" for m in found[0]["itens"])
    assert len(whole[0]["itens"]) == PROPRIAS + GRAVADAS


async def test_where_everything_stands_comes_in_pages_callers_numbers_first(
    ponte: Embedded,
) -> None:
    for path in ("/metrics", "/nada"):
        await ponte.http.get(path)  # what the walk itself counts has its series already
    whole = await _walk(ponte, limite=500)

    pages = await _walk(ponte, limite=7)

    def series(pages: Sequence[Any]) -> list[Any]:
        return [(m["nome"], sorted(m["labels"].items())) for p in pages for m in p["itens"]]

    seen = {str(one) for one in series(pages)}
    assert len(seen) == len(series(pages)), "a series came twice"
    assert {str(one) for one in series(whole)} <= seen
    assert series(pages)[0] == ("vendas", [])
    assert await _walk(ponte, limite=7, nome="vendas") == [
        {**(await ponte.get("/metrics", nome="vendas")), "proximo": None}
    ]


OUT_OF_RANGE: tuple[dict[str, Any], ...] = (
    {"limite": 0},
    {"limite": 501},
    {"pular": -1},
    {"pular": 2**31},
    {"cursor": "zz"},
    {"cursor": b'["agora",-1]'.hex()},
    {"cursor": b'["proprias",10,0,0]'.hex()},
    {"cursor": b'["gravadas",0]'.hex(), "passo": "10"},
    {"cursor": b'["proprias",7,0,0]'.hex(), "passo": "10"},
    {"cursor": b'["proprias",10,99999999999999999999,0]'.hex(), "passo": "10"},
    {"cursor": b'["agora",3]'.hex(), "passo": "10"},
    {"cursor": b'["gravadas",1,1]'.hex()},
)


async def test_what_is_out_of_range_is_refused(ponte: Embedded) -> None:
    answers = [await ponte.http.get("/metrics", params=params) for params in OUT_OF_RANGE]

    assert {answer.status_code for answer in answers} == {422}
    fields = [answer.json()["errors"][0]["campo"] for answer in answers]
    assert fields == [next(iter(params)) for params in OUT_OF_RANGE]


class Medida(Janela):
    """A window that remembers the largest slice that it was given."""

    maior = 0

    def take(self, points: Sequence[Ponto]) -> None:
        self.maior = max(self.maior, len(points))
        super().take(points)


@pytest.mark.parametrize("passo_s", [1, 10])
async def test_a_long_history_is_never_unpacked_at_once(
    ponte: Embedded, clock: FrozenClock, passo_s: int
) -> None:
    instants = 3 * FATIA
    clock.advance(3600)
    now_s = clock.ms // 10_000 * 10
    nova: Serie = ("ponte_longa", "medidor", ())
    for n in range(instants):
        em_s = now_s - (instants - n) * passo_s
        if passo_s == 1:
            ponte.ctx.telemetry.recente.take({nova: float(n)}, em_s)
        else:
            await ponte.ctx.db.transact(proprias.write, em_s, "a", {nova: float(n)})
    medida = Medida(2)

    await janela.fill(medida, ponte.ctx, Filtro(nome=nova[0]), passo_s=passo_s)

    assert (medida.total, len(medida.achadas)) == (instants, 2)
    assert 0 < medida.maior <= FATIA
