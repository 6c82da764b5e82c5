"""Corrente: one dense sequence of frames, with an época of its own and a window to resume from.

There are three: what anybody may see, the part of it about stock, and what only
a key may see. Each has its own numbers, so a jump is always a hole; and its own
época, so that a client that resumes with another one's gets a snapshot instead
of wrong frames.

The window is empty until somebody listens; then it is filled from the database,
which is why a resume outlives a restart.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec
import orjson

from ponte.domain.valores import format_time
from ponte.events import FatoGravado
from ponte.ws.quadros import Quadro, text_frame

JANELA = 10_000  # frames, promise P5
GERAL = "geral"  # everybody on /ws
PUBLICA = "publica"
# Each private room and the scope that opens it.
SALAS = {
    "pedidos": "pedidos:ler",
    "estoque": "estoque:ler",
    "alertas": "alertas:ler",
    "mensagens": "mensagens:ler",
    "canais": "canais:ler",
    "sync": "sync:ler",
    "falhas": "falhas:ler",
    "metricas": "metricas:ler",
}

Coluna = Literal["seq", "seq_publico", "seq_estoque"]
# What tells the épocas of the three apart; all bases have one length.
_SUFFIX: dict[Coluna, str] = {"seq": "", "seq_publico": "p", "seq_estoque": "e"}


class Foto(Protocol):
    """Everything as it stands at one commit: the items as a JSON array, and the newest seqs."""

    @property
    def itens(self) -> bytes: ...

    @property
    def seqs(self) -> Mapping[Coluna, int]: ...


class Historico(Protocol):
    """The facts as the database keeps them; `ponte.store.fatos` has the real one."""

    async def recentes(self, coluna: Coluna, *, limite: int) -> tuple[int, Sequence[FatoGravado]]:
        """Return the newest seq, and up to `limite` facts of the last 24 h, oldest first."""

    async def faixa(self, coluna: Coluna, *, desde: int, ate: int) -> Sequence[FatoGravado]:
        """Return the facts whose seq is in [desde, ate], in order."""

    async def foto(self) -> Foto:
        """Return the stock and the newest seqs, from one snapshot."""


class Corrente:
    """The window over one sequence: `inicio` … `ultimo`, without a hole."""

    def __init__(self, coluna: Coluna, epoca: str) -> None:
        self.coluna: Coluna = coluna
        self.epoca = epoca + _SUFFIX[coluna]
        self.privada = coluna == "seq"
        self.ativa = False
        self.ultimo: int | None = None
        self.inicio = 0
        # The newest seq that is known to exist; above `ultimo` while a hole is being mended.
        self.devido = 0
        self._anel: list[Quadro | None] = [None] * JANELA
        self._na_sala: dict[str, int] = {}

    def seq_of(self, fato: FatoGravado) -> int | None:
        """Return the number of a fact here, None when it is not in this corrente."""
        seq: int | None = getattr(fato, self.coluna)
        return seq

    def at(self, seq: int) -> Quadro:
        """Return the frame of a seq; raises IndexError outside the window."""
        quadro = self._anel[seq % JANELA]
        if quadro is None or quadro.seq != seq:
            raise IndexError(seq)
        return quadro

    def covers(self, desde: int) -> bool:
        """Tell whether every frame after `desde` is in the window."""
        return self.ultimo is not None and self.inicio - 1 <= desde <= self.ultimo

    def skip(self, seq: int) -> None:
        """Take note of a number while nobody listens: the database has the fact."""
        if self.ultimo is None or seq > self.ultimo:
            self.ultimo = seq
            self.inicio = seq + 1

    def append(self, fato: FatoGravado, seq: int) -> Quadro:
        """Add the next fact."""
        quadro = Quadro(seq, fato, sala=self._sala(fato))
        quadro.anterior = self._na_sala.get(quadro.sala)
        self._na_sala[quadro.sala] = seq
        self._anel[seq % JANELA] = quadro
        if self.ultimo is None:
            self.inicio = seq
        self.ultimo = seq
        self.inicio = max(self.inicio, seq - JANELA + 1)
        return quadro

    def fill(self, ultimo: int, fatos: Sequence[FatoGravado]) -> bool:
        """Put older facts before the window; False when they leave a hole before it.

        Args:
            ultimo: The newest seq that the database knows.
            fatos: The newest facts, oldest first; what is not contiguous is left out.
        """
        if self.ultimo is None:
            self.skip(ultimo)
        desde = self.inicio
        if ultimo < desde - 1:
            return False
        for fato in reversed(fatos):
            seq = self.seq_of(fato)
            if seq is None or seq >= desde:
                continue
            if seq != desde - 1 or self.ultimo is None or self.ultimo - seq >= JANELA:
                break
            self._anel[seq % JANELA] = Quadro(seq, fato, sala=self._sala(fato))
            desde = seq
        self.inicio = desde
        self._link()
        self.ativa = True
        return True

    def reset(self, seq: int) -> None:
        """Begin again at `seq`: what lies before it can't be told any more."""
        self.ultimo, self.inicio = seq, seq + 1

    def frame(self, quadro: Quadro) -> bytes:
        """Return the bytes of a frame, encoding it the first time."""
        if quadro.frame is None:
            quadro.frame = text_frame(self._payload(quadro))
        return quadro.frame

    def _payload(self, quadro: Quadro) -> bytes:
        fato = quadro.fato
        head = b'{"tipo":"%b","epoca":"%b","seq":%d,"em":"%b"' % (
            fato.tipo.encode(), self.epoca.encode(), quadro.seq, format_time(fato.em_ms).encode(),
        )  # fmt: skip
        if not self.privada:
            return b'%b,"dados":%b}' % (head, orjson.dumps(fato.fato().public()))
        anterior = b"null" if quadro.anterior is None else b"%d" % quadro.anterior
        return b'%b,"sala":"%b","anterior":%b,"dados":%b}' % (
            head, quadro.sala.encode(), anterior, fato.dados,
        )  # fmt: skip

    def _sala(self, fato: FatoGravado) -> str:
        return sala_of(fato) if self.privada else PUBLICA

    def _link(self) -> None:
        # Bytes made before the older facts were known would say that there is nothing before.
        self._na_sala.clear()
        for seq in range(self.inicio, (self.ultimo or 0) + 1):
            quadro = self.at(seq)
            anterior = self._na_sala.get(quadro.sala)
            if anterior != quadro.anterior:
                quadro.anterior, quadro.frame = anterior, None
            self._na_sala[quadro.sala] = seq


class _Destino(msgspec.Struct, frozen=True):
    para_sala: str | None = None


_destino = msgspec.json.Decoder(_Destino)


def sala_of(fato: FatoGravado) -> str:
    """Return the private room of a fact; what a person wrote names its own, or all of /ws."""
    if fato.tipo == "mensagem":
        return _destino.decode(fato.dados).para_sala or GERAL
    return fato.sala or GERAL
