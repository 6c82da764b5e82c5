"""How the bench makes a fan-out server speak: one line, one number of broadcasts, one answer."""

import asyncio
from collections.abc import Awaitable, Callable

from bench.servers.ready import listening_socket

Broadcast = Callable[[], Awaitable[None]]

# A frame as users get them is about this long.
PAYLOAD = b'{"tipo":"pedido.concluido","dados":"%s"}' % (b"x" * 162)


async def listen(broadcast: Broadcast) -> tuple[asyncio.Server, int]:
    """Serve the control port; each line is a number of frames to send to every client."""

    async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            for _ in range(int(line)):
                await broadcast()
                # Lets the loop do its other work between frames, as a server must.
                await asyncio.sleep(0)
            writer.write(b"sent\n")
        writer.close()

    listener = listening_socket()
    return await asyncio.start_server(obey, sock=listener), listener.getsockname()[1]
