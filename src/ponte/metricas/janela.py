"""Janela: a few of Ponte's own samples out of however many there are, newest first.

A week of all numbers is a few million points. They are read an hour of minutes at a time
and counted in a thread: no more than a slice and what was asked for is ever in memory.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ponte.context import Context
from ponte.domain.metrica import Metrica, TipoMetrica
from ponte.metricas import proprias
from ponte.metricas.proprias import DEZ, GUARDA_S, MINUTO, Ponto
from ponte.metricas.service import Filtro
from ponte.store.db import Tx
from ponte.telemetry import Serie, Telemetry

FATIA = 60  # chosen: instants that are unpacked at once


@dataclass(frozen=True, slots=True)
class Lugar:
    """Where a page ended: how many samples of that second, newest first, were given."""

    em_s: int
    dados: int


@dataclass
class Janela:
    """Takes `limite` samples after skipping `pular`, and counts them all."""

    limite: int
    pular: int = 0
    depois: Lugar | None = None
    total: int = 0
    achadas: list[tuple[Metrica, Lugar]] = field(default_factory=list)
    _em: int | None = None
    _dados: int = 0

    def take(self, points: Sequence[Ponto]) -> None:
        """Take what belongs to the page out of a slice; slices come newest first."""
        self.total += len(points)
        for em, serie, valor in reversed(points):
            if len(self.achadas) >= self.limite:
                return
            self._dados = self._dados + 1 if em == self._em else 1
            self._em = em
            if self._was_given(em):
                continue
            if self.pular > 0:
                self.pular -= 1
                continue
            nome, tipo, labels = serie
            metrica = Metrica(nome, TipoMetrica(tipo), valor, dict(labels), em * 1000)
            self.achadas.append((metrica, Lugar(em, self._dados)))

    def _was_given(self, em: int) -> bool:
        if self.depois is None:
            return False
        return (-em, self._dados) <= (-self.depois.em_s, self.depois.dados)


async def fill(janela: Janela, ctx: Context, filtro: Filtro, *, passo_s: int) -> None:
    """Let a window take Ponte's own samples of a time, at one grain."""
    now_s = ctx.now_ms() // 1000
    desde_s = 0 if filtro.desde is None else -(-filtro.desde // 1000)
    ate_s = now_s + 1 if filtro.ate is None else -(-filtro.ate // 1000)
    wanted = _wanted(filtro)
    if passo_s == 1:
        await asyncio.to_thread(_of_memory, janela, ctx.telemetry, (desde_s, ate_s), wanted=wanted)
        return
    series = await ctx.db.read(proprias.known)
    chosen = {i: serie for i, serie in series.items() if wanted(serie)}
    ends = await ctx.db.read(proprias.ends, passo_s, desde_s, ate_s) if chosen else None
    if ends is None:
        return
    for begin, end in _slices(ends[0], ends[1] + 1, FATIA * passo_s):
        rows = await ctx.db.read(_rows, passo_s, begin, end)
        await asyncio.to_thread(_unpack, janela, rows, chosen)


def grain(ctx: Context, filtro: Filtro) -> int:
    """Return the finest grain that still reaches back to where the time begins, in s."""
    now_s = ctx.now_ms() // 1000
    desde_s = 0 if filtro.desde is None else -(-filtro.desde // 1000)
    first = ctx.telemetry.recente.first()
    if first is not None and desde_s >= first:
        return 1
    return DEZ if desde_s >= now_s - GUARDA_S[DEZ] else MINUTO


def _of_memory(
    janela: Janela,
    telemetry: Telemetry,
    time_s: tuple[int, int],
    *,
    wanted: Callable[[Serie], object],
) -> None:
    recente = telemetry.recente
    first, last = recente.first(), recente.ate
    if first is None or last is None:
        return
    begin, end = max(time_s[0], first), min(time_s[1], last + 1)
    for start, stop in _slices(begin, end, FATIA):
        janela.take(list(recente.points(start, stop - 1, wanted)))


def _unpack(janela: Janela, rows: Sequence[Any], series: dict[int, Serie]) -> None:
    janela.take(list(proprias.unpack(rows, series)))


def _slices(begin: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield parts of [begin, end), the last one first."""
    while end > begin:
        start = max(begin, end - size)
        yield start, end
        end = start


def _wanted(filtro: Filtro) -> Callable[[Serie], bool]:
    return lambda s: filtro.nome in (None, s[0]) and filtro.tipo in (None, s[1])


async def _rows(tx: Tx, passo_s: int, begin: int, end: int) -> list[Any]:
    return await proprias.between(tx, passo_s, begin, end)
