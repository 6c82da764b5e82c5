"""Metricas: the numbers that callers record, as samples and as running totals.

Samples are kept for a week, and of each series the newest ten thousand; the totals of a
series outlive them. The one rule: a caller can make neither the number of series nor
that of their samples grow without limit.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from ponte.domain.metrica import Metrica, TipoMetrica, wrong_fields
from ponte.domain.valores import format_time
from ponte.errors import DadosInvalidos, PonteError, Problema
from ponte.store.db import Row, Tx

MAX_SERIES = 1_000  # chosen: names and labels together
MAX_AMOSTRAS = 10_000  # chosen, of a series: one a minute for a week
PODA = 100  # a series is cut to its size once in so many samples
GUARDA_MS = 7 * 24 * 3_600_000  # as long as Ponte's own numbers
_TABLES = "amostras a JOIN metricas m ON m.id = a.metrica_id"
FUTURO_MS = 24 * 3_600_000  # chosen: a clock may be wrong by a zone, not by a year


class MuitasSeries(PonteError):
    """There are as many series as are kept; the sample was not recorded."""

    status = 422
    code = "muitas_series"

    def __init__(self) -> None:
        super().__init__(f"At most {MAX_SERIES} series are kept; use fewer names or labels")
        self.errors = [Problema("labels", "one series too many")]


@dataclass(frozen=True, slots=True)
class SerieGravada:
    """One series as it stands: how many samples, their sum, and the newest."""

    nome: str
    tipo: TipoMetrica
    labels: dict[str, str]
    n: int
    soma: float
    ultimo: float
    ultimo_em: int


@dataclass(frozen=True, slots=True)
class Filtro:
    """Which samples are asked for; None means all. Times in epoch ms, `ate` exclusive."""

    nome: str | None = None
    tipo: str | None = None
    desde: int | None = None
    ate: int | None = None


async def record(tx: Tx, metrica: Metrica) -> Metrica:
    """Keep one sample; return it with its time.

    Raises:
        DadosInvalidos: a field is wrong, or the name has another tipo already.
        MuitasSeries: it would begin one series too many.
    """
    em = tx.now_ms if metrica.timestamp is None else metrica.timestamp
    wrong = [Problema(*found) for found in wrong_fields(metrica)]
    if not 0 <= em <= tx.now_ms + FUTURO_MS:
        wrong.append(Problema("timestamp", "before 1970 or more than a day from now"))
    if wrong:
        raise DadosInvalidos(*wrong)
    nova = Metrica(metrica.nome, metrica.tipo, metrica.valor, dict(metrica.labels), em)
    serie_id, n = await _count(tx, nova, em)
    await tx.insert_many(
        "amostras (metrica_id, em, valor, gravada_em)",
        [(serie_id, em, float(metrica.valor), tx.now_ms)],
    )
    if n % PODA == 0:
        await _cut(tx, serie_id)
    return nova


async def samples(tx: Tx, filtro: Filtro, *, limite: int) -> tuple[list[Metrica], int]:
    """Return the newest samples that match, oldest first, and how many match."""
    total, _left = await counts(tx, filtro, None)
    found = await older(tx, filtro, None, pular=0, limite=limite)
    return [metrica for _id, metrica in reversed(found)], total


async def counts(tx: Tx, filtro: Filtro, depois: tuple[int, int] | None) -> tuple[int, int]:
    """Return how many samples match, and how many of them are older than a (time, id)."""
    where, params = _where(filtro)
    older_than, more = _older(depois)
    row = await tx.fetch_one(
        f"SELECT COUNT(*), COUNT(CASE WHEN {older_than} THEN 1 END) FROM {_TABLES} WHERE {where}",  # noqa: S608
        (*more, *params),
    )
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def older(
    tx: Tx, filtro: Filtro, depois: tuple[int, int] | None, *, pular: int, limite: int
) -> list[tuple[int, Metrica]]:
    """Return samples that match with their ids, newest first, those older than a (time, id)."""
    where, params = _where(filtro)
    older_than, more = _older(depois)
    rows = await tx.fetch(
        f"SELECT m.nome, m.tipo, a.valor, m.labels, a.em, a.id FROM {_TABLES}"  # noqa: S608
        f" WHERE {where} AND {older_than} ORDER BY a.em DESC, a.id DESC LIMIT ? OFFSET ?",
        (*params, *more, limite, pular),
    )
    return [(row[5], _sample(row)) for row in rows]


async def series(tx: Tx) -> list[SerieGravada]:
    """Return every series that callers record."""
    rows = await tx.fetch(
        "SELECT nome, tipo, labels, n, soma, ultimo, ultimo_em FROM metricas ORDER BY nome, labels"
    )
    return [SerieGravada(r[0], TipoMetrica(r[1]), orjson.loads(r[2]), *r[3:]) for r in rows]


async def is_recorded(tx: Tx, nome: str) -> bool:
    """Tell whether callers record under this name."""
    return await tx.fetch_one("SELECT 1 FROM metricas WHERE nome = ?", (nome,)) is not None


async def prune(tx: Tx) -> int:
    """Forget up to a thousand samples of more than a week ago; return how many."""
    gone = await tx.execute(
        "DELETE FROM amostras WHERE id IN"
        " (SELECT id FROM amostras WHERE gravada_em < ? ORDER BY gravada_em LIMIT 1000)",
        (tx.now_ms - GUARDA_MS,),
    )
    if not gone:
        await tx.execute("DELETE FROM metricas WHERE gravada_em < ?", (tx.now_ms - GUARDA_MS,))
    return gone


def view(metrica: Metrica) -> dict[str, Any]:
    """Return the wire form of a sample (SPEC §6)."""
    return {
        "nome": metrica.nome,
        "tipo": metrica.tipo.value,
        "valor": metrica.valor,
        "labels": dict(metrica.labels),
        "timestamp": format_time(metrica.timestamp or 0),
    }


async def _count(tx: Tx, nova: Metrica, em: int) -> tuple[int, int]:
    """Add a sample to the totals of its series; return the series' id and how many it has had."""
    labels = orjson.dumps(dict(nova.labels), option=orjson.OPT_SORT_KEYS).decode()
    await tx.exclude([f"metrica {nova.nome}"])
    rows = await tx.fetch(
        "SELECT id, tipo, labels, n, ultimo_em FROM metricas WHERE nome = ?", (nova.nome,)
    )
    if rows and rows[0][1] != nova.tipo.value:
        raise DadosInvalidos(Problema("tipo", f"{nova.nome} is recorded as {rows[0][1]}"))
    mine = next((row for row in rows if row[2] == labels), None)
    if mine is None:
        return await _begin(tx, nova, labels), 1
    newest = em >= mine[4]
    await tx.execute(
        "UPDATE metricas SET n = n + 1, soma = soma + ?, gravada_em = ? WHERE id = ?",
        (float(nova.valor), tx.now_ms, mine[0]),
    )
    if newest:
        await tx.execute(
            "UPDATE metricas SET ultimo = ?, ultimo_em = ? WHERE id = ?",
            (float(nova.valor), em, mine[0]),
        )
    return int(mine[0]), int(mine[3]) + 1


async def _begin(tx: Tx, nova: Metrica, labels: str) -> int:
    known = await tx.fetch_one("SELECT COUNT(*) FROM metricas")
    if known is not None and known[0] >= MAX_SERIES:
        raise MuitasSeries
    valor = float(nova.valor)
    await tx.insert_many(
        "metricas (nome, tipo, labels, n, soma, ultimo, ultimo_em, gravada_em)",
        [(nova.nome, nova.tipo.value, labels, 1, valor, valor, nova.timestamp, tx.now_ms)],
    )
    row = await tx.fetch_one(
        "SELECT id FROM metricas WHERE nome = ? AND labels = ?", (nova.nome, labels)
    )
    return int(row[0]) if row else 0


async def _cut(tx: Tx, serie_id: int) -> None:
    oldest = await tx.fetch_one(
        "SELECT em FROM amostras WHERE metrica_id = ? ORDER BY em DESC, id DESC LIMIT 1 OFFSET ?",
        (serie_id, MAX_AMOSTRAS - 1),
    )
    if oldest is not None:
        await tx.execute(
            "DELETE FROM amostras WHERE metrica_id = ? AND em < ?", (serie_id, oldest[0])
        )


def _older(depois: tuple[int, int] | None) -> tuple[str, tuple[int, ...]]:
    if depois is None:
        return "1 = 1", ()
    em, id_ = depois
    return "(a.em < ? OR (a.em = ? AND a.id < ?))", (em, em, id_)


def _where(filtro: Filtro) -> tuple[str, list[Any]]:
    where, params = ["1 = 1"], list[Any]()
    for condition, value in (
        ("m.nome = ?", filtro.nome),
        ("m.tipo = ?", filtro.tipo),
        ("a.em >= ?", filtro.desde),
        ("a.em < ?", filtro.ate),
    ):
        if value is not None:
            where.append(condition)
            params.append(value)
    return " AND ".join(where), params


def _sample(row: Row) -> Metrica:
    return Metrica(row[0], TipoMetrica(row[1]), row[2], orjson.loads(row[3]), row[4])
