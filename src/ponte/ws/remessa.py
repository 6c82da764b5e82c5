"""Remessa: frames on their way to the ouvintes of one sala, each once and in order.

A few ouvintes are written to at once. Many are written to a slice at a time, so
that whoever measures or asks does not wait behind all of them; and what comes
while they are written to, or soon after, waits and leaves joined, in one write
for each. So a sala never takes the core for itself, however many listen.

The rule a newcomer would break: what a client still lacks is known at every
moment (`nivel`), so one that comes, goes or is set aside amid a slice or a wait
misses nothing and gets nothing twice.
"""

import asyncio
from collections.abc import Callable, Iterable

from ponte.telemetry import Telemetry
from ponte.ws.cliente import Cliente

FATIA = 100  # chosen: sockets written to before others have their turn, about 1 ms at 10 µs each
FOLGA = 1.0  # chosen: the core is left alone as long as the last writing took, so half is free
ESPERA_MAX_S = 0.1  # chosen: as long as a resumo gathers


class Remessa:
    """Who hears a sala, what was not written to them yet, and to whom of them."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.ouvintes: set[Cliente] = set()
        self._telemetry = telemetry
        # What waits: the first seq that each frame tells, and the frame.
        self._lote: list[tuple[int, bytes]] = []
        # Who came when so many frames of the lote waited, which are not for it.
        self._novos: dict[Cliente, int] = {}
        # The same of the lote that is being written, and who lacks it.
        self._saindo = _Saindo([], {}, ())
        self._livre_em = 0.0
        self._proximo: asyncio.Handle | None = None

    def put(self, desde: int, frame: bytes) -> None:
        """Take one frame for all.

        Args:
            desde: The first seq that it tells.
            frame: Its bytes.
        """
        if self._proximo is None and len(self.ouvintes) <= FATIA:
            self._telemetry.frames.inc(write_all(self.ouvintes, frame))
            return
        self._lote.append((desde, frame))
        if self._proximo is None:
            self._schedule()

    def join(self, cliente: Cliente) -> None:
        """Let a client hear what is put from now on."""
        if cliente in self.ouvintes:
            return
        self.ouvintes.add(cliente)
        if self._lote:
            self._novos[cliente] = len(self._lote)

    def leave(self, cliente: Cliente) -> None:
        """Stop writing to a client; harmless when it does not listen."""
        self.ouvintes.discard(cliente)
        self._novos.pop(cliente, None)
        self._saindo.faltam.discard(cliente)
        if not self.ouvintes:
            self._stop()

    def nivel(self, cliente: Cliente) -> int | None:
        """Return the seq before the first frame that a client lacks, None when it lacks none."""
        faltas = self._lacks(cliente)
        return faltas[0][0] - 1 if faltas else None

    def settle(self, cliente: Cliente) -> None:
        """Write to one client what it lacks, before its turn."""
        faltas = self._lacks(cliente)
        if not faltas:
            return
        self._saindo.faltam.discard(cliente)
        if self._lote:
            self._novos[cliente] = len(self._lote)
        write_all((cliente,), _joined(faltas))
        self._telemetry.frames.inc(len(faltas))

    def flush(self) -> None:
        """Write to each client what it lacks, now."""
        for cliente in tuple(self.ouvintes):
            self.settle(cliente)
        self._stop()

    # ------------------------------------------------------------ slices

    def _lacks(self, cliente: Cliente) -> list[tuple[int, bytes]]:
        if cliente not in self.ouvintes:
            return []
        return self._saindo.lacks(cliente) + self._lote[self._novos.get(cliente, 0) :]

    def _schedule(self) -> None:
        # Never at once: the facts of one commit leave together, after those who are few.
        loop = asyncio.get_running_loop()
        if loop.time() < self._livre_em:
            self._proximo = loop.call_at(self._livre_em, self._begin)
        else:
            self._proximo = loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._saindo = _Saindo(self._lote, self._novos, self.ouvintes)
        self._lote, self._novos = [], {}
        self._slice(asyncio.get_running_loop().time())

    def _slice(self, inicio: float) -> None:
        """Write to some, then let others have their turn."""
        saindo = self._saindo
        # Scheduled first: a write may end in `leave` of the last one, which cancels it.
        self._next(self._slice if len(saindo.faltam) > FATIA else self._end, inicio)
        self._telemetry.frames.inc(saindo.write(FATIA))

    def _end(self, inicio: float) -> None:
        # Only now have the last bytes left: uvloop writes at the end of each turn.
        agora = asyncio.get_running_loop().time()
        self._livre_em = agora + min(FOLGA * (agora - inicio), ESPERA_MAX_S)
        self._saindo = _Saindo([], {}, ())
        self._proximo = None
        if self._lote:
            self._schedule()

    def _next(self, passo: Callable[[float], None], inicio: float) -> None:
        self._proximo = asyncio.get_running_loop().call_soon(passo, inicio)

    def _stop(self) -> None:
        if self._proximo is not None:
            self._proximo.cancel()
            self._proximo = None
        self._lote, self._novos = [], {}
        self._saindo = _Saindo([], {}, ())


class _Saindo:
    """One lote while it is written, and who lacks it."""

    def __init__(
        self,
        lote: list[tuple[int, bytes]],
        novos: dict[Cliente, int],
        ouvintes: Iterable[Cliente],
    ) -> None:
        self._lote = lote
        self._tudo = _joined(lote)
        self._novos = novos
        self.faltam = {c for c in ouvintes if novos.get(c, 0) < len(lote)}

    def lacks(self, cliente: Cliente) -> list[tuple[int, bytes]]:
        return self._lote[self._novos.get(cliente, 0) :] if cliente in self.faltam else []

    def write(self, quantos: int) -> int:
        """Write to so many of those who lack it; return the frames written."""
        quadros = 0
        for _ in range(min(quantos, len(self.faltam))):
            if not self.faltam:  # the rest left while another was written to
                break
            cliente = self.faltam.pop()
            pulo = self._novos.get(cliente, 0)
            write_all((cliente,), _joined(self._lote[pulo:]) if pulo else self._tudo)
            quadros += len(self._lote) - pulo
        return quadros


def write_all(clientes: Iterable[Cliente], frames: bytes) -> int:
    """Write the same bytes to many; return to how many. Who is gone is left to its endpoint."""
    quantos = 0
    for cliente in tuple(clientes):  # a write may end in `leave`
        quantos += 1
        try:
            cliente.write(frames)
        except RuntimeError:  # uvloop's word for a socket that closed in this very turn
            cliente.fechado = True
    return quantos


def _joined(lote: list[tuple[int, bytes]]) -> bytes:
    return b"".join([frame for _desde, frame in lote])
