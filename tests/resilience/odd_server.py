"""A server on loopback that answers as badly as the outside sometimes does."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MIB = 1024 * 1024
Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class OddServer:
    """Answers each path in its own way and remembers the raw requests."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    sent: int = 0
    otherwise: str = "ok"  # how a path that names no way of its own is answered

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await self._read_request(reader):
                path = head.split(b" ", 2)[1].decode().partition("?")[0]
                way = getattr(self, "do_" + path.strip("/"), None)
                await (way or getattr(self, "do_" + self.otherwise))(writer)
                await writer.drain()
                if writer.is_closing():
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # cancelled only by the end of the test
        finally:
            writer.close()

    async def _read_request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        self.requests.append(head + await reader.readexactly(length))
        return head

    def answer(
        self, writer: asyncio.StreamWriter, body: bytes, *, status: str = "200 OK", head: str = ""
    ) -> None:
        lines = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n"
        writer.write(lines.encode() + body)

    async def do_ok(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b'{"ok": true}', head="X-Thing: Yes\r\nSet-Cookie: a=b\r\n")

    async def do_echo(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, self.requests[-1].partition(b"\r\n\r\n")[2])

    async def do_mute(self, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def do_drip(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def do_huge(self, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {200 * MIB}\r\n\r\n".encode())
        for _ in range(200):
            writer.write(b"x" * MIB)
            await writer.drain()
            self.sent += MIB

    async def do_bomb(self, writer: asyncio.StreamWriter) -> None:
        packer = zlib.compressobj(level=1, wbits=31)  # 31: with the header of gzip
        bomb = b"".join(packer.compress(bytes(MIB)) for _ in range(200)) + packer.flush()
        self.answer(writer, bomb, head="Content-Encoding: gzip\r\n")

    async def do_gzip(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, gzip.compress(b'{"ok": 1}'), head="Content-Encoding: gzip\r\n")

    async def do_badgzip(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b"not gzip", head="Content-Encoding: gzip\r\n")

    async def do_redirect(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b"", status="302 Found", head=f"Location: {self.url}/ok\r\n")

    async def do_badredirect(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b"", status="302 Found", head="Location: http://[bad:\r\n")

    async def do_truncated(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b'{"ok": tr')

    async def do_html(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b"<html>maintenance</html>", head="Content-Type: text/html\r\n")

    async def do_cut(self, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def do_cutbody(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"ok"')
        await writer.drain()
        writer.close()

    async def do_garbage(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x01\x02 nothing like HTTP\r\n\r\n")
        await writer.drain()
        writer.close()

    async def do_unavailable(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b"", status="503 Service Unavailable", head="Retry-After: 0\r\n")

    async def do_slowdown(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b"", status="429 Too Many Requests", head="Retry-After: 7\r\n")

    async def do_unauthorized(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b"", status="401 Unauthorized")


@asynccontextmanager
async def odd_server(odd: OddServer | None = None) -> AsyncIterator[OddServer]:
    odd = odd or OddServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await odd.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    odd.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield odd
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
