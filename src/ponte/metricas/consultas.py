"""Consultas: one list of samples, whoever counted them and wherever they are kept."""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from ponte.context import Context
from ponte.domain.metrica import Metrica, TipoMetrica
from ponte.metricas import proprias, service
from ponte.metricas.proprias import DEZ, GUARDA_S, MINUTO, Ponto
from ponte.metricas.service import Filtro
from ponte.telemetry import TIPOS, Serie, Telemetry

Amostras = tuple[list[Metrica], int]


async def current(ctx: Context, filtro: Filtro) -> list[Metrica]:
    """Return where every series stands now: Ponte's own in this process, and callers' totals."""
    em = ctx.now_ms()
    own = now(ctx.telemetry, em_ms=em)
    recorded = await ctx.db.read(service.series)
    totals = [Metrica(s.nome, s.tipo, _total(s), s.labels, s.ultimo_em) for s in recorded]
    return [
        m
        for m in (*own, *totals)
        if filtro.nome in (None, m.nome) and filtro.tipo in (None, m.tipo)
    ]


async def history(
    ctx: Context, filtro: Filtro, *, limite: int, passo_s: int | None = None
) -> Amostras:
    """Return the newest samples within a time, oldest first, and how many there are.

    Args:
        ctx: The inside.
        filtro: Which ones.
        limite: How many at most.
        passo_s: The grain of Ponte's own numbers: 1, 10 or 60; by default the finest that
            still reaches back to where the time begins.
    """
    posted, total = await ctx.db.read(_posted, filtro, limite)
    own, own_total = await _own(ctx, filtro, limite, passo_s=passo_s)
    merged = list(heapq.merge(posted, own, key=_when))
    return merged[-limite:], total + own_total


def now(telemetry: Telemetry, *, em_ms: int) -> list[Metrica]:
    """Return every sample of this process's registry."""
    return [
        Metrica(
            sample.name,
            TipoMetrica(TIPOS.get(family.type, "medidor")),
            sample.value,
            sample.labels,
            em_ms,
        )
        for family in telemetry.registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]


def _total(serie: service.SerieGravada) -> float:
    return serie.ultimo if serie.tipo is TipoMetrica.MEDIDOR else serie.soma


async def _posted(tx: Any, filtro: Filtro, limite: int) -> Amostras:
    return await service.samples(tx, filtro, limite=limite)


async def _own(ctx: Context, filtro: Filtro, limite: int, *, passo_s: int | None) -> Amostras:
    now_s = ctx.now_ms() // 1000
    desde_s = 0 if filtro.desde is None else -(-filtro.desde // 1000)
    ate_s = now_s + 1 if filtro.ate is None else -(-filtro.ate // 1000)
    passo_s = passo_s or _grain(ctx.telemetry, desde_s, now_s)
    wanted = _wanted(filtro)
    if passo_s == 1:
        points = ctx.telemetry.recente.points(desde_s, ate_s - 1, wanted)
        return await asyncio.to_thread(newest, points, limite)
    rows, series = await ctx.db.read(proprias.between, passo_s, desde_s, ate_s)
    chosen = {i: serie for i, serie in series.items() if wanted(serie)}
    if not chosen:
        return [], 0
    return await asyncio.to_thread(newest, proprias.unpack(rows, chosen), limite)


def newest(points: Iterable[Ponto], limite: int) -> Amostras:
    """Return the last samples of a run of points in the order of time, and how many there were.

    A week of all of Ponte's numbers is a few million points; no more than `limite` are kept.
    """
    counter = itertools.count()
    kept = deque((point for point, _n in zip(points, counter, strict=False)), maxlen=limite)
    return [_sample(*point) for point in kept], next(counter)


def _grain(telemetry: Telemetry, desde_s: int, now_s: int) -> int:
    first = telemetry.recente.first()
    if first is not None and desde_s >= first:
        return 1
    return DEZ if desde_s >= now_s - GUARDA_S[DEZ] else MINUTO


def _wanted(filtro: Filtro) -> Callable[[Serie], bool]:
    return lambda s: filtro.nome in (None, s[0]) and filtro.tipo in (None, s[1])


def _sample(em_s: int, serie: Serie, valor: float) -> Metrica:
    nome, tipo, labels = serie
    return Metrica(nome, TipoMetrica(tipo), valor, dict(labels), em_s * 1000)


def _when(metrica: Metrica) -> int:
    return metrica.timestamp or 0


def views(found: Iterable[Metrica]) -> list[dict[str, Any]]:
    """Return samples as they stand on the wire."""
    return [service.view(m) for m in found]
