"""A small ASGI app behind our server, and sockets that speak HTTP badly."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ponte.runtime.server import Server
from ponte.settings import LimitesSettings, Settings
from ponte.telemetry import Telemetry


async def hello(_request: Request) -> Response:
    return PlainTextResponse("olá")


async def echo(request: Request) -> Response:
    try:
        return PlainTextResponse(str(len(await request.body())))
    except ClientDisconnect:
        return PlainTextResponse("gone")


async def slow(request: Request) -> Response:
    await asyncio.sleep(float(request.query_params["s"]))
    return PlainTextResponse("devagar")


async def big(_request: Request) -> Response:
    return Response(b"x" * 5_000_000)


async def join(websocket: WebSocket) -> None:
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.send_text(await websocket.receive_text())


def app() -> Starlette:
    return Starlette(
        routes=[
            Route("/", hello),
            Route("/echo", echo, methods=["POST"]),
            Route("/slow", slow),
            Route("/big", big),
            WebSocketRoute("/ws", join),
        ]
    )


def settings(pasta: Path, *, values: dict[str, Any] | None = None, **limites: Any) -> Settings:
    return Settings(
        _env_file=None, data_dir=pasta, limites=LimitesSettings(**limites), **(values or {})
    )


@dataclass
class Servido:
    """A running server."""

    server: Server
    telemetry: Telemetry
    port: int
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer

    async def ask(self, request: bytes) -> bytes:
        """Send bytes and return all that comes until the server closes."""
        reader, writer = await self.connect()
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 10)


@contextlib.asynccontextmanager
async def servido_em(given: Settings) -> AsyncIterator[Servido]:
    telemetry = Telemetry()
    server = Server(given, telemetry=telemetry)
    _host, port = await server.start(app(), "127.0.0.1", 0)
    servido = Servido(server, telemetry, port)
    try:
        yield servido
    finally:
        for writer in servido.writers:
            writer.close()
        await server.stop(0.5)


async def closed_after(reader: asyncio.StreamReader, *, began: float) -> tuple[float, bytes]:
    """Wait until the server closes; return how long that took, and what it said."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(10):
            said = await reader.read()
    return time.perf_counter() - began, said


async def drip(writer: asyncio.StreamWriter, data: bytes, *, every_s: float) -> None:
    """Send a byte now and then, until the other side hangs up."""
    with contextlib.suppress(ConnectionError):
        for byte in data:
            if writer.is_closing():  # uvloop refuses a write here with RuntimeError
                return
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every_s)
