"""Pg_con: connections to PostgreSQL, and what its errors mean to Ponte.

A connection that broke is replaced when it is needed again. While the server can't be
reached, whoever asks hears so at once instead of waiting in line. The rule: the address
carries a password, so no message here may quote it.
"""

import asyncio
import contextlib
import time
from typing import Any

import asyncpg

from ponte.errors import ArmazenamentoIndisponivel

CONNECT_S = 3.0  # chosen: a webhook is answered within 5 s
STATEMENT_S = 15.0  # chosen: longer than any statement of Ponte over a year of a busy shop
BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0)  # chosen: back within a second of the server
_SETTINGS = {
    "application_name": "ponte",
    "synchronous_commit": "on",  # the promises need it, whatever the server's own choice
    "lock_timeout": "5s",
    "statement_timeout": f"{int(STATEMENT_S)}s",
    "idle_in_transaction_session_timeout": "15s",  # a frozen process may not hold the counters
    "jit": "off",  # it costs milliseconds a plan, where ours take less
}
# Classes of SQLSTATE: connection, resources, operator, system, internal.
_UNAVAILABLE = ("08", "53", "57", "58", "XX")
# lock_not_available, read_only_sql_transaction (a server that became a standby),
# idle_in_transaction_session_timeout.
_UNAVAILABLE_CODES = {"55P03", "25006", "25P03"}
_LOST = (asyncpg.InterfaceError, asyncpg.PostgresConnectionError, OSError, TimeoutError)
ERRORS = (*_LOST, asyncpg.PostgresError)  # all that asking the server can raise


def is_lost(error: BaseException) -> bool:
    """Tell whether the connection can't be used any more."""
    code = str(getattr(error, "sqlstate", None) or "")
    if code:
        return code.startswith(("08", "57P")) or code == "25P03"
    # A ValueError is about an argument, which never left this process.
    return isinstance(error, _LOST) and not isinstance(error, ValueError)


def is_conflict(error: BaseException | None) -> bool:
    """Tell whether the server chose this transaction to give way to another."""
    return isinstance(error, asyncpg.SerializationError | asyncpg.DeadlockDetectedError)


def mapped(error: Exception) -> Exception:
    """Return what the caller is told: the database can't store now, or the error itself."""
    code = str(getattr(error, "sqlstate", None) or "")
    unavailable = code.startswith(_UNAVAILABLE) or code in _UNAVAILABLE_CODES
    if unavailable or is_lost(error) or is_conflict(error):
        found = ArmazenamentoIndisponivel("The database can't store now")
        found.__cause__ = error
        return found
    return error


async def connect(
    url: str, *, processo: str = "", answer_s: float | None = STATEMENT_S + 5, **settings: str
) -> Any:
    """Open a connection with the settings that the promises need.

    Args:
        url: Where the server is.
        processo: Which process of Ponte it belongs to.
        answer_s: How long a statement is waited for; None for as long as it takes.
        settings: Of the server, beside ours.

    Raises:
        ArmazenamentoIndisponivel: the server does not answer or refuses.
    """
    # The name tells others which process lives (runtime.instances), the setting the trigger.
    named = {"application_name": f"ponte {processo}", "ponte.processo": processo}
    own = named if processo else {}
    try:
        return await asyncpg.connect(
            url,
            timeout=CONNECT_S,
            command_timeout=answer_s,
            statement_cache_size=512,
            max_cached_statement_lifetime=0,
            server_settings={**_SETTINGS, **own, **settings},
        )
    except (*ERRORS, ValueError) as error:
        raise ArmazenamentoIndisponivel(_refusal(error)) from error


def _refusal(error: Exception) -> str:
    # The server's own words name a user or a database, never the password.
    reason = error if isinstance(error, asyncpg.PostgresError) else type(error).__name__
    return f"PostgreSQL can't be reached: {reason}"


class Lugar:
    """A place for one connection, opened when it is needed and replaced when it broke."""

    def __init__(self, url: str, *, processo: str, reads: bool = False) -> None:
        self._url = url
        self._processo = processo
        self._read_only = "on" if reads else "off"
        self._con: Any = None
        self._failures = 0
        self._not_before = 0.0

    async def begin(self, how: str = "BEGIN") -> Any:
        """Return a connection with a transaction open; one that broke while idle is replaced."""
        if self._con is not None and not self._con.is_closed():
            try:
                await self._con.execute(how)
            except ERRORS as error:
                if not is_lost(error):
                    raise
                self.discard()
            else:
                return self._con
        con = await self.open()
        await con.execute(how)
        return con

    async def open(self) -> Any:
        """Return a connection, for one statement; it may have broken while idle."""
        if self._con is None or self._con.is_closed():
            self._con = await self._open()
        return self._con

    async def _open(self) -> Any:
        if time.monotonic() < self._not_before:
            msg = "PostgreSQL can't be reached"
            raise ArmazenamentoIndisponivel(msg)
        try:
            con = await connect(
                self._url, processo=self._processo, default_transaction_read_only=self._read_only
            )
        except ArmazenamentoIndisponivel:
            wait_s = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
            self._failures += 1
            self._not_before = time.monotonic() + wait_s
            raise
        self._failures = 0
        return con

    async def rollback(self, error: BaseException) -> None:
        """Leave the transaction; a connection that can't is given up."""
        if self._con is None:
            return
        if is_lost(error) or self._con.is_closed():
            self.discard()
            return
        try:
            await self._con.execute("ROLLBACK")
        except ERRORS:
            self.discard()

    def discard(self) -> None:
        """Give a connection up without a word to the server."""
        con, self._con = self._con, None
        if con is not None:
            con.terminate()

    async def close(self) -> None:
        """Say good-bye."""
        con, self._con = self._con, None
        if con is not None:
            with contextlib.suppress(*ERRORS, asyncio.CancelledError):
                await con.close(timeout=1.0)
