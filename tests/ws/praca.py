"""A hub and a crowd on a clock that only sleeping and writing move."""

import asyncio
import selectors
from collections.abc import Coroutine, Sequence
from typing import Any

from ponte.events import FatoGravado, encode
from ponte.telemetry import Telemetry
from ponte.ws import Cliente, Foto, Hub
from ponte.ws.corrente import Coluna
from tests.ws.cena import AGORA_MS, Ouvido, pedido

MUITOS = 1000
FOLGADO_S, CARO_S = 10e-6, 50e-6  # what one write costs: as measured, and on a busy machine


class Relogio(asyncio.SelectorEventLoop):
    """A loop whose time passes by sleeping and by writing, so that waits are exact."""

    def __init__(self) -> None:
        super().__init__(_Sono(self))
        self.agora = 0.0
        self.voltas = 0

    def time(self) -> float:
        return self.agora


class _Sono(selectors.SelectSelector):
    def __init__(self, loop: Relogio) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.voltas += 1
        self._loop.agora += timeout or 0.0
        return super().select(0)


class Socket(Ouvido):
    """An outlet whose writes take time, and which remembers when each frame came."""

    def __init__(self, loop: Relogio, custo_s: float) -> None:
        super().__init__()
        self._loop = loop
        self._custo_s = custo_s
        self.momentos: list[float] = []
        self.voltas: list[int] = []

    def write(self, frames: bytes) -> None:
        self._loop.agora += self._custo_s
        super().write(frames)
        self.momentos += [self._loop.agora] * (len(self.quadros) - len(self.momentos))
        self.voltas.append(self._loop.voltas)


class SemHistoria:
    """A history with nothing in it that the window does not have."""

    async def recentes(self, coluna: Coluna, *, limite: int) -> tuple[int, Sequence[FatoGravado]]:
        assert limite, coluna
        return 0, []

    async def faixa(self, coluna: Coluna, *, desde: int, ate: int) -> Sequence[FatoGravado]:
        raise AssertionError(coluna, desde, ate)

    async def foto(self) -> Foto:
        raise AssertionError


class Praca:
    """A hub with a crowd in the public room, on the clock of `Relogio`."""

    def __init__(self, loop: Relogio, *, sockets: int = MUITOS, custo_s: float = FOLGADO_S) -> None:
        self._loop = loop
        self.hub = Hub("e", SemHistoria(), telemetry=Telemetry())
        self.multidao = [self.arrive(custo_s)[1] for _ in range(sockets)]
        self.ditos: list[float] = []

    def arrive(
        self, custo_s: float = FOLGADO_S, *, quer_tudo: bool = False
    ) -> tuple[Cliente, Socket]:
        socket = Socket(self._loop, custo_s)
        cliente = self.hub.connect(socket, tudo=quer_tudo)
        self.hub.listen(cliente)
        return cliente, socket

    def tell(self, quantos: int = 1) -> None:
        for _ in range(quantos):
            self.ditos.append(self._loop.agora)
            self.hub.publish([fato_de(len(self.ditos))])

    async def tell_each(self, periodo_s: float, *, during_s: float) -> None:
        fim = self._loop.agora + during_s
        while self._loop.agora < fim:
            self.tell()
            await asyncio.sleep(periodo_s)

    def waits(self) -> list[float]:
        """Return how long each frame took to each of the crowd."""
        return [
            momento - self.ditos[quadro["seq"] - 1]
            for socket in self.multidao
            for quadro, momento in zip(socket.quadros, socket.momentos, strict=True)
        ]


def fato_de(seq: int) -> FatoGravado:
    fato = pedido(seq)
    return FatoGravado(
        pos=seq, id=str(seq), tipo=fato.tipo, lane=fato.lane(), em_ms=AGORA_MS,
        dados=encode(fato), seq=seq, seq_publico=seq, seq_estoque=None,
    )  # fmt: skip


def run(loop: Relogio, what: Coroutine[Any, Any, None]) -> None:
    try:
        loop.run_until_complete(what)
    finally:
        loop.close()
