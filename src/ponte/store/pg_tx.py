"""Pg_tx: what a transaction on PostgreSQL can do, and how its facts get their numbers.

Services keep their SQL with `?`. A fact gets its numbers when its group ends: the row of
the counters is locked last of all and for one commit, so the numbers are dense and in the
order of the commits of all processes. The rule: nothing may be asked after `flush`.
"""

import contextlib
import functools
import itertools
import re
from collections.abc import Collection, Coroutine, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ponte.domain.valores import new_id
from ponte.events import Fato, FatoGravado, encode
from ponte.store.db import Commit, Params, Rota, Rotas, Row, streams

CANAL = "ponte"  # the channel of NOTIFY
_PIECES = re.compile(r"('(?:[^']|'')*')|(\?)")
# Stable within a statement, so that an index still serves.
SERVER_MS = "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)"
Colunas = Mapping[tuple[str, str], str]  # (table, column): type

_FLUSH = """WITH c AS (
    UPDATE contadores SET pos = pos + $1::bigint, seq = seq + $2::bigint,
        seq_publico = seq_publico + $3::bigint, seq_estoque = seq_estoque + $4::bigint,
        fila = fila + $5::bigint
    RETURNING pos - $1 AS pos, seq - $2 AS seq, seq_publico - $3 AS seq_publico,
        seq_estoque - $4 AS seq_estoque, fila - $5 AS fila
), f AS (
    INSERT INTO fatos (pos, id, tipo, lane, em, dados, seq, seq_publico, seq_estoque, traceparent)
    SELECT c.pos + u.n, u.id, u.tipo, u.lane, u.em, u.dados, c.seq + u.seq,
        c.seq_publico + u.seq_publico, c.seq_estoque + u.seq_estoque, u.traceparent
    FROM c, unnest($6::bigint[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[],
        $12::bigint[], $13::bigint[], $14::bigint[], $23::text[])
        AS u(n, id, tipo, lane, em, dados, seq, seq_publico, seq_estoque, traceparent)
), q AS (
    INSERT INTO fila (id, pos, passo, fila, lane, disponivel_em)
    SELECT c.fila + u.n, c.pos + u.fato, u.passo, u.fila, u.lane, u.disponivel_em
    FROM c, unnest($15::bigint[], $16::bigint[], $17::text[], $18::text[], $19::text[],
        $20::bigint[]) AS u(n, fato, passo, fila, lane, disponivel_em)
)
SELECT c.pos, c.seq, c.seq_publico, c.seq_estoque, pg_notify($21, $22) FROM c"""


@functools.lru_cache(maxsize=4096)
def numbered(sql: str) -> str:
    """Return a statement with `$n` for each `?` that is not inside a quoted text."""
    count = itertools.count(1)
    return _PIECES.sub(lambda m: m[1] or f"${next(count)}", sql)


@functools.lru_cache(maxsize=512)
def _columns_of(into: str) -> tuple[str, tuple[str, ...]]:
    table, _, columns = into.partition("(")
    return table.strip(), tuple(c.strip() for c in columns.rstrip(") ").split(","))


def changed(status: str) -> int:
    """Return how many rows a statement changed, from the server's `UPDATE 3`."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0


@dataclass(frozen=True, slots=True)
class _Posto:
    """A fact that was put and has no number yet."""

    fato: Fato
    id: str
    dados: bytes
    em_ms: int
    disponivel_em: int
    rotas: Sequence[Rota]
    rastro: str | None


class SegundaPergunta(Exception):
    """A service asked a second statement where one was to be all; it was not asked."""


class PostgresTx:
    """A transaction of a group, a snapshot of a reader, or one statement of its own."""

    def __init__(
        self, con: Any, colunas: Colunas, *, rotas: Rotas, now_ms: int, single: bool = False
    ) -> None:
        self._con = con
        self._colunas = colunas
        self._rotas = rotas
        self.now_ms = now_ms
        self.rastro: str | None = None
        self.asking = False  # a statement is with the server
        self.locked = False  # rows were locked that other groups may wait for
        self._left = 1 if single else -1
        self._postos: list[_Posto] = []
        self._fed: frozenset[str] = frozenset()

    async def execute(self, sql: str, params: Params = ()) -> int:
        with self._ask():
            return changed(await self._con.execute(numbered(sql), *params))

    async def fetch(self, sql: str, params: Params = (), *, packed: int = 0) -> list[Row]:  # noqa: ARG002 - rows cost little here
        with self._ask():
            return [tuple(row) for row in await self._con.fetch(numbered(sql), *params)]

    async def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        with self._ask():
            row = await self._con.fetchrow(numbered(sql), *params)
        return None if row is None else tuple(row)

    async def insert_many(self, into: str, rows: Sequence[Params], *, conflict: str = "") -> int:
        if not rows:
            return 0
        table, columns = _columns_of(into)
        kinds = (self._colunas[table, column] for column in columns)
        marks = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1))
        sql = f"INSERT INTO {into} SELECT * FROM unnest({marks}) {conflict}"  # noqa: S608 - own text
        with self._ask():
            return changed(await self._con.execute(sql, *map(list, zip(*rows, strict=True))))

    def instant(self, depois_ms: int = 0) -> tuple[str, int]:
        return f"{SERVER_MS} + ?", depois_ms

    async def exclude(self, nomes: Collection[str]) -> None:
        if not nomes:
            return
        self.locked = True
        await self.fetch(
            "SELECT pg_advisory_xact_lock(hashtextextended(n, 0))"
            " FROM (SELECT n FROM unnest(?::text[]) n ORDER BY n OFFSET 0) s",
            (list(nomes),),
        )

    def put(self, fato: Fato, *, depois_ms: int = 0) -> None:
        self._postos.append(
            _Posto(
                fato,
                new_id(),
                encode(fato),
                self.now_ms,
                self.now_ms + depois_ms,
                self._rotas(fato),
                self.rastro,
            )
        )

    def feed(self, fila: str) -> None:
        self._fed |= {fila}

    async def next_numeros(self, quantos: int) -> list[int]:
        rows = await self.fetch(
            "SELECT nextval('pedidos_numero') FROM generate_series(1, ?::bigint)", (quantos,)
        )
        return [row[0] for row in rows]

    def lock(self, *tabelas: str, skip: bool = False) -> str:
        self.locked = self.locked or not skip
        of = f" OF {', '.join(tabelas)}" if tabelas else ""
        return f" FOR UPDATE{of}{' SKIP LOCKED' if skip else ''}"

    def mark(self) -> int:
        """Remember the facts put so far, for `rewind` when a savepoint is rolled back."""
        return len(self._postos)

    def rewind(self, mark: int) -> None:
        """Forget what was put since `mark`."""
        del self._postos[mark:]

    async def flush(self, processo: str) -> Commit:
        """Write the facts with their numbers, and tell other processes; the commit follows."""
        if not self._postos:
            if self._fed:
                told = (CANAL, f"{processo} {' '.join(sorted(self._fed))}")
                await self._con.execute("SELECT pg_notify($1, $2)", *told)
            return Commit(filas=self._fed)
        fatos, totals = _offsets(self._postos)
        rastros = [posto.rastro for posto in self._postos]
        fila = [
            (fatos[i][0], rota.passo, rota.fila, fatos[i][3], posto.disponivel_em)
            for i, posto in enumerate(self._postos)
            for rota in posto.rotas
        ]
        filas = self._fed.union(row[2] for row in fila)
        row = await self._con.fetchrow(
            _FLUSH,
            *totals,
            len(fila),
            *_transposed(fatos, 9),
            *_transposed([(n, *row) for n, row in enumerate(fila, 1)], 6),
            CANAL,
            f"{processo} {' '.join(sorted(filas))}",
            rastros,
        )
        return Commit(tuple(map(_numbered_by(row), fatos, rastros)), filas)

    @contextlib.contextmanager
    def _ask(self) -> Iterator[None]:
        if not self._left:
            raise SegundaPergunta
        self._left -= 1
        self.asking = True
        try:
            yield
        finally:
            self.asking = False


Linha = tuple[int, str, str, str, int, str, int | None, int | None, int | None]


def _offsets(postos: Sequence[_Posto]) -> tuple[list[Linha], list[int]]:
    """Return the rows of facts, numbered from the counters as they will stand, and how many."""
    totals = [0, 0, 0, 0]
    linhas: list[Linha] = []
    for posto in postos:
        seqs: list[int | None] = []
        totals[0] += 1
        for n, numbers in enumerate(streams(posto.fato), 1):
            totals[n] += numbers
            seqs.append(totals[n] if numbers else None)
        linhas.append(
            (totals[0], posto.id, posto.fato.tipo, posto.fato.lane(), posto.em_ms,
             posto.dados.decode(), seqs[0], seqs[1], seqs[2])
        )  # fmt: skip
    return linhas, totals


def _transposed(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _numbered_by(bases: Sequence[Any]) -> Any:
    pos0, *seqs0 = (int(base) for base in bases[:4])

    def gravado(linha: Linha, traceparent: str | None) -> FatoGravado:
        n, id_, tipo, lane, em, dados, *seqs = linha
        a, b, c = (None if s is None else base + s for base, s in zip(seqs0, seqs, strict=True))
        return FatoGravado(pos0 + n, id_, tipo, lane, em, dados.encode(), a, b, c, traceparent)

    return gravado


class Guarded:
    """Runs a service that may await nothing but its tx, however deep."""

    def __init__(self, service: Coroutine[Any, Any, Any], tx: PostgresTx) -> None:
        self._service = service
        self._tx = tx

    def __await__(self) -> Generator[Any, Any, Any]:
        """Pass on what the service waits for, as long as its tx asks the server."""
        raised: BaseException | None = None
        while True:
            try:
                waited = self._service.send(None) if raised is None else self._service.throw(raised)
            except StopIteration as stop:
                return stop.value
            if not self._tx.asking:
                self._service.close()
                msg = "a service awaited something other than its tx with a transaction open"
                raise RuntimeError(msg)
            try:
                raised = None
                yield waited
            except BaseException as error:  # noqa: BLE001 - it belongs to the service
                raised = error
