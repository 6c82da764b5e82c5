"""PostgreSQL: group commit without linger, a few groups in flight at once.

Callers that wait together share one transaction, each in a savepoint of its own, and
are answered after its commit. What a group locked that others may wait for ends it, so
no transaction holds the rows of two callers: locks are taken in one order inside each.
Measured: docs/decisions/0009-postgresql.md.
"""

import asyncio
import contextlib
import contextvars
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Concatenate

import asyncpg

from ponte import rastro
from ponte.domain.valores import new_id
from ponte.errors import ArmazenamentoIndisponivel, Encerrando, PonteError
from ponte.store.db import Commit, ForeignChange, Rotas, Tx
from ponte.store.group_commit import MAX_GROUP, Job, belongs, groups, settle
from ponte.store.pg_con import ERRORS, Lugar, is_conflict, is_lost, mapped
from ponte.store.pg_escuta import Escuta
from ponte.store.pg_tx import Colunas, Guarded, PostgresTx, SegundaPergunta

GROUPS = 3  # chosen: one works while another waits for the disk and a third for its rows
READERS = 4  # chosen: what a page and its neighbours read at once
MAX_SAVEPOINTS = 60  # documented: above 64 the server keeps them on disk
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_COLUMNS = """SELECT table_name::text, column_name::text, data_type::text
FROM information_schema.columns WHERE table_schema = current_schema()"""


class _NeedsSavepoints(Exception):
    """A caller that was alone failed in a way that a second run, step by step, may mend."""


class PostgresDatabase:
    """`Database` on a PostgreSQL server. Several processes may share it."""

    announces = True

    def __init__(self, url: str, *, rotas: Rotas, now_ms: Callable[[], int]) -> None:
        self._rotas = rotas
        self._now_ms = now_ms
        self.processo = new_id()  # its connections are named by it
        self._colunas: Colunas = {}
        self._waiting: deque[Job] = deque()
        self._listeners: list[Callable[[Commit], None]] = []
        self._writers = [Lugar(url, processo=self.processo) for _ in range(GROUPS)]
        self._idle = list(self._writers)
        self._readers = [Lugar(url, processo=self.processo, reads=True) for _ in range(READERS)]
        self._longer: set[object] = set()  # readers' services that ask more than one statement
        self._reading = asyncio.Semaphore(READERS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._escuta = Escuta(url, processo=self.processo)
        self._loop = asyncio.get_running_loop()
        self._nowhere = contextvars.Context()  # a group is no part of who asked first
        self._planned = self._closed = False

    async def start(self) -> None:
        """Connect, learn the columns, and listen.

        Raises:
            ArmazenamentoIndisponivel: the server does not answer or refuses.
        """
        con = await self._writers[-1].begin()
        rows = await con.fetch(_COLUMNS)
        await con.execute("ROLLBACK")
        self._colunas = {(table, column): kind for table, column, kind in rows}
        await self._escuta.start()

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
        async with self._reading:
            lugar = self._readers.pop()
            try:
                return await self._read(lugar, service, args)
            finally:
                self._readers.append(lugar)

    async def single(
        self, service: Callable[Concatenate[Tx, ...], Awaitable[Any]], *args: Any
    ) -> Any:
        if self._closed:
            raise Encerrando
        try:
            async with self._escuta.line() as con:
                return await self._run_on(con, service, args)
        except ERRORS as error:
            found = mapped(error)
            if found is error:
                raise
            raise found from error

    def on_commit(self, listener: Callable[[Commit], None]) -> None:
        self._listeners.append(listener)

    def on_foreign(self, listener: Callable[[], None]) -> None:
        self._escuta.listeners.append(listener)

    def foreign_change(self) -> ForeignChange | None:
        return self._escuta.take()

    async def changed_behind(self) -> bool:
        return self._escuta.take_behind()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        while self._tasks or self._waiting:
            self._dispatch()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._escuta.close()
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(READERS):
                await stack.enter_async_context(self._reading)
            for lugar in (*self._writers, *self._readers):
                await lugar.close()

    # ------------------------------------------------------------ readers

    async def _read(self, lugar: Lugar, service: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        try:
            result = await self._look(lugar, service, args)
        except asyncio.CancelledError:
            lugar.discard()  # a statement may still run in it
            raise
        except Exception as error:
            await lugar.rollback(error)
            found = mapped(error)
            if found is error:
                raise
            raise found from error
        return result

    async def _look(self, lugar: Lugar, service: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Ask one statement as it is; a service that asks for more runs again on a snapshot."""
        what = getattr(service, "__code__", service)
        if what not in self._longer:
            try:
                return await self._run_on(await lugar.open(), service, args)
            except SegundaPergunta:
                self._longer.add(what)
            except ERRORS as error:
                if not is_lost(error) or isinstance(error, TimeoutError):
                    raise
                lugar.discard()
        con = await lugar.begin(_SNAPSHOT)
        tx = PostgresTx(con, self._colunas, rotas=self._rotas, now_ms=self._now_ms())
        result = await Guarded(service(tx, *args), tx)
        await con.execute("ROLLBACK")
        return result

    async def _run_on(self, con: Any, service: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        tx = PostgresTx(con, self._colunas, rotas=self._rotas, now_ms=self._now_ms(), single=True)
        return await Guarded(service(tx, *args), tx)

    # ------------------------------------------------------------ group commit

    def _enqueue(
        self, service: Callable[..., Any], args: tuple[Any, ...], *, many: bool
    ) -> asyncio.Future[Any]:
        if self._closed:
            raise Encerrando
        future: asyncio.Future[Any] = self._loop.create_future()
        mine = None if many else rastro.current()
        self._waiting.append(Job(service, args, future, many, mine))
        if not self._planned:
            # In a moment: whoever asks in this turn of the loop belongs to the same group.
            self._planned = True
            self._loop.call_soon(self._dispatch, context=self._nowhere)
        return future

    def _dispatch(self) -> None:
        self._planned = False
        while self._waiting and self._idle:
            task = self._loop.create_task(self._serve(self._idle.pop(), self._take()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _take(self) -> list[Job]:
        jobs: list[Job] = []
        savepoints = 0
        while self._waiting and len(jobs) < MAX_GROUP:
            job = self._waiting[0]
            savepoints += not (jobs and belongs(job, jobs[-1]))
            if savepoints > MAX_SAVEPOINTS:
                break
            jobs.append(self._waiting.popleft())
        return jobs

    async def _serve(self, lugar: Lugar, jobs: list[Job]) -> None:
        try:
            await self._commit(lugar, jobs)
        finally:
            self._idle.append(lugar)
            self._dispatch()

    async def _commit(self, lugar: Lugar, jobs: list[Job]) -> None:
        """Answer every job, in as few transactions as the server's other work allows."""
        for _ in range(2):
            if await self._attempt(lugar, jobs):
                return
        for job in jobs:
            if not await self._attempt(lugar, [job]) and not await self._attempt(lugar, [job]):
                self._fail([job], ArmazenamentoIndisponivel("The database is too busy"))

    async def _attempt(self, lugar: Lugar, jobs: list[Job]) -> bool:
        """Run jobs in one transaction and answer them; False when it had to give way."""
        try:
            try:
                commit = await self._transaction(lugar, jobs, savepoints=len(groups(jobs)) > 1)
            except _NeedsSavepoints as error:
                await lugar.rollback(error)
                commit = await self._transaction(lugar, jobs, savepoints=True)
        except Exception as error:  # noqa: BLE001 - nobody's work is stored, and Ponte lives on
            await lugar.rollback(error)
            if is_conflict(error):
                return False
            self._fail(jobs, mapped(error))
            return True
        settle(jobs, commit, self._listeners)
        return True

    async def _transaction(self, lugar: Lugar, jobs: list[Job], *, savepoints: bool) -> Commit:
        """Run jobs and commit; those that must not share it are given back, and leave `jobs`."""
        began = time.perf_counter()
        con = await lugar.begin()
        tx = PostgresTx(con, self._colunas, rotas=self._rotas, now_ms=self._now_ms())
        ran = 0
        for group in groups(jobs):
            if tx.locked:
                break
            ran += len(group)
            if savepoints:
                await self._run_group(con, tx, group)
            elif await self._run_alone(tx, group):
                await con.execute("ROLLBACK")
                return Commit()
        self._waiting.extendleft(reversed(jobs[ran:]))
        del jobs[ran:]
        self._dispatch()
        commit = await tx.flush(self.processo)
        await con.execute("COMMIT")
        return replace(commit, juntos=ran, segundos=time.perf_counter() - began)

    async def _run_alone(self, tx: PostgresTx, group: list[Job]) -> bool:
        """Run the only work of a transaction; True when it failed by itself."""
        try:
            await _run(tx, group)
        except BaseException as error:
            if _is_lost(error):
                raise
            if len(group) > 1 or _may_be_mended(error, group[0]):
                raise _NeedsSavepoints from error
            group[0].error = error
            return True
        return False

    async def _run_group(self, con: Any, tx: PostgresTx, group: list[Job]) -> None:
        error = await self._in_savepoint(con, tx, group)
        if error is None:
            return
        for job in group:
            failed: BaseException | None = error
            if job.many or _may_be_mended(error, job):
                failed = await self._in_savepoint(con, tx, [job])
            if failed is not None and _may_be_mended(failed, job):
                failed = await self._in_savepoint(con, tx, [job])
            job.error = job.error if failed is None else failed

    async def _in_savepoint(
        self, con: Any, tx: PostgresTx, group: list[Job]
    ) -> BaseException | None:
        """Run jobs together; what they did is undone when that raises, and the error returned."""
        mark = tx.mark()
        await con.execute("SAVEPOINT um")
        try:
            await _run(tx, group)
        except BaseException as error:  # it is the caller's, raised on its side
            if _is_lost(error):
                raise
            tx.rewind(mark)
            await con.execute("ROLLBACK TO um; RELEASE um")
            return error
        await con.execute("RELEASE um")
        return None

    # ------------------------------------------------------------ answers

    def _fail(self, jobs: list[Job], error: Exception) -> None:
        for job in jobs:
            job.error = error
        settle(jobs, Commit(), self._listeners)


def _is_lost(error: BaseException) -> bool:
    """Tell whether the whole transaction is lost, and not only the part of one caller."""
    if isinstance(error, PonteError) or not isinstance(error, Exception):
        return isinstance(error, asyncio.CancelledError)
    return mapped(error) is not error


def _may_be_mended(error: BaseException, job: Job) -> bool:
    """Tell whether a second run sees what the first collided with, committed by now."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return True
    return job.many and isinstance(error, Exception) and not isinstance(error, PonteError)


async def _run(tx: PostgresTx, group: list[Job]) -> None:
    first = group[0]
    tx.rastro = first.rastro
    for job in group:
        job.error = None
    if not first.many:
        first.result = await Guarded(first.service(tx, *first.args), tx)
        return
    results = await Guarded(first.service(tx, [job.args[0] for job in group]), tx)
    for job, result in zip(group, results, strict=True):
        job.answer(result)
