"""A long body is read for as long as it comes, and one that drips is not."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from ponte.runtime.protocols import TRECHO, HttpProtocol
from tests.espera import until
from tests.runtime.servido import Servido, servido_em, settings

PIECES = 4
HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


async def read(servido: Servido, state: Callable[[HttpProtocol], bool]) -> HttpProtocol:
    """Return the one connection that sends a body, once it is as asked."""

    async def check() -> HttpProtocol | None:
        return next((c for c in servido.server.state.ativas if state(c)), None)

    found = await until(check)
    assert isinstance(found, HttpProtocol)
    return found


async def test_each_stretch_of_a_body_sets_its_deadline_anew_and_a_drip_does_not(
    tmp_path: Path,
) -> None:
    async with servido_em(settings(tmp_path, corpo_s=60)) as servido:
        reader, writer = await servido.connect()
        writer.write(HEAD % (PIECES * TRECHO))
        connection = await read(servido, lambda c: c.prazo is not None)
        deadlines = [connection.prazo or 0.0]

        writer.write(b"x" * 100)
        await asyncio.sleep(0.05)
        dripped = connection.prazo
        for piece in range(1, PIECES):
            writer.write(b"x" * (TRECHO - (100 if piece == 1 else 0)))
            before = deadlines[-1]
            await read(servido, lambda c, before=before: (c.prazo or 0.0) > before)  # type: ignore[misc]
            deadlines.append(connection.prazo or 0.0)
        writer.write(b"x" * TRECHO)
        answer = await asyncio.wait_for(reader.read(), 20)

    assert dripped == deadlines[0]
    assert len(deadlines) == PIECES
    assert answer.endswith(str(PIECES * TRECHO).encode())
