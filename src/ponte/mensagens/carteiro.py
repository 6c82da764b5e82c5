"""Carteiro: hands internal messages to the sockets of whom they are for.

Each process hears every fact, so whichever has the addressee's sockets finds the
message, whoever wrote it where. Its words come from its row: they are in no fact. Who
is not there gets it at the next login; a message may come twice then, with the same id.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from ponte.context import Context
from ponte.domain.mensagem import Canal, Entrega, Mensagem
from ponte.domain.valores import format_time
from ponte.errors import PonteError
from ponte.events import FatoGravado, MensagemEnviada
from ponte.mensagens import service
from ponte.store.db import Tx
from ponte.ws import Cliente
from ponte.ws.quadros import json_frame

log = structlog.get_logger(__name__)
MAX_NA_BOLSA = 10_000  # chosen: what is over it is handed over at the next login
MAX_AO_ENTRAR = 100  # chosen: the oldest that wait; the rest is in GET /messages


@dataclass
class Carteiro:
    """One a process; `heard` is told every fact after its commit."""

    ctx: Context
    _bolsa: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_NA_BOLSA))
    _algo: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, fatos: Sequence[FatoGravado]) -> None:
        """Put what may be for somebody here into the bag."""
        if not self.ctx.hub.clientes:
            return
        for gravado in fatos:
            if gravado.tipo != MensagemEnviada.tipo:
                continue
            fato = gravado.fato()
            if isinstance(fato, MensagemEnviada) and fato.canal == Canal.INTERNO:
                self._bolsa.append(fato.mensagem_id)
                self._algo.set()

    async def run(self) -> None:
        """Hand over until cancelled."""
        while True:
            await self._algo.wait()
            self._algo.clear()
            while self._bolsa:
                await self._hand_over(self._bolsa.popleft())

    async def _hand_over(self, mensagem_id: str) -> None:
        try:
            mensagem = await self.ctx.db.read(service.find, mensagem_id)
            if mensagem is None or mensagem.sala is not None:
                return
            if self.ctx.hub.send_to(mensagem.destinatario, frame(mensagem)):
                await self.ctx.db.transact(service.report, mensagem_id, Entrega.ENTREGUE)
        except PonteError as error:
            log.warning("message not handed over, it waits for the next login", erro=str(error))


async def greet(ctx: Context, cliente: Cliente) -> None:
    """Hand over what waits for a user whose socket has just shown its key."""
    if cliente.chamador is None:
        return
    try:
        waiting: list[Mensagem] = await ctx.db.read(_waiting, cliente.chamador.nome)
        if waiting and not cliente.fechado:
            for mensagem in waiting:
                cliente.write(frame(mensagem))
            await ctx.db.transact(_handed_over, [m.id for m in waiting])
    except PonteError as error:  # the login stands, whatever the database does
        log.warning("waiting messages not handed over", erro=str(error))


def frame(mensagem: Mensagem) -> bytes:
    """Return the frame of a personal message."""
    dados: dict[str, Any] = {
        "id": mensagem.id,
        "de": mensagem.remetente,
        "para": mensagem.destinatario,
        "tipo": mensagem.tipo.value,
        "texto": mensagem.texto,
        "conteudo": mensagem.conteudo,
    }
    return json_frame({"tipo": "mensagem", "em": format_time(mensagem.criada_em), "dados": dados})


async def _waiting(tx: Tx, nome: str) -> list[Mensagem]:
    rows = await tx.fetch(
        f"SELECT {service.COLUNAS} FROM mensagens WHERE canal = 'interno' AND entrega = 'enviada'"  # noqa: S608
        " AND contato = ? ORDER BY id LIMIT ?",
        (nome, MAX_AO_ENTRAR),
    )
    return [service.from_row(row) for row in rows]


async def _handed_over(tx: Tx, ids: Sequence[str]) -> None:
    for mensagem_id in ids:
        await service.report(tx, mensagem_id, Entrega.ENTREGUE)
