"""Sala: one audience. Below 50 facts a second each is a frame; above, one resumo each 100 ms.

The resumo is made once for all. It names the first and the newest seq that it
covers, so it is never a silent gap. Who asked for everything gets every frame,
at once; the others by a `Remessa`, which keeps many from taking the core.
"""

import asyncio
from collections import Counter, deque

from ponte.domain.valores import format_time
from ponte.events import FatoGravado
from ponte.telemetry import Telemetry
from ponte.ws.cliente import Cliente
from ponte.ws.corrente import Corrente
from ponte.ws.quadros import Quadro, json_frame
from ponte.ws.remessa import Remessa, write_all

RITMO = 50  # facts a second, SPEC §5
PERIODO_S = 0.1
PRODUTOS = 200  # chosen: a resumo stays below a client's frame limit; the rest is counted


class Sala:
    """The clients of one room that are level, and what a resumo still has to tell them."""

    def __init__(self, corrente: Corrente, nome: str, *, telemetry: Telemetry) -> None:
        self.corrente = corrente
        self.nome = nome
        self.completos: set[Cliente] = set()
        self._telemetry = telemetry
        self._remessa = Remessa(telemetry)
        self._momentos: deque[float] = deque(maxlen=RITMO + 1)
        self._pendente: _Pendente | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pendente_desde(self) -> int | None:
        """Return the first seq that only the next resumo will tell, None when there is none."""
        return self._pendente.desde if self._pendente is not None else None

    def nivel(self, cliente: Cliente) -> int:
        """Return the newest seq of this room that a live client has got."""
        nivel = self._remessa.nivel(cliente)
        if nivel is not None:
            return nivel
        desde = self.pendente_desde
        if desde is not None and not cliente.tudo:
            return desde - 1
        return self.corrente.ultimo or 0

    def join(self, cliente: Cliente) -> None:
        """Let a client that is level hear what comes."""
        if cliente.tudo:
            self.completos.add(cliente)
        else:
            self._remessa.join(cliente)

    def leave(self, cliente: Cliente) -> None:
        """Stop telling a client; harmless when it was not told."""
        self.completos.discard(cliente)
        self._remessa.leave(cliente)
        if not self._remessa.ouvintes:
            self._stop()

    def settle(self, cliente: Cliente) -> None:
        """Tell a client that is about to leave what waits; harmless when it is not told."""
        self._remessa.settle(cliente)
        if self._pendente is not None and cliente in self._remessa.ouvintes:
            write_all((cliente,), self._pendente.frame(self.corrente, self.nome))
            self._telemetry.frames.inc()

    def flush(self) -> None:
        """Tell everybody what waits, now."""
        self._tell_pendente()
        self._remessa.flush()

    def emit(self, quadro: Quadro) -> None:
        """Tell one fact, now or with the next resumo."""
        loop = asyncio.get_running_loop()
        agora = loop.time()
        # Of facts, not of frames: the pace must not fall because writing takes long.
        self._momentos.append(agora)
        if self.completos:
            frames = write_all(self.completos, self.corrente.frame(quadro))
            self._telemetry.frames.inc(frames)
        if not self._remessa.ouvintes:
            return
        if self._timer is None and self._is_fast(agora):
            self._timer = loop.call_later(PERIODO_S, self._tick)
        if self._timer is None:
            self._remessa.put(quadro.seq, self.corrente.frame(quadro))
            return
        if self._pendente is None:
            self._pendente = _Pendente(quadro)
        self._pendente.add(quadro.fato, quadro.seq)

    def _is_fast(self, agora: float) -> bool:
        return len(self._momentos) > RITMO and agora - self._momentos[0] <= 1.0

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._tell_pendente()
        if self._remessa.ouvintes and self._is_fast(loop.time()):
            self._timer = loop.call_later(PERIODO_S, self._tick)
        else:
            self._timer = None

    def _tell_pendente(self) -> None:
        pendente, self._pendente = self._pendente, None
        if pendente is not None:
            self._remessa.put(pendente.desde, pendente.frame(self.corrente, self.nome))

    def _stop(self) -> None:
        self._pendente = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Pendente:
    """What one resumo will tell."""

    def __init__(self, primeiro: Quadro) -> None:
        self.desde = self.seq = primeiro.seq
        self._anterior = primeiro.anterior
        self._em_ms = 0
        self._contagens: Counter[str] = Counter()
        self._produtos: dict[str, FatoGravado] = {}

    def add(self, fato: FatoGravado, seq: int) -> None:
        self.seq = seq
        self._em_ms = fato.em_ms
        self._contagens[fato.tipo] += 1
        if fato.tipo.startswith("estoque."):
            # The newest last, so that a cut loses the oldest.
            self._produtos.pop(fato.lane, None)
            self._produtos[fato.lane] = fato

    def frame(self, corrente: Corrente, sala: str) -> bytes:
        novos = list(self._produtos.values())[-PRODUTOS:]
        documento = {
            "tipo": "resumo",
            "epoca": corrente.epoca,
            "seq": self.seq,
            "desde": self.desde,
            "em": format_time(self._em_ms),
        }
        if corrente.privada:
            documento |= {"sala": sala, "anterior": self._anterior}
        dados = {
            "contagens": dict(self._contagens),
            "seq": self.seq,
            "produtos": [fato.fato().public() for fato in novos],
            "produtos_omitidos": len(self._produtos) - len(novos),
        }
        return json_frame(documento | {"dados": dados})
