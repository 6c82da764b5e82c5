"""The naive fan-out: `await websocket.send_text(...)` for one client after another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.servers import control
from bench.servers.ready import run_asgi, say

clients: set[WebSocket] = set()
TEXT = control.PAYLOAD.decode()


async def join(websocket: WebSocket) -> None:
    """Hold one client until it leaves."""
    await websocket.accept()
    clients.add(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        clients.discard(websocket)


async def broadcast() -> None:
    """Send the payload to all, each after the one before."""
    for websocket in list(clients):
        await websocket.send_text(TEXT)


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Open the control port beside the app."""
    _server, port = await control.listen(broadcast)
    say(control=port)
    yield


if __name__ == "__main__":
    app = Starlette(routes=[WebSocketRoute("/ws", join)], lifespan=lifespan)
    run_asgi(app, ws="websockets-sansio", lifespan=True)
