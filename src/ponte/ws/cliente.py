"""Cliente: one socket as the hub sees it, and the outlets that its frames leave by.

Our own server lends the transport itself (`ponte.push` in the scope): a frame is
one write of bytes that are already made. Under any other ASGI server, as in a
test client, frames wait in a bounded queue for the task that sends them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol

from ponte.ws.corrente import PUBLICA, Corrente
from ponte.ws.quadros import frames_of, payload_of

FILA = 256  # frames that may wait for one client, SPEC §5
FILA_BYTES = 64 * 1024  # the same as bytes, of frames of 256: what a transport can count

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Chamador(Protocol):
    """Who holds the key of a socket."""

    @property
    def id(self) -> str: ...

    @property
    def nome(self) -> str: ...

    def may(self, escopo: str) -> bool: ...


class Saida(Protocol):
    """Where the frames of one socket leave."""

    cheio: bool
    on_cheio: Callable[[], None]
    on_fim: Callable[[], None]

    def write(self, frames: bytes) -> None:
        """Take a frame, or several joined, without waiting.

        `cheio` and `on_cheio` say that too many wait, `on_fim` that no more can be written.
        """

    def writelines(self, frames: Sequence[bytes]) -> None:
        """Take frames at once."""

    def close(self, codigo: int, motivo: str = "") -> None:
        """Say goodbye and hang up, whether the other side listens or not."""

    async def drained(self) -> None:
        """Wait until few frames wait; a socket that is gone is never full."""


def _nothing() -> None:
    return None


class SaidaAsgi:
    """An outlet over ASGI's `send`; `run` sends what waits until the socket is closed."""

    def __init__(self, send: Send) -> None:
        self.cheio = False
        self.on_cheio: Callable[[], None] = _nothing
        self.on_fim: Callable[[], None] = _nothing
        self._send = send
        self._fila: deque[bytes] = deque()
        self._algo = asyncio.Event()
        self._vazio = asyncio.Event()
        self._vazio.set()
        self._acabou = asyncio.Event()
        self._fim: tuple[int, str] | None = None

    def write(self, frames: bytes) -> None:
        if self._fim is not None:
            return
        self._fila.extend(frames_of(frames))
        self._algo.set()
        if not self.cheio and len(self._fila) > FILA:
            self.cheio = True
            self._vazio.clear()
            self.on_cheio()

    def writelines(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            self.write(frame)

    def close(self, codigo: int, motivo: str = "") -> None:
        if self._fim is None:
            self._fim = (codigo, motivo)
            self._algo.set()
            self.gone()

    def gone(self) -> None:
        """Take no more: nobody is there."""
        self._fim = self._fim or (0, "")
        self.cheio = False
        self._vazio.set()
        self._acabou.set()
        self.on_fim()

    async def drained(self) -> None:
        await self._vazio.wait()

    async def ended(self) -> None:
        """Wait until it was closed, or nobody is there."""
        await self._acabou.wait()

    async def run(self) -> None:
        """Send until closed; raises what `send` raises when the client is gone."""
        while True:
            await self._algo.wait()
            self._algo.clear()
            while self._fila:
                texto = payload_of(self._fila.popleft()).decode()
                await self._send({"type": "websocket.send", "text": texto})
                if self.cheio and len(self._fila) <= FILA // 4:
                    self.cheio = False
                    self._vazio.set()
            if self._fim is not None:
                codigo, motivo = self._fim
                await self._send({"type": "websocket.close", "code": codigo, "reason": motivo})
                return


class Cliente:
    """One socket: what it listens to, and what it got.

    `ao_vivo` tells that its salas write to it; while it catches up they do not,
    and `pisos` holds the newest seq that it has of each. `retomada` is where a
    private resume starts once the client names its salas.
    """

    __slots__ = (
        "ao_vivo", "chamador", "corrente", "fechado", "pisos", "retomada", "saida", "salas",
        "tarefa", "tudo", "tudo_pedido", "write",
    )  # fmt: skip

    def __init__(self, saida: Saida, corrente: Corrente, *, tudo_pedido: bool = False) -> None:
        self.saida = saida
        self.write = saida.write
        self.corrente = corrente
        self.salas: set[str] = {PUBLICA}
        self.pisos: dict[str, int] = {}
        self.retomada: int | None = None
        self.chamador: Chamador | None = None
        self.tudo_pedido = tudo_pedido
        self.tudo = False
        self.ao_vivo = False
        self.fechado = False
        self.tarefa: asyncio.Task[None] | None = None
