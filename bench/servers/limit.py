"""The ingest limit: bare ASGI, pydantic and a group commit, with no feature at all.

One INSERT of the order's JSON and one outbox row in a FULL commit, answered after it. A
single writer thread takes all that waited while the last commit ran, without a linger.
"""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable
from queue import Empty, SimpleQueue
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench.servers.order import Pedido
from bench.servers.ready import run_asgi

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE pedidos (id INTEGER PRIMARY KEY, corpo BLOB NOT NULL);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, pedido_id INTEGER NOT NULL, corpo BLOB NOT NULL);
"""
# Bounds one commit, so that its latency stays bounded too.
BATCH = 1024

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class GroupCommit(threading.Thread):
    """Writes every waiting order in one transaction, then wakes those who wait."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._queue: SimpleQueue[tuple[bytes, asyncio.Future[None]]] = SimpleQueue()
        self._last = 0

    def put(self, body: bytes) -> asyncio.Future[None]:
        """Return a future that is done once `body` is on disk."""
        future = asyncio.get_running_loop().create_future()
        self._queue.put((body, future))
        return future

    def run(self) -> None:
        """Commit in groups until the process ends."""
        db = sqlite3.connect(self._path, isolation_level=None)
        db.executescript(SCHEMA)
        while True:
            batch = self._take()
            self._write(db, [body for body, _ in batch])
            loop = batch[0][1].get_loop()
            loop.call_soon_threadsafe(_wake, [future for _, future in batch])

    def _take(self) -> list[tuple[bytes, asyncio.Future[None]]]:
        batch = [self._queue.get()]
        try:
            while len(batch) < BATCH:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        return batch

    def _write(self, db: sqlite3.Connection, bodies: list[bytes]) -> None:
        first = self._last + 1
        self._last += len(bodies)
        rows = list(enumerate(bodies, first))
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO pedidos (id, corpo) VALUES (?, ?)", rows)
        db.executemany("INSERT INTO outbox (pedido_id, corpo) VALUES (?, ?)", rows)
        db.execute("COMMIT")


def _wake(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def build(path: str) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
    """Return the app over the database at `path`."""
    adapter = TypeAdapter(Pedido)
    writer = GroupCommit(path)
    writer.start()

    async def app(_scope: dict[str, Any], receive: Receive, send: Send) -> None:
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


async def answer(send: Send, status: int, body: bytes) -> None:
    """Send one whole JSON answer."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    run_asgi(build(sys.argv[1]))
