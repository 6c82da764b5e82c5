"""The fan-out limit: a picows server that writes one frame to every client."""

import asyncio

import uvloop
from picows import WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from bench.servers import control
from bench.servers.ready import listening_socket, quiet_collector, say

clients: set[WSTransport] = set()


class _Client(WSListener):
    """Joins on connect and leaves on disconnect."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        clients.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        clients.discard(transport)


def listen_to(_request: WSUpgradeRequest) -> WSListener:
    """Make a client for each connection."""
    return _Client()


async def broadcast() -> None:
    """Send the payload to all."""
    for transport in clients:
        transport.send(WSMsgType.TEXT, control.PAYLOAD)


async def serve() -> None:
    """Serve until killed."""
    listener = listening_socket()
    server = await ws_create_server(listen_to, sock=listener, websocket_handshake_timeout=30)
    _control, control_port = await control.listen(broadcast)
    quiet_collector()
    say(port=listener.getsockname()[1], control=control_port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(serve())
