"""The cheapest HTTP server Python has: fixed bytes for each read, to find the client's ceiling."""

import asyncio

import uvloop

from bench.servers.ready import listening_socket, quiet_collector, say

ANSWER = b'HTTP/1.1 202 Accepted\r\ncontent-length: 21\r\n\r\n{"status":"recebido"}'


class _Fixed(asyncio.Protocol):
    """Takes any read for one whole request, which it is: the client never pipelines."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = transport.write  # type: ignore[attr-defined]

    def data_received(self, _data: bytes) -> None:
        self._write(ANSWER)


async def serve() -> None:
    """Serve until killed."""
    listener = listening_socket()
    server = await asyncio.get_running_loop().create_server(_Fixed, sock=listener)
    quiet_collector()
    say(port=listener.getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
