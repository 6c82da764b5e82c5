"""The ingest limit on PostgreSQL: bare ASGI, pydantic and a group commit, with no feature at all.

The same two rows as the limit on SQLite, from `unnest` in one statement, which is one
transaction; answered after its commit. Without a linger: what waits while a group is
with the server is the next group, and a few groups are on their way at once.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from pydantic import TypeAdapter, ValidationError

from bench.servers.limit import BATCH, Receive, Send, answer
from bench.servers.order import Pedido
from bench.servers.ready import run_asgi

SCHEMA = """
CREATE TABLE IF NOT EXISTS pedidos (id bigserial PRIMARY KEY, corpo text NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    id bigserial PRIMARY KEY, pedido_id bigint NOT NULL, corpo text NOT NULL
);
"""
WRITE = """WITH p AS (
    INSERT INTO pedidos (corpo) SELECT unnest($1::text[]) RETURNING id, corpo
) INSERT INTO outbox (pedido_id, corpo) SELECT id, corpo FROM p"""
GROUPS = 3  # As many as Ponte has on their way.

App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class GroupCommit:
    """Writes every waiting order in one transaction, then wakes those who wait."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: deque[tuple[bytes, asyncio.Future[None]]] = deque()
        self._idle: list[asyncpg.Connection[Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._planned = False

    async def start(self) -> None:
        """Connect and make the tables."""
        self._idle = [await asyncpg.connect(self._url) for _ in range(GROUPS)]
        await self._idle[0].execute(SCHEMA)

    def put(self, body: bytes) -> asyncio.Future[None]:
        """Return a future that is done once `body` is on disk."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append((body, future))
        if not self._planned:
            # In a moment: whoever asks in this turn of the loop belongs to the same group.
            self._planned = True
            loop.call_soon(self._dispatch)
        return future

    def _dispatch(self) -> None:
        self._planned = False
        while self._waiting and self._idle:
            task = asyncio.get_running_loop().create_task(self._write(self._idle.pop()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _write(self, connection: "asyncpg.Connection[Any]") -> None:
        size = min(len(self._waiting), BATCH)
        batch = [self._waiting.popleft() for _ in range(size)]
        await connection.execute(WRITE, [body.decode() for body, _ in batch])
        for _, future in batch:
            if not future.done():
                future.set_result(None)
        self._idle.append(connection)
        self._dispatch()


def build(url: str) -> App:
    """Return the app over the database at `url`."""
    adapter = TypeAdapter(Pedido)
    writer = GroupCommit(url)

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await writer.start()
            await send({"type": "lifespan.startup.complete"})
            return
        message = await receive()
        body: bytes = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        try:
            adapter.validate_json(body)
        except ValidationError:
            await answer(send, 422, b"{}")
            return
        await writer.put(body)
        await answer(send, 202, b'{"status":"recebido"}')

    return app


if __name__ == "__main__":
    run_asgi(build(sys.argv[1]), lifespan=True)
