"""Pg_escuta: hears what other processes commit to the same PostgreSQL.

Every group that wrote facts says so with NOTIFY in its own transaction, so the word
arrives after the commit and never without one. The rule: words said while nobody
listened are lost, so each time the listening begins anew, everything may have changed.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import structlog

from ponte.errors import ArmazenamentoIndisponivel
from ponte.store.db import ForeignChange
from ponte.store.pg_con import BACKOFF_S, ERRORS, connect, is_lost
from ponte.store.pg_tx import CANAL

log = structlog.get_logger(__name__)
PROBE_S = 10.0  # chosen: a line that went dead without a word is noticed within this
_ESTOQUE = "estoque"  # what the trigger says of stock changed by hand
Ouvinte = Callable[[], None]


class Escuta:
    """One connection that listens, for one process, and now and then asks one statement."""

    def __init__(self, url: str, *, processo: str) -> None:
        self._url = url
        self._processo = processo
        self.listeners: list[Ouvinte] = []
        self._filas: set[str] | None = set()
        self._heard = self._behind = False
        self._ended = asyncio.Event()
        self._lost = asyncio.Event()
        self._asking = asyncio.Lock()
        self._asked = 0.0
        self._task: asyncio.Task[None] | None = None
        self._con: Any = None

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            ArmazenamentoIndisponivel: the server does not answer or refuses.
        """
        con = await self._open()
        self._task = asyncio.create_task(self._keep(con), name="escuta")

    def take(self) -> ForeignChange | None:
        """Return what others committed since the last call."""
        if not self._heard:
            return None
        filas, self._filas, self._heard = self._filas, set(), False
        return ForeignChange(None if filas is None else frozenset(filas))

    def take_behind(self) -> bool:
        """Tell whether stock may have been changed by hand since the last call."""
        behind, self._behind = self._behind, False
        return behind

    @contextlib.asynccontextmanager
    async def line(self) -> AsyncIterator[Any]:
        """Give the connection for one statement; what is asked also proves that it lives.

        Raises:
            ArmazenamentoIndisponivel: there is none now.
        """
        async with self._asking:
            con = self._con
            if con is None or con.is_closed():
                raise ArmazenamentoIndisponivel("PostgreSQL does not speak to us")
            try:
                yield con
            except ERRORS as error:
                if is_lost(error):
                    con.terminate()
                raise
            self._asked = time.monotonic()

    async def close(self) -> None:
        """Stop listening."""
        self._ended.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._con is not None:
            self._con.terminate()  # a task that never began has closed nothing

    async def _open(self) -> Any:
        con = self._con = await connect(self._url, processo=self._processo)
        lost = self._lost = asyncio.Event()
        con.add_termination_listener(lambda _con: lost.set())
        await con.add_listener(CANAL, self._hear)
        return con

    async def _keep(self, con: Any) -> None:
        failures = 0
        try:
            while not self._ended.is_set():
                if con is not None:
                    failures = 0
                    await self._listen(con)
                    con.terminate()
                    log.warning("PostgreSQL does not speak to us; listening again")
                await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
                con = None
                with contextlib.suppress(ArmazenamentoIndisponivel, *ERRORS):
                    con = await self._open()
                    self._heard = self._behind = True
                    self._filas = None
                    self._tell()
        finally:
            if con is not None:
                con.terminate()

    async def _listen(self, con: Any) -> None:
        """Return when the connection is of no use any more."""
        while not con.is_closed():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), PROBE_S)
                return
            if time.monotonic() - self._asked < PROBE_S:
                continue
            try:
                async with self.line():
                    await con.execute("SELECT 1")
            except (ArmazenamentoIndisponivel, *ERRORS):
                return

    def _hear(self, _con: object, _pid: int, _channel: str, payload: object) -> None:
        processo, *filas = str(payload).split(" ")
        if processo == _ESTOQUE:
            self._behind = True
            return
        if processo == self._processo:
            return
        if self._filas is not None:
            self._filas.update(f for f in filas if f)
        self._heard = True
        self._tell()

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()
