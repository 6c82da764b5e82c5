"""A commit that is not answered: the server may have done it or not, and nothing is stuck."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from yarl import URL

from ponte.testing import embedded
from tests.conftest import stock
from tests.espera import settled

pytestmark = pytest.mark.postgres


@dataclass
class Passage:
    """A way to the server that loses the answer to the first commit after it saw a text."""

    host: str
    port: int
    text: bytes
    lost: int = 0
    _lines: set[asyncio.Task[None]] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Listen until the block ends; give the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            for line in tuple(self._lines):
                line.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        line = asyncio.create_task(self._both((client, writer), (reader, back)))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await line
        for end in (writer, back):
            end.transport.abort()

    async def _both(
        self,
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        seen = asked = False
        waiting = {
            n: asyncio.create_task(end[0].read(65_536)) for n, end in enumerate((there, here))
        }
        while True:
            await asyncio.wait(waiting.values(), return_when=asyncio.FIRST_COMPLETED)
            for n, (reader, writer) in enumerate((there, here)):
                if not waiting[n].done():
                    continue
                data = waiting[n].result()
                asked = asked or (n == 0 and seen and b"COMMIT\0" in data)
                seen = seen or (n == 1 and self.text in data)
                if not data or (n == 1 and asked and not self.lost):
                    self.lost += bool(data)
                    for task in waiting.values():
                        task.cancel()
                    return
                writer.write(data)
                waiting[n] = asyncio.create_task(reader.read(65_536))


async def test_what_a_claim_took_whose_commit_was_not_answered_is_done_and_no_death_is_counted(
    data_dir: Path, tmp_path: Path, engine: str
) -> None:
    address = URL(engine)
    passage = Passage(str(address.host), int(address.port or 0), b"pedido.recebido")
    async with embedded(data_dir, papeis=()) as web, passage.open() as port:
        await stock(web, 10)
        item = {"produto_id": "ARROZ-5KG", "quantidade": 1}
        answer = await web.http.post("/pedido", json={"itens": [item]})

        async with embedded(
            tmp_path / "other",
            database_url=str(address.with_port(port)),
            worker={"lease_s": 600},
        ) as worker:
            pedido = await settled(web, answer.json()["id"])
            freed = worker.ctx.telemetry.registry.get_sample_value("ponte_work_freed_total")

    assert passage.lost == 1
    assert pedido["status"] == "concluido"
    assert not freed
