"""Leitura: what the hub reads from the database, each thing once for all who wait for it."""

import asyncio
from collections.abc import Callable

from ponte.events import FatoGravado
from ponte.ws.corrente import JANELA, Coluna, Corrente, Foto, Historico
from ponte.ws.quadros import text_frame

FOTO_S = 0.25  # chosen: how long a snapshot serves while no stock changes
# A hole before the window means that a commit overtook the reading: chosen, it happens once.
TENTATIVAS = 3

Take = Callable[[Corrente, FatoGravado, int], None]


class Leitura:
    """Fills windows, mends holes and takes snapshots."""

    def __init__(self, historico: Historico, *, estoque: Corrente) -> None:
        self._historico = historico
        self._estoque = estoque
        self._cheias: set[Coluna] = set()
        self._trancas: dict[Coluna, asyncio.Lock] = {}
        self._foto: Foto | None = None
        self._foto_em = 0.0
        self._foto_tranca = asyncio.Lock()
        self._frames: dict[tuple[Coluna, bool], bytes] = {}

    async def fill(self, corrente: Corrente) -> None:
        """Put the last facts of the database before the window, the first time it is needed."""
        if corrente.coluna in self._cheias:
            return
        async with self._tranca(corrente):
            for _ in range(TENTATIVAS):
                if corrente.coluna in self._cheias:
                    return
                ultimo, fatos = await self._historico.recentes(corrente.coluna, limite=JANELA)
                if corrente.fill(ultimo, fatos):
                    self._cheias.add(corrente.coluna)

    async def recover(self, corrente: Corrente, ate: int, *, take: Take) -> bool:
        """Read what was committed up to `ate` and not told here; False when it is not there."""
        async with self._tranca(corrente):
            while (antes := corrente.ultimo or 0) < ate:
                fatos = await self._historico.faixa(
                    corrente.coluna, desde=antes + 1, ate=min(ate, antes + JANELA)
                )
                for fato in fatos:
                    seq = corrente.seq_of(fato)
                    if seq is not None and seq == (corrente.ultimo or 0) + 1:
                        take(corrente, fato, seq)
                if (corrente.ultimo or 0) == antes:
                    return False
        return True

    async def snapshot(self, corrente: Corrente, *, itens: bool) -> tuple[int, bytes]:
        """Return a seq and the frame of everything as it stood then.

        Args:
            corrente: Whose numbers the frame carries.
            itens: Whether the client may see the stock.
        """
        chegada = asyncio.get_running_loop().time()
        async with self._foto_tranca:
            if not self._is_fresh(corrente, chegada=chegada):
                # All who wait for the lock came before this moment, so it serves them too.
                em = asyncio.get_running_loop().time()
                self._foto, self._foto_em = await self._historico.foto(), em
                self._frames.clear()
            foto = self._foto
        if foto is None:
            msg = "a snapshot was taken and is not there"
            raise RuntimeError(msg)
        seq = foto.seqs[corrente.coluna]
        chave = (corrente.coluna, itens)
        if chave not in self._frames:
            self._frames[chave] = text_frame(
                b'{"tipo":"instantaneo","epoca":"%b","seq":%d,"dados":{"itens":%b}}'
                % (corrente.epoca.encode(), seq, foto.itens if itens else b"[]")
            )
        return seq, self._frames[chave]

    def _is_fresh(self, corrente: Corrente, *, chegada: float) -> bool:
        """Tell whether the last snapshot holds all that was committed when a client came."""
        if self._foto is None or not corrente.covers(self._foto.seqs[corrente.coluna]):
            return False
        if self._foto_em > chegada:
            return True
        unchanged = self._foto.seqs["seq_estoque"] == self._estoque.ultimo
        return unchanged and chegada - self._foto_em < FOTO_S

    def _tranca(self, corrente: Corrente) -> asyncio.Lock:
        return self._trancas.setdefault(corrente.coluna, asyncio.Lock())
