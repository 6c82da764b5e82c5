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
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate

from ponte import rastro
from ponte.errors import ArmazenamentoIndisponivel, Encerrando
from ponte.store.db import Commit, ForeignChange, Rotas, Tx
from ponte.store.foreign import ForeignCommits
from ponte.store.group_commit import MAX_GROUP, Job, groups, settle
from ponte.store.sqlite_tx import SqliteTx, step

BUSY_S = 2.0  # chosen: another process's commit takes milliseconds; a webhook waits 5 s at most
_UNAVAILABLE = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOMEM,
}  # fmt: skip


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


class SqliteDatabase:
    """`Database` on one SQLite file. Several processes may share the file."""

    announces = False

    def __init__(self, path: Path, *, rotas: Rotas, now_ms: Callable[[], int]) -> None:
        self.path = path
        self._rotas = rotas
        self._now_ms = now_ms
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
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

    async def single(
        self, service: Callable[Concatenate[Tx, ...], Awaitable[Any]], *args: Any
    ) -> Any:
        return await self.transact(service, *args)

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
        self._jobs.put(Job(service, args, future, many, None if many else rastro.current()))
        return future

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            jobs: list[Job] = []
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
                self._loop.call_soon_threadsafe(settle, jobs, commit, self._listeners)
            if job is None:
                return

    def _commit(self, jobs: list[Job]) -> Commit:
        began = time.perf_counter()
        calls = groups(jobs)
        try:
            done = self._transaction(calls, savepoints=len(calls) > 1)
        except BaseException as error:  # noqa: BLE001 - the sole caller's, or nothing is stored
            self._rollback()
            if len(calls) == 1 < len(jobs) and not _is_lost(error):
                return self._commit_each(jobs, began)
            return _failed(jobs, error)
        return self._committed(jobs, done, began)

    def _commit_each(self, jobs: list[Job], began: float) -> Commit:
        """Run what failed together one by one, so that a bad one does not sink its neighbours."""
        try:
            done = self._transaction([[job] for job in jobs], savepoints=True)
        except Exception as error:  # noqa: BLE001 - nobody's work is stored, and the thread lives on
            self._rollback()
            return _failed(jobs, error)
        return self._committed(jobs, done, began)

    def _committed(self, jobs: list[Job], done: Commit, began: float) -> Commit:
        commit = Commit(done.fatos, done.filas, len(jobs), time.perf_counter() - began)
        self._foreign.own(commit)
        return commit

    def _transaction(self, calls: list[list[Job]], *, savepoints: bool) -> Commit:
        self._con.execute("BEGIN IMMEDIATE")
        self._foreign.met()
        tx = SqliteTx(self._con, self._rotas, now_ms=self._now_ms())
        for group in calls:
            self._run_group(tx, group, savepoint=savepoints)
        done = tx.flush()
        self._con.execute("COMMIT")
        return done

    def _rollback(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._con.in_transaction:
                self._con.execute("ROLLBACK")

    def _run_group(self, tx: SqliteTx, group: list[Job], *, savepoint: bool) -> None:
        if not savepoint:
            _run(tx, group)
            return
        error = self._in_savepoint(tx, group)
        if error is None:
            return
        if len(group) == 1:
            group[0].error = error
            return
        for job in group:
            job.error = self._in_savepoint(tx, [job]) or job.error

    def _in_savepoint(self, tx: SqliteTx, group: list[Job]) -> BaseException | None:
        """Run jobs together; what they did is undone when that raises, and the error returned."""
        mark = tx.mark()
        self._con.execute("SAVEPOINT um")
        try:
            _run(tx, group)
        except BaseException as error:  # it is the caller's, raised on its side
            if not self._con.in_transaction:
                # A full disk made SQLite roll back the whole group: nobody's work is stored.
                raise ArmazenamentoIndisponivel("The database rolled back") from error
            self._con.execute("ROLLBACK TO um")
            tx.rewind(mark)
            self._con.execute("RELEASE um")
            return _mapped(error)
        self._con.execute("RELEASE um")
        return None


def _run(tx: SqliteTx, group: list[Job]) -> None:
    first = group[0]
    tx.rastro = first.rastro
    if not first.many:
        first.result, first.error = step(first.service(tx, *first.args)), None
        return
    results = step(first.service(tx, [job.args[0] for job in group]))
    for job, result in zip(group, results, strict=True):
        job.answer(result)


def _failed(jobs: list[Job], error: BaseException) -> Commit:
    for job in jobs:
        job.error = _mapped(error)
    return Commit()


def _is_lost(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and is_unavailable(error)


def _mapped(error: BaseException) -> BaseException:
    return ArmazenamentoIndisponivel("The database can't store now") if _is_lost(error) else error
