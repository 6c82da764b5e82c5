"""SQLite: one writer thread, WAL, synchronous FULL, group commit without linger.

The writer takes all that waits while its last commit ran, gives each caller a
savepoint, commits once and only then answers each. A lone caller waits for
nobody. Measured: docs/decisions/0001-own-sql-one-writer.md.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Concatenate, cast

from ponte import rastro
from ponte.domain.valores import new_id
from ponte.errors import ArmazenamentoIndisponivel, Encerrando
from ponte.events import Fato, FatoGravado, encode
from ponte.store.db import Commit, ForeignChange, Params, Rotas, Row, Tx, streams
from ponte.store.foreign import ForeignCommits

BUSY_S = 2.0  # chosen: another process's commit takes milliseconds; a webhook waits 5 s at most
MAX_GROUP = 256  # chosen: bounds how long one commit can hold the others
_CHUNKS = (64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)  # few statement texts: all stay prepared
_MAX_PARAMS = 32_000  # SQLite's limit is 32,766 variables
_UNAVAILABLE = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOMEM,
}  # fmt: skip
_COUNTERS = ("pos", "seq", "seq_publico", "seq_estoque", "pedido_numero", "fila")
_READ_COUNTERS = f"SELECT {', '.join(_COUNTERS)} FROM contadores"  # noqa: S608 - constants
_WRITE_COUNTERS = f"UPDATE contadores SET {', '.join(f'{c} = ?' for c in _COUNTERS)}"  # noqa: S608


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """Open a connection with the pragmas that the promises need."""
    con = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=BUSY_S
    )
    if readonly:
        con.execute("PRAGMA query_only = 1")
        con.execute("PRAGMA cache_size = -16000")
        return con
    con.execute("PRAGMA journal_mode = WAL")
    con.execute("PRAGMA synchronous = FULL")
    con.execute("PRAGMA wal_autocheckpoint = 4000")
    con.execute("PRAGMA cache_size = -64000")
    con.execute("PRAGMA temp_store = MEMORY")
    return con


def is_unavailable(error: sqlite3.Error) -> bool:
    """Tell whether the engine can't store now, as opposed to a wrong statement."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _UNAVAILABLE


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

    async def fetch(self, sql: str, params: Params = ()) -> list[Row]:
        return self._con.execute(sql, params).fetchall()

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


@dataclass(slots=True, eq=False)
class _Job:
    service: Callable[..., Any]
    args: tuple[Any, ...]
    future: asyncio.Future[Any]
    many: bool
    rastro: str | None = None  # of the caller; of many, each item tells its own
    result: Any = None
    error: BaseException | None = None


class SqliteDatabase:
    """`Database` on one SQLite file. Several processes may share the file."""

    announces = False

    def __init__(self, path: Path, *, rotas: Rotas, now_ms: Callable[[], int]) -> None:
        self.path = path
        self._rotas = rotas
        self._now_ms = now_ms
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[Commit], None]] = []
        self._closed = False
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="ponte-reader")
        self._local = threading.local()
        self._reader_cons: list[sqlite3.Connection] = []
        self._con = connect(path)
        self._watch = connect(path, readonly=True)
        self._foreign = ForeignCommits(self._con, watch=self._watch)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="ponte-writer", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------ the door

    async def transact(
        self, service: Callable[Concatenate[Tx, ...], Awaitable[Any]], *args: Any
    ) -> Any:
        return await self._enqueue(service, args, many=False)

    async def batch(
        self, service: Callable[[Tx, Sequence[Any]], Awaitable[Sequence[Any]]], item: Any
    ) -> Any:
        return await self._enqueue(service, (item,), many=True)

    async def read(
        self, service: Callable[Concatenate[Tx, ...], Awaitable[Any]], *args: Any
    ) -> Any:
        if self._closed:
            raise Encerrando
        return await self._loop.run_in_executor(self._readers, self._read_now, service, args)

    def on_commit(self, listener: Callable[[Commit], None]) -> None:
        self._listeners.append(listener)

    def on_foreign(self, listener: Callable[[], None]) -> None:
        """Nobody tells: whoever wants to know looks with `foreign_change`."""

    def foreign_change(self) -> ForeignChange | None:
        return ForeignChange() if self._foreign.changed() else None

    async def changed_behind(self) -> bool:
        return bool(await self.transact(self._behind_now))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await self._loop.run_in_executor(None, self._thread.join)
        self._readers.shutdown(wait=True)
        for con in (*self._reader_cons, self._watch, self._con):
            con.close()

    # ------------------------------------------------------------ readers

    def _read_now(self, service: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        con = getattr(self._local, "con", None)
        if con is None:
            con = self._local.con = connect(self.path, readonly=True)
            self._reader_cons.append(con)
        try:
            con.execute("BEGIN")
            try:
                return step(service(SqliteTx(con, self._rotas, now_ms=self._now_ms()), *args))
            finally:
                con.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _mapped(error) from error

    async def _behind_now(self, _tx: Tx) -> bool:
        return self._foreign.behind()

    # ------------------------------------------------------------ the writer thread

    def _enqueue(
        self, service: Callable[..., Any], args: tuple[Any, ...], *, many: bool
    ) -> asyncio.Future[Any]:
        if self._closed:
            raise Encerrando
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put(_Job(service, args, future, many, None if many else rastro.current()))
        return future

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            jobs: list[_Job] = []
            while job is not None:
                jobs.append(job)
                if len(jobs) >= MAX_GROUP:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            if jobs:
                commit = self._commit(jobs)
                self._loop.call_soon_threadsafe(self._settle, jobs, commit)
            if job is None:
                return

    def _commit(self, jobs: list[_Job]) -> Commit:
        began = time.perf_counter()
        try:
            self._con.execute("BEGIN IMMEDIATE")
            self._foreign.met()
            tx = SqliteTx(self._con, self._rotas, now_ms=self._now_ms())
            for group in _groups(jobs):
                self._run_group(tx, group)
            done = tx.flush()
            self._con.execute("COMMIT")
            commit = Commit(done.fatos, done.filas, len(jobs), time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001 - nobody's work is stored, and the thread lives on
            with contextlib.suppress(sqlite3.Error):
                if self._con.in_transaction:
                    self._con.execute("ROLLBACK")
            for job in jobs:
                job.error = _mapped(error)
            return Commit()
        self._foreign.own(commit)
        return commit

    def _run_group(self, tx: SqliteTx, group: list[_Job]) -> None:
        tx.rastro = group[0].rastro
        if not group[0].many:
            self._run_one(tx, group[0], lambda: step(group[0].service(tx, *group[0].args)))
            return
        whole = _Job(group[0].service, (), group[0].future, many=True)
        self._run_one(tx, whole, lambda: step(whole.service(tx, [j.args[0] for j in group])))
        if whole.error is None:
            for job, result in zip(group, whole.result, strict=True):
                _set(job, result)
            return
        if len(group) == 1:
            group[0].error = whole.error
            return
        for job in group:
            self._run_one(tx, job, lambda job=job: step(job.service(tx, [job.args[0]])))  # type: ignore[misc]
            if job.error is None:
                _set(job, job.result[0])

    def _run_one(self, tx: SqliteTx, job: _Job, run: Callable[[], Any]) -> None:
        mark = tx.mark()
        self._con.execute("SAVEPOINT um")
        try:
            job.result = run()
        except BaseException as error:  # it is the caller's, raised on its side
            if not self._con.in_transaction:
                # A full disk made SQLite roll back the whole group: nobody's work is stored.
                raise ArmazenamentoIndisponivel("The database rolled back") from error
            self._con.execute("ROLLBACK TO um")
            tx.rewind(mark)
            job.error = _mapped(error) if isinstance(error, Exception) else error
        self._con.execute("RELEASE um")

    def _settle(self, jobs: list[_Job], commit: Commit) -> None:
        for job in jobs:
            if job.future.done():
                continue
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)
        if commit.fatos or commit.filas:
            for listener in self._listeners:
                listener(commit)


def _groups(jobs: list[_Job]) -> list[list[_Job]]:
    groups: list[list[_Job]] = []
    for job in jobs:
        if job.many and groups and groups[-1][0].many and groups[-1][0].service == job.service:
            groups[-1].append(job)
        else:
            groups.append([job])
    return groups


def _set(job: _Job, result: Any) -> None:
    if isinstance(result, BaseException):
        job.error, job.result = result, None
    else:
        job.error, job.result = None, result


def _mapped(error: Exception) -> Exception:
    if isinstance(error, sqlite3.Error) and is_unavailable(error):
        return ArmazenamentoIndisponivel("The database can't store now")
    return error
