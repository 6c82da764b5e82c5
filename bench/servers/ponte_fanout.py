"""Ponte's fan-out: its own hub behind its own server; every broadcast is a fact of its own.

The clients count as having asked for every fact: above 50 a second the others get a
summary, which would measure how much is left unsaid. Each frame is encoded once, from
the fact's data, which the other servers do not have to do.
"""

import asyncio
import sys
import time
from pathlib import Path

import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.servers import control
from bench.servers.ponte_queue import route
from bench.servers.ready import quiet_collector, say
from ponte.estoque.service import snapshot
from ponte.events import FatoGravado, PedidoConcluido, encode
from ponte.runtime.protocols import PUSH
from ponte.runtime.server import Server
from ponte.settings import Settings
from ponte.store.fatos import HistoricoDoBanco
from ponte.store.migrate import migrate
from ponte.store.sqlite import SqliteDatabase
from ponte.telemetry import Telemetry
from ponte.ws import Hub

# Keeps every frame of a run as long as the first: its number has seven digits.
FIRST_SEQ = 1_000_000
FATO = PedidoConcluido(
    pedido_id="01900000-0000-7000-8000-000000000000",
    numero=1000,
    canal="api",
    filial_id="1",
    total="25.90",
    itens=[],
    em="2026-01-01T00:00:00.000Z",
    nota_chave="",
)


class Fanout:
    """The hub, and the facts that the bench asks it to tell."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._seq = FIRST_SEQ
        self._dados = encode(FATO)
        hub.publica.ativa = True
        hub.publica.skip(FIRST_SEQ)

    async def join(self, websocket: WebSocket) -> None:
        """Hold one client until it leaves, as Ponte's own route does."""
        cliente = self._hub.connect(websocket.scope["extensions"][PUSH], tudo=True)
        cliente.tudo = True
        await websocket.accept()
        self._hub.listen(cliente)
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            self._hub.disconnect(cliente)

    async def broadcast(self) -> None:
        """Tell one more fact."""
        self._hub.publish([self._next()])

    def frame_bytes(self) -> int:
        """Return how long every frame is on the wire."""
        corrente = self._hub.publica
        return len(corrente.frame(corrente.append(self._next(), self._seq)))

    def _next(self) -> FatoGravado:
        self._seq += 1
        now_ms = int(time.time() * 1000)
        return FatoGravado(
            pos=self._seq,
            id=FATO.pedido_id,
            tipo=FATO.tipo,
            lane=FATO.lane(),
            em_ms=now_ms,
            dados=self._dados,
            seq=self._seq,
            seq_publico=self._seq,
            seq_estoque=None,
        )


async def serve(path: Path) -> None:
    """Serve until killed."""
    migrate(path)
    db = SqliteDatabase(path, rotas=route, now_ms=lambda: int(time.time() * 1000))
    telemetry = Telemetry()
    # The época is filled up until a frame has the length of the other servers' frames.
    probe = Fanout(_hub("", db, telemetry)).frame_bytes()
    fanout = Fanout(_hub("x" * (len(control.PAYLOAD) + 4 - probe), db, telemetry))
    server = Server(Settings(data_dir=path.parent), telemetry=telemetry)
    app = Starlette(routes=[WebSocketRoute("/ws", fanout.join)])
    _host, port = await server.start(app, "127.0.0.1", 0)
    _control, control_port = await control.listen(fanout.broadcast)
    quiet_collector()
    say(port=port, control=control_port)
    await asyncio.Event().wait()


def _hub(epoca: str, db: SqliteDatabase, telemetry: Telemetry) -> Hub:
    return Hub(epoca, HistoricoDoBanco(db, itens=snapshot), telemetry=telemetry)


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
