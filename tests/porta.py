"""Porta: a whole Ponte behind a real socket, in this process; for what only a socket shows."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from ponte.runtime.server import Server
from ponte.testing import Embedded, embedded
from tests.conftest import stock


@contextlib.asynccontextmanager
async def served(data_dir: Path) -> AsyncIterator[tuple[Embedded, str]]:
    """Run Ponte with the products of `stock` and serve it; give it and its base URL."""
    async with embedded(data_dir, rate_limit_anon=100_000, rate_limit_key=100_000) as ponte:
        await stock(ponte, 100)
        server = Server(ponte.ctx.settings, telemetry=ponte.ctx.telemetry)
        host, port = await server.start(ponte.app, "127.0.0.1", 0)
        try:
            yield ponte, f"http://{host}:{port}"
        finally:
            await server.stop(1.0)


@contextlib.contextmanager
def served_from_a_thread(
    data_dir: Path, prepare: Callable[[Embedded], Awaitable[None]]
) -> Iterator[str]:
    """Serve it from a loop of its own, for clients that block; `prepare` runs there first."""
    ready: list[str] = []
    listening, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with served(data_dir) as (ponte, url):
            await prepare(ponte)
            ready.append(url)
            listening.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="ponte")
    thread.start()
    try:
        assert listening.wait(10), "it does not listen"
        yield ready[0]
    finally:
        done.set()
        thread.join(20)
