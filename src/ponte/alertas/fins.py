"""Fins: ends alerts whose cause is gone, so that an open alert always means work to do.

An alert about orders without stock ends when no such order is left; one about work
set aside, when none of that cause is open. If it comes back it fires again.
"""

from ponte.alertas import service
from ponte.alertas.handlers import falha_disparo, sem_estoque_disparo
from ponte.context import Context
from ponte.domain.pedido import StatusPedido
from ponte.events import (
    FalhaDescartada,
    FalhaReprocessada,
    FatoGravado,
    PedidoCancelado,
    PedidoReprocessado,
)
from ponte.store.db import Tx

_AINDA = """SELECT 1 FROM pedidos p WHERE p.status = ? AND p.canal = ? AND p.filial_id = ?
AND EXISTS (SELECT 1 FROM itens i WHERE i.numero = p.numero AND i.produto_id = ?) LIMIT 1"""


async def end_sem_estoque(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """End the alerts of an order's products that no other order waits for."""
    pedido = fato.fato()
    if not isinstance(pedido, PedidoCancelado | PedidoReprocessado):
        return
    for produto_id in {i.produto_id for i in pedido.itens if i.produto_id is not None}:
        waiting = await tx.fetch_one(
            _AINDA,
            (StatusPedido.SEM_ESTOQUE.value, pedido.canal, pedido.filial_id, produto_id),
        )
        if waiting is None:
            disparo = sem_estoque_disparo(pedido, produto_id)
            await service.resolve_fingerprint(
                tx, disparo.impressao, por="ponte", destinos=tuple(ctx.sinks())
            )


async def end_falha(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """End the alert of a cause that has no open failure left."""
    falha = fato.fato()
    if not isinstance(falha, FalhaReprocessada | FalhaDescartada):
        return
    left = await tx.fetch_one(
        "SELECT 1 FROM falhas WHERE situacao = 'aberta' AND causa = ? AND fila = ? LIMIT 1",
        (falha.causa, falha.fila),
    )
    if left is None:
        disparo = falha_disparo(falha.fila, falha.causa, texto="")
        await service.resolve_fingerprint(
            tx, disparo.impressao, por="ponte", destinos=tuple(ctx.sinks())
        )
