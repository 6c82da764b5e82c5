"""A reader that stops reading is dropped by our transport, and nobody else notices."""

import asyncio
import socket
import time

from ponte.events import MensagemPublicada
from ponte.store.db import Tx
from tests.aovivo.servida import Servida

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def test_the_stalled_one_is_dropped_and_the_others_get_all(ponte: Servida) -> None:
    hub = ponte.dentro.ctx.hub
    async with ponte.socket() as um, ponte.socket() as outro:
        with _stalled(ponte.port):
            async with asyncio.timeout(5):
                while len(hub.clientes) < 3:  # noqa: ASYNC110 - a hub tells nobody of joins
                    await asyncio.sleep(0.01)
            for n in range(45):  # below fifty a second, so that each is a frame
                await ponte.dentro.ctx.db.transact(_write, n)
            recebidos = [await asyncio.gather(um.next(), outro.next()) for _ in range(45)]
            began = time.perf_counter()
            async with asyncio.timeout(15):
                while len(hub.clientes) > 2:  # noqa: ASYNC110 - nor of those who leave
                    await asyncio.sleep(0.05)
            took_s = time.perf_counter() - began

    assert [[q["dados"]["texto"][:2] for q in dois] for dois in recebidos] == [
        [f"{n:02}"] * 2 for n in range(45)
    ]
    assert took_s < 5
    assert ponte.dentro.ctx.telemetry.dropped.labels("lento")._value.get() == 1


def _stalled(port: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(UPGRADE)
    return client


async def _write(tx: Tx, n: int) -> None:
    tx.put(MensagemPublicada(de="caixa", texto=f"{n:02}" + "x" * 4000))
