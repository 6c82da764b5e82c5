"""Servidor: an ASGI app on a real socket, inside somebody else's event loop.

Tests and the demonstration start several stand-ins in one process, so a server here
must leave the process's signals and logging alone.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

_STOP_S = 1.0  # chosen: a stand-in that still answers after a second is cut off


class _QuietServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the process belongs to the host."""
        yield


class Servidor:
    """Serve an app until `stop`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._server: _QuietServer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen and return the base URL; port 0 takes a free one.

        The socket takes connections before the server is ready to answer them, so
        nobody has to wait for it.
        """
        listening = socket.create_server((host, port))
        config = uvicorn.Config(
            self._app,
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = _QuietServer(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]))
        return f"http://{host}:{listening.getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening and answer no more; harmless when it never started."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        await asyncio.wait({self._task}, timeout=_STOP_S)
        self._server.force_exit = True
        await self._task
        self._server = self._task = None
