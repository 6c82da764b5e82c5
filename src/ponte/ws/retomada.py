"""Retomada: a client that is behind hears what it missed, then becomes live.

One task for each such client replays the window at the client's own pace. Its
last step takes no await: between the newest frame of the window and the first
live one nothing can fall. A client that does not drain its queue is dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable

from ponte.ws.cliente import Cliente
from ponte.ws.corrente import Corrente
from ponte.ws.leitura import Leitura
from ponte.ws.quadros import json_frame
from ponte.ws.salas import Salas

LOTE = 64  # frames written before others have their turn; chosen
DRENO_S = 2.0  # chosen: how long a full queue may stay full
DRENO_BYTES_S = 64 * 1024  # chosen: the pace at which a snapshot, which may be long, must leave
TENTATIVAS = 3  # snapshots for one client before it counts as slow; chosen

Drop = Callable[[Cliente, str], None]
Recover = Callable[[Corrente, int], Awaitable[None]]


def resync_frame(corrente: Corrente, motivo: str) -> bytes:
    """Return the frame that tells a client that what it has can't be continued."""
    return json_frame(
        {"tipo": "ressincronizar", "epoca": corrente.epoca, "dados": {"motivo": motivo}}
    )


class Retomada:
    """Brings clients level."""

    def __init__(self, salas: Salas, leitura: Leitura, *, recover: Recover, drop: Drop) -> None:
        self._salas = salas
        self._leitura = leitura
        self._recover = recover
        self._drop = drop

    async def follow(self, cliente: Cliente) -> None:
        """Replay what lies after the client's `pisos`, then let it live."""
        await self._leitura.fill(cliente.corrente)
        await self._advance(cliente, min(cliente.pisos.values()), fotos=0)

    async def start_over(self, cliente: Cliente, *, motivo: str) -> None:
        """Send a snapshot, then what comes; an empty motivo sends no `ressincronizar` before it."""
        await self._leitura.fill(cliente.corrente)
        await self._advance(cliente, await self._send_snapshot(cliente, motivo), fotos=1)

    async def _advance(self, cliente: Cliente, cursor: int, *, fotos: int) -> None:
        while not cliente.fechado and not cliente.ao_vivo:
            if cliente.saida.cheio:
                await self._drain(cliente, DRENO_S)
            elif cliente.corrente.covers(cursor):
                cursor = self._replay(cliente, cursor)
                await asyncio.sleep(0)
            elif fotos < TENTATIVAS:
                fotos += 1
                cursor = await self._send_snapshot(cliente, "janela")
            else:
                self._drop(cliente, "lento")

    def _replay(self, cliente: Cliente, cursor: int) -> int:
        """Write up to LOTE frames after `cursor`, or the rest and make the client live."""
        ultimo = cliente.corrente.ultimo or 0
        # What the next resumo will tell must not be told here as well.
        tetos = {
            sala.nome: desde
            for sala in self._salas.of(cliente)
            if not cliente.tudo and (desde := sala.pendente_desde) is not None
        }
        seguro = min(tetos.values(), default=ultimo + 1) - 1
        if cursor + LOTE < seguro:
            self._write(cliente, cursor + 1, cursor + LOTE, tetos={})
            return cursor + LOTE
        self._write(cliente, cursor + 1, ultimo, tetos=tetos)
        self._salas.join(cliente)
        return ultimo

    def _write(self, cliente: Cliente, de: int, ate: int, *, tetos: dict[str, int]) -> None:
        corrente, pisos = cliente.corrente, cliente.pisos
        quadros = (corrente.at(seq) for seq in range(de, ate + 1))
        frames = [
            corrente.frame(q)
            for q in quadros
            if q.sala in pisos and pisos[q.sala] < q.seq < tetos.get(q.sala, ate + 1)
        ]
        if frames:
            cliente.saida.writelines(frames)

    async def _send_snapshot(self, cliente: Cliente, motivo: str) -> int:
        corrente = cliente.corrente
        itens = not corrente.privada or "estoque" in cliente.salas
        seq, frame = await self._leitura.snapshot(corrente, itens=itens)
        if motivo:
            cliente.write(resync_frame(corrente, motivo))
        cliente.write(frame)
        cliente.pisos = dict.fromkeys(cliente.salas, seq)
        if cliente.saida.cheio:
            await self._drain(cliente, DRENO_S + len(frame) / DRENO_BYTES_S)
        # Another process may have committed what the snapshot holds and nobody told here yet.
        await self._recover(corrente, seq)
        return seq

    async def _drain(self, cliente: Cliente, prazo_s: float) -> None:
        try:
            async with asyncio.timeout(prazo_s):
                await cliente.saida.drained()
        except TimeoutError:
            self._drop(cliente, "lento")
