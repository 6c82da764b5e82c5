"""Pedidos, handled by the worker: take the stock, number the nota, tell the story.

Many orders share one transaction. Each is taken whole or not at all: an order
that lacks one item takes none and becomes `sem_estoque`, which is a fact and not
a failure. Running twice is harmless: only an order that is still `recebido` is
touched, or one in `erro` whose set-aside work was replayed.
"""

from collections.abc import Sequence
from typing import Any

from ponte.context import Context
from ponte.domain.nota import Nota, PedidoDaNota
from ponte.domain.pedido import StatusPedido
from ponte.domain.valores import format_time
from ponte.errors import Adiado, Permanente
from ponte.estoque.livro import VENDA, Chave, Livro, Movimento
from ponte.events import (
    AvisoPedido,
    FatoGravado,
    NotaEmitida,
    PedidoConcluido,
    PedidoErro,
    PedidoRecebido,
    PedidoReprocessado,
    PedidoSemEstoque,
)
from ponte.notas import service as notas
from ponte.pedidos import service
from ponte.store.db import Tx, padded

Recebido = PedidoRecebido | PedidoReprocessado


async def fulfil(ctx: Context, tx: Tx, fatos: Sequence[FatoGravado]) -> None:
    """Take the stock and number the nota of every order that can be fulfilled."""
    recebidos = await _still_received(tx, fatos)
    rastros = {f.lane: f.traceparent for f in fatos if f.traceparent is not None}
    livro = await Livro.open(tx, [k for r in recebidos for k in _needs(r)])
    concluidos: list[Recebido] = []
    faltosos: list[Recebido] = []
    for recebido in recebidos:
        faltas = _faltas(livro, recebido)
        tx.rastro = rastros.get(recebido.pedido_id)
        if faltas:
            faltosos.append(recebido)
            tx.put(PedidoSemEstoque(**_campos(recebido, tx), faltas=faltas))
            _put_notice(ctx, tx, recebido, StatusPedido.SEM_ESTOQUE)
            continue
        _take(livro, recebido, tx.rastro)
        concluidos.append(recebido)
    tx.rastro = None
    await livro.write(tx)
    await service.set_status(tx, [r.numero for r in faltosos], StatusPedido.SEM_ESTOQUE)
    await service.set_status(tx, [r.numero for r in concluidos], StatusPedido.CONCLUIDO)
    pares = [(r.numero, _para_nota(r)) for r in concluidos]
    emitidas = await notas.issue_many(tx, ctx.issuer, pedidos=pares)
    for recebido, nota in zip(concluidos, emitidas, strict=True):
        tx.rastro = rastros.get(recebido.pedido_id)
        _put_concluded(tx, recebido, nota)
        _put_notice(ctx, tx, recebido, StatusPedido.CONCLUIDO)


async def give_up(_ctx: Context, tx: Tx, fato: FatoGravado, erro: str) -> None:
    """Mark the order `erro` when its fulfilment was set aside."""
    recebido = fato.fato()
    if not isinstance(recebido, PedidoRecebido | PedidoReprocessado):
        return
    changed = await tx.execute(
        "UPDATE pedidos SET status = ?, atualizado_em = ? WHERE numero = ? AND status = ?",
        (StatusPedido.ERRO.value, tx.now_ms, recebido.numero, StatusPedido.RECEBIDO.value),
    )
    if changed:
        tx.put(PedidoErro(**_campos(recebido, tx), motivo=erro))


async def take(ctx: Context, fato: FatoGravado) -> None:
    """Accept the order on its marketplace, while that still makes sense.

    Raises:
        Permanente: the deadline passed; the order stands, a person is told.
    """
    recebido = fato.fato()
    if not isinstance(recebido, PedidoRecebido) or recebido.pedido_externo is None:
        return
    source = ctx.source(recebido.canal)
    if source is None:
        msg = f"The connector {recebido.canal} is off; its order waits"
        raise Adiado(msg, retry_after_s=10)
    if recebido.prazo_aceite_ms is not None and ctx.now_ms() > recebido.prazo_aceite_ms:
        msg = f"Pedido {recebido.numero} was not taken on {recebido.canal} before its deadline"
        raise Permanente(msg)
    if await ctx.db.read(_is_cancelled, recebido.numero):
        return
    await source.take(recebido.pedido_externo, loja=recebido.loja_externa)


async def _is_cancelled(tx: Tx, numero: int) -> bool:
    row = await tx.fetch_one("SELECT status FROM pedidos WHERE numero = ?", (numero,))
    return row is not None and row[0] == StatusPedido.CANCELADO


async def _still_received(tx: Tx, fatos: Sequence[FatoGravado]) -> list[Recebido]:
    decoded = [f.fato() for f in fatos]
    recebidos = [f for f in decoded if isinstance(f, PedidoRecebido | PedidoReprocessado)]
    numeros = padded([r.numero for r in recebidos])
    rows = await tx.fetch(
        f"SELECT numero FROM pedidos WHERE numero IN ({','.join('?' * len(numeros))})"  # noqa: S608
        f" AND status IN (?, ?) ORDER BY numero{tx.lock()}",
        (*numeros, StatusPedido.RECEBIDO.value, StatusPedido.ERRO.value),
        packed=1,
    )
    waiting = {row[0] for row in rows}
    return [r for r in recebidos if r.numero in waiting]


def _needs(recebido: Recebido) -> dict[Chave, int]:
    needs: dict[Chave, int] = {}
    for item in recebido.itens:
        if item.produto_id is not None:
            chave = (item.produto_id, recebido.filial_id)
            needs[chave] = needs.get(chave, 0) + item.quantidade
    return needs


def _faltas(livro: Livro, recebido: Recebido) -> list[dict[str, Any]]:
    faltas = []
    for chave, quantidade in _needs(recebido).items():
        posicao = livro.get(chave)
        disponivel = posicao.quantidade if posicao else 0
        if disponivel < quantidade:
            faltas.append({"produto_id": chave[0], "pedido": quantidade, "disponivel": disponivel})
    return faltas


def _take(livro: Livro, recebido: Recebido, rastro: str | None) -> None:
    for item in recebido.itens:
        if item.produto_id is not None:
            livro.move(
                Movimento(
                    (item.produto_id, recebido.filial_id),
                    -item.quantidade,
                    VENDA,
                    pedido_numero=recebido.numero,
                    linha=item.linha,
                    rastro=rastro,
                )
            )


def _campos(recebido: Recebido, tx: Tx) -> dict[str, Any]:
    return {
        "pedido_id": recebido.pedido_id,
        "numero": recebido.numero,
        "canal": recebido.canal,
        "filial_id": recebido.filial_id,
        "total": recebido.total,
        "itens": recebido.itens,
        "em": format_time(tx.now_ms),
    }


def _para_nota(recebido: Recebido) -> PedidoDaNota:
    return PedidoDaNota(recebido.pedido_id, recebido.canal, recebido.total)


def _put_concluded(tx: Tx, recebido: Recebido, nota: Nota) -> None:
    tx.put(
        NotaEmitida(
            pedido_id=recebido.pedido_id,
            pedido_numero=recebido.numero,
            modelo=nota.modelo,
            serie=nota.serie,
            numero=nota.numero,
            chave=nota.chave,
        )
    )
    tx.put(PedidoConcluido(**_campos(recebido, tx), nota_chave=nota.chave))


def _put_notice(ctx: Context, tx: Tx, recebido: Recebido, status: StatusPedido) -> None:
    if ctx.settings.avisos.canal:
        tx.put(AvisoPedido(pedido_id=recebido.pedido_id, status=status.value))
