"""Proprias: what Ponte counted of itself, kept so that nobody needs a Prometheus to look back.

Three grains: a second for 15 minutes in the memory of each process, ten seconds for six
hours and a minute for seven days in the database. One row holds all that one process
counted at one instant: 2,160 rows and 10,080 for each process, however many series.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import orjson

from ponte.store.db import Row, Tx
from ponte.telemetry import Serie

DEZ, MINUTO = 10, 60
GUARDA_S = {DEZ: 6 * 3600, MINUTO: 7 * 24 * 3600}
MAX_SERIES = 2_000  # chosen: of all processes that ever ran; labels come from code
ATRASO_S = 20  # chosen: a process writes its ten seconds this late at most
PAGINA = 60  # minutes summed up in one transaction
Ponto = tuple[int, Serie, float]  # second, series, value
Packed = tuple[list[int], list[float]]
_decoder: msgspec.msgpack.Decoder[Packed] = msgspec.msgpack.Decoder(Packed)


async def write(tx: Tx, em_s: int, instancia: str, valores: Mapping[Serie, float]) -> None:
    """Keep what this process stands at, and forget what is older than six hours."""
    ids = await _ids(tx, valores)
    packed = _pack({ids[s]: v for s, v in valores.items() if s in ids})
    await _put(tx, DEZ, [(em_s, instancia, packed)])
    await _forget(tx, DEZ, em_s)


async def add(
    tx: Tx, em_s: int, instancia: str, valores: Mapping[Serie, float], series: Mapping[int, Serie]
) -> None:
    """Keep what this process stands at, where every series has its id already."""
    packed = _pack({i: valores[s] for i, s in series.items() if s in valores})
    await _put(tx, DEZ, [(em_s, instancia, packed)])


async def sum_up(tx: Tx) -> bool:
    """Make minutes of tens of seconds, an hour at a time; return whether there may be more.

    A gauge's minute is its mean, everything else stands where it stood at its end.
    """
    now_s = tx.now_ms // 1000
    await _forget(tx, MINUTO, now_s)
    end = (now_s - ATRASO_S) // MINUTO * MINUTO
    last = await tx.fetch_one(
        "SELECT MAX(em) FROM medicoes WHERE passo_s = ? AND em <= ?", (MINUTO, now_s)
    )
    begin = last[0] + MINUTO if last and last[0] is not None else 0
    first = await tx.fetch_one(
        "SELECT MIN(em) FROM medicoes WHERE passo_s = ? AND em >= ?", (DEZ, begin)
    )
    if first is None or first[0] is None or first[0] >= end:
        return False
    begin = first[0] // MINUTO * MINUTO
    until = min(end, begin + PAGINA * MINUTO)
    rows = await tx.fetch(
        "SELECT em, instancia, valores FROM medicoes"
        " WHERE passo_s = ? AND em >= ? AND em < ? ORDER BY em",
        (DEZ, begin, until),
    )
    gauges = await _gauges(tx)
    await _put(tx, MINUTO, list(_minutes(rows, gauges)))
    return bool(until < end)


async def between(tx: Tx, passo_s: int, desde_s: int, ate_s: int) -> list[Row]:
    """Return the packed rows of [desde, ate) in order of time."""
    return await tx.fetch(
        "SELECT em, valores FROM medicoes WHERE passo_s = ? AND em >= ? AND em < ? ORDER BY em",
        (passo_s, desde_s, ate_s),
    )


async def ends(tx: Tx, passo_s: int, desde_s: int, ate_s: int) -> tuple[int, int] | None:
    """Return the first and the last instant of [desde, ate) that has rows."""
    row = await tx.fetch_one(
        "SELECT MIN(em), MAX(em) FROM medicoes WHERE passo_s = ? AND em >= ? AND em < ?",
        (passo_s, desde_s, ate_s),
    )
    return None if row is None or row[0] is None else (row[0], row[1])


async def known(tx: Tx) -> dict[int, Serie]:
    """Return the series of the ids in packed rows."""
    rows = await tx.fetch("SELECT id, nome, tipo, labels FROM series_proprias")
    return {r[0]: _serie(r) for r in rows}


def unpack(rows: Iterable[Row], series: Mapping[int, Serie]) -> Iterator[Ponto]:
    """Yield the values of packed rows for some series, summed over the processes of an instant.

    Slow for a week of them; call it away from the event loop.
    """
    at: int | None = None
    sums: dict[int, float] = {}
    for em, blob in rows:
        if at is not None and em != at:
            yield from ((at, series[i], v) for i, v in sorted(sums.items()))
            sums = {}
        at = em
        for i, value in zip(*_unpack(blob), strict=True):
            if i in series:
                sums[i] = sums.get(i, 0.0) + value
    if at is not None:
        yield from ((at, series[i], v) for i, v in sorted(sums.items()))


async def _ids(tx: Tx, wanted: Iterable[Serie]) -> dict[Serie, int]:
    known = await _known(tx)
    new = [s for s in wanted if s not in known][: max(0, MAX_SERIES - len(known))]
    if new:
        await tx.insert_many(
            "series_proprias (nome, tipo, labels)",
            [(nome, tipo, orjson.dumps(dict(labels)).decode()) for nome, tipo, labels in new],
            conflict="ON CONFLICT DO NOTHING",
        )
        known = await _known(tx)
    return known


async def _known(tx: Tx) -> dict[Serie, int]:
    rows = await tx.fetch("SELECT id, nome, tipo, labels FROM series_proprias")
    return {_serie(r): r[0] for r in rows}


async def _gauges(tx: Tx) -> set[int]:
    return {r[0] for r in await tx.fetch("SELECT id FROM series_proprias WHERE tipo = 'medidor'")}


def _minutes(rows: Sequence[Row], gauges: set[int]) -> Iterator[tuple[int, str, bytes]]:
    found: dict[tuple[int, str], dict[int, list[float]]] = {}
    for em, instancia, blob in rows:
        minute = found.setdefault((em // MINUTO * MINUTO, instancia), {})
        for i, value in zip(*_unpack(blob), strict=True):
            minute.setdefault(i, []).append(value)
    for (em, instancia), series in found.items():
        packed = {i: sum(v) / len(v) if i in gauges else v[-1] for i, v in series.items()}
        yield em, instancia, _pack(packed)


async def _put(tx: Tx, passo_s: int, rows: Sequence[tuple[int, str, bytes]]) -> None:
    await tx.insert_many(
        "medicoes (passo_s, em, instancia, valores)",
        [(passo_s, *row) for row in rows],
        conflict="ON CONFLICT (passo_s, em, instancia) DO UPDATE SET valores = excluded.valores",
    )


async def _forget(tx: Tx, passo_s: int, now_s: int) -> None:
    # What lies in the future was written before the clock went back.
    await tx.execute(
        "DELETE FROM medicoes WHERE passo_s = ? AND (em < ? OR em > ?)",
        (passo_s, now_s - GUARDA_S[passo_s], now_s + MINUTO),
    )


def _pack(valores: Mapping[int, float]) -> bytes:
    ids = sorted(valores)
    return zlib.compress(msgspec.msgpack.encode((ids, [valores[i] for i in ids])), 1)


def _unpack(blob: Any) -> Packed:
    return _decoder.decode(zlib.decompress(blob))


def _serie(row: Row) -> Serie:
    return row[1], row[2], tuple(sorted(orjson.loads(row[3]).items()))
