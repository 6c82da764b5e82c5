"""Sqlite_tx: what a transaction on SQLite can do; the writer's thread steps it.

Each statement, and each row of an answer, gives the interpreter away and waits for it
again behind the event loop. So a group is written with few statements, and the reads of
the hot path come as one row.
"""

import sqlite3
from collections.abc import Collection, Coroutine, Sequence
from functools import cache
from itertools import chain
from typing import Any, cast

import orjson

from ponte.domain.valores import new_id
from ponte.events import Fato, FatoGravado, encode
from ponte.store.db import Commit, Params, Rotas, Row, streams

# Few statement texts, so that all stay prepared; any group of a quiet hour is one of them.
_CHUNKS = (64, 48, 32, 24, *range(16, 0, -1))
_MAX_PARAMS = 32_000  # SQLite's limit is 32,766 variables
_COUNTERS = ("pos", "seq", "seq_publico", "seq_estoque", "pedido_numero", "fila")
_READ_COUNTERS = f"SELECT {', '.join(_COUNTERS)} FROM contadores"  # noqa: S608 - constants
_WRITE_COUNTERS = f"UPDATE contadores SET {', '.join(f'{c} = ?' for c in _COUNTERS)}"  # noqa: S608


def step(coro: Coroutine[Any, Any, Any]) -> Any:
    """Run a service to its end; it may await nothing but its tx, which never suspends here."""
    try:
        coro.send(None)
    except StopIteration as stop:
        return stop.value
    coro.close()
    msg = "a service awaited something other than its tx with a transaction open"
    raise RuntimeError(msg)


class SqliteTx:
    """A transaction of the writer, or a snapshot of a reader."""

    def __init__(self, con: sqlite3.Connection, rotas: Rotas, *, now_ms: int) -> None:
        self._con = con
        self._rotas = rotas
        self.now_ms = now_ms
        self.rastro: str | None = None
        self.fatos: list[FatoGravado] = []
        self._fed: frozenset[str] = frozenset()
        self._fila: list[tuple[int, int, str, str, str, int]] = []
        self._counters: list[int] = []
        self._read: tuple[int, ...] = ()

    async def execute(self, sql: str, params: Params = ()) -> int:
        return self._con.execute(sql, params).rowcount

    async def fetch(self, sql: str, params: Params = (), *, packed: int = 0) -> list[Row]:
        if not packed:
            return self._con.execute(sql, params).fetchall()
        return orjson.loads(self._con.execute(_packed(sql, packed), params).fetchone()[0])  # type: ignore[no-any-return]

    async def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        return cast("Row | None", self._con.execute(sql, params).fetchone())

    async def insert_many(self, into: str, rows: Sequence[Params], *, conflict: str = "") -> int:
        return self.insert_now(into, rows, conflict=conflict)

    def insert_now(self, into: str, rows: Sequence[Params], *, conflict: str = "") -> int:
        """Insert in chunks of few sizes: one step of the engine for each chunk."""
        if not rows:
            return 0
        width = len(rows[0])
        marks = f"({','.join('?' * width)})"
        done, inserted = 0, 0
        while done < len(rows):
            left = len(rows) - done
            size = next(c for c in _CHUNKS if c <= left and (c == 1 or c * width <= _MAX_PARAMS))
            sql = f"INSERT INTO {into} VALUES {','.join([marks] * size)} {conflict}"  # noqa: S608
            flat = list(chain.from_iterable(rows[done : done + size]))
            inserted += self._con.execute(sql, flat).rowcount
            done += size
        return inserted

    def lock(self, *tabelas: str, skip: bool = False) -> str:  # noqa: ARG002 - one writer rules
        return ""

    def instant(self, depois_ms: int = 0) -> tuple[str, int]:
        return "?", self.now_ms + depois_ms

    async def exclude(self, nomes: Collection[str]) -> None:
        """Exclude nobody: there is one writer."""

    def put(self, fato: Fato, *, depois_ms: int = 0) -> None:
        counters = self._counters_now()
        counters[0] += 1
        seq = seq_publico = seq_estoque = None
        live, public, stock = streams(fato)
        if live:
            seq = counters[1] = counters[1] + 1
        if public:
            seq_publico = counters[2] = counters[2] + 1
        if stock:
            seq_estoque = counters[3] = counters[3] + 1
        gravado = FatoGravado(
            counters[0], new_id(), fato.tipo, fato.lane(), self.now_ms, encode(fato),
            seq, seq_publico, seq_estoque, self.rastro,
        )  # fmt: skip
        self.fatos.append(gravado)
        disponivel = self.now_ms + depois_ms
        for rota in self._rotas(fato):
            counters[5] += 1
            self._fila.append(
                (counters[5], gravado.pos, rota.passo, rota.fila, gravado.lane, disponivel)
            )

    def feed(self, fila: str) -> None:
        self._fed |= {fila}

    async def next_numeros(self, quantos: int) -> list[int]:
        counters = self._counters_now()
        counters[4] += quantos
        return list(range(counters[4] - quantos + 1, counters[4] + 1))

    def _counters_now(self) -> list[int]:
        # The write lock is held, so nobody can change them until the commit.
        if not self._counters:
            self._counters = list(self._con.execute(_READ_COUNTERS).fetchone())
            self._read = tuple(self._counters)
        return self._counters

    def mark(self) -> tuple[int, int, list[int]]:
        """Remember the pending facts, for `rewind` when a savepoint is rolled back."""
        return len(self.fatos), len(self._fila), list(self._counters)

    def rewind(self, mark: tuple[int, int, list[int]]) -> None:
        """Forget what was put since `mark`."""
        del self.fatos[mark[0] :]
        del self._fila[mark[1] :]
        if mark[2] or not self._counters:
            self._counters = mark[2]
        else:
            self._counters = list(self._read)

    def flush(self) -> Commit:
        """Write the pending facts, queue rows and counters; the commit follows."""
        self.insert_now(
            "fatos (pos, id, tipo, lane, em, dados, seq, seq_publico, seq_estoque, traceparent)",
            [
                (f.pos, f.id, f.tipo, f.lane, f.em_ms, f.dados.decode(), f.seq, f.seq_publico,
                 f.seq_estoque, f.traceparent)
                for f in self.fatos
            ],
        )  # fmt: skip
        self.insert_now("fila (id, pos, passo, fila, lane, disponivel_em)", self._fila)
        if self._counters and tuple(self._counters) != self._read:
            self._con.execute(_WRITE_COUNTERS, self._counters)
        return Commit(tuple(self.fatos), self._fed.union(row[3] for row in self._fila))


@cache
def _packed(sql: str, columns: int) -> str:
    """Return a statement that answers the rows of another as one, in JSON."""
    names = ", ".join(f"c{n}" for n in range(columns))
    return (
        f"WITH q ({names}) AS ({sql})"  # noqa: S608 - a statement of ours
        f" SELECT json_group_array(json_array({names})) FROM q"
    )
