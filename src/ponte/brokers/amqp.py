"""Amqp: one connection to RabbitMQ that is opened when needed and anew once it broke.

No robust connection of the library: "connected but not consuming" after a restart
is its known fault, so who uses a link sees it break and decides what to do again.
"""

import asyncio
import contextlib
from collections.abc import Iterator

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from yarl import URL

from ponte.errors import ArmazenamentoIndisponivel

CONNECT_S = 4.0  # chosen: with CONFIRM_S inside the ten seconds of a reconnect
CONFIRM_S = 5.0  # chosen: what a quorum may take for a window of messages
ANSWER_S = 2.0  # chosen: a server that opens no channel for so long is gone
# Chosen: aiormq gives up a connection that says nothing for three times this and one more, nine
# seconds (HEARTBEAT_GRACE_MULTIPLIER), the server after twice this. It sends one each second.
HEARTBEAT_S = 2


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what the library raises into "can't now".

    It cancels whoever waits on a connection that closes; that must not end a task
    of ours that nobody cancelled.
    """
    try:
        yield
    except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
        raise ArmazenamentoIndisponivel(f"RabbitMQ: {type(error).__name__} {error}") from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ArmazenamentoIndisponivel("RabbitMQ: the connection closed") from error


class Link:
    """A connection, and one channel on it that publishes with confirms."""

    def __init__(self, url: str, *, name: str) -> None:
        address = URL(url)
        defaults = {"heartbeat": str(HEARTBEAT_S), "name": name}
        self.address = address.update_query({**defaults, **dict(address.query)})
        self._lock = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._closed = False

    @property
    def major(self) -> int:
        """Return the server's major version; 0 while there is no connection."""
        transport = self._connection.transport if self._connection is not None else None
        properties = transport.connection.server_properties if transport is not None else None
        major = str((properties or {}).get("version", "0")).partition(".")[0]
        return int(major) if major.isdigit() else 0

    async def connection(self) -> AbstractConnection:
        """Return the open connection; raises when there can be none now."""
        async with self._lock:
            if self._closed:
                raise ArmazenamentoIndisponivel("RabbitMQ: this link was closed")
            if self._connection is not None and not self._connection.connected.is_set():
                await self._drop()
            if self._connection is None:
                async with asyncio.timeout(CONNECT_S):
                    self._connection = await aio_pika.connect(self.address)
            return self._connection

    async def confirming(self) -> tuple[AbstractChannel, bool]:
        """Return the channel that confirms, and whether it is a new one."""
        connection = await self.connection()
        async with self._lock:
            if self._channel is not None and not self._channel.is_closed:
                return self._channel, False
            async with asyncio.timeout(CONNECT_S):
                self._channel = await connection.channel(on_return_raises=True)
            return self._channel, True

    async def drop(self) -> None:
        """Close what is open; the next use opens it anew."""
        async with self._lock:
            await self._drop()

    async def drop_if_dead(self) -> None:
        """Close what does not answer; one queue that is stuck says nothing of the others."""
        connection = self._connection
        if connection is None:
            return
        try:
            with engine_errors():
                async with (
                    asyncio.timeout(ANSWER_S),
                    connection.channel(publisher_confirms=False),
                ):
                    return
        except ArmazenamentoIndisponivel:
            await self.drop()

    async def close(self) -> None:
        """Close for good."""
        self._closed = True
        await self.drop()

    async def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
                async with asyncio.timeout(CONNECT_S):
                    await connection.close()
