"""Pedidos: accept an order, cancel it, try it again.

Accepting writes the row, its lines, the fact and the answer under the caller's
Idempotency-Key in one transaction; the edge answers after the commit. Many
callers that wait together share one. `(canal, pedido_externo)` is unique for
ever: a repeat gets the order as it stands and has no second effect.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

from ponte.domain.pedido import NovoItem, NovoPedido, StatusPedido
from ponte.domain.valores import MAX_CENTAVOS, format_centavos, format_time, new_id
from ponte.errors import ConflitoDeEstado, DadosInvalidos, NaoEncontrado, Problema
from ponte.estoque.livro import CANCELAMENTO, Livro, Movimento
from ponte.events import (
    ItemPedido,
    LinhaSemProduto,
    PedidoCancelado,
    PedidoRecebido,
    PedidoReprocessado,
)
from ponte.notas import service as notas
from ponte.store import idempotency
from ponte.store.db import Row, Tx, padded

_PEDIDOS = (
    "pedidos (numero, id, canal, pedido_externo, filial_id, loja_externa, status, total, nome,"
    " documento, telefone, email, observacao, avisos, recebido_em, atualizado_em)"
)
_ITENS = "itens (numero, linha, produto_id, sku, nome, quantidade, preco, opcao_de, observacao)"
_PRODUTOS = "SELECT produto_id, nome, preco FROM produtos WHERE produto_id IN"
_PART = 512  # products asked for at once; SQLite takes 32,766 values


class Pedida(msgspec.Struct, frozen=True):
    """One order at the edge: what to accept, and under which key."""

    novo: NovoPedido
    chave: idempotency.Pedido | None = None
    rastro: str | None = None


class Linha(msgspec.Struct, frozen=True):
    """A line with its product looked up; `produto_id` None when the SKU is unknown here."""

    item: NovoItem
    produto_id: str | None
    nome: str
    preco: int


class RepetidoNoGrupo(Exception):
    """A key in the group was used before; its callers are then served one by one."""


async def accept_many(
    tx: Tx, pedidas: Sequence[Pedida]
) -> Sequence[idempotency.Resposta | Exception]:
    """Accept orders that arrived together; one answer or error for each, in order.

    With a single order the earlier answer of its key, or of its external id, is looked
    up first. In a group the unique constraints find repeats, and the group is undone.
    """
    if len(pedidas) == 1:
        earlier = await _earlier(tx, pedidas[0])
        if earlier is not None:
            return [earlier]
    produtos = await _produtos(tx, {i.sku for p in pedidas for i in p.novo.itens if i.sku})
    checked = [_linhas(pedida.novo, produtos) for pedida in pedidas]
    await tx.exclude({k for p in pedidas if (k := _lapide(p.novo))})
    numeros = iter(await tx.next_numeros(sum(isinstance(c, list) for c in checked)))
    out: list[idempotency.Resposta | Exception] = []
    rows: list[tuple[Any, ...]] = []
    itens: list[tuple[Any, ...]] = []
    keys: list[tuple[idempotency.Pedido, idempotency.Resposta]] = []
    for pedida, linhas in zip(pedidas, checked, strict=True):
        if isinstance(linhas, DadosInvalidos):
            out.append(linhas)
            continue
        tx.rastro = pedida.rastro
        entrada = (next(numeros), linhas, await _tombstone(tx, pedida.novo))
        resposta = _accept(tx, pedida.novo, entrada, rows, itens)
        out.append(resposta)
        if pedida.chave is not None:
            keys.append((pedida.chave, resposta))
    await tx.insert_many(_PEDIDOS, rows)
    await tx.insert_many(_ITENS, itens)
    if await idempotency.remember(tx, keys) != len(keys):
        raise RepetidoNoGrupo
    return out


async def accept(tx: Tx, novo: NovoPedido) -> idempotency.Resposta:
    """Accept one order that came without a key (a webhook, a reconciliation).

    Raises:
        DadosInvalidos: a rule is broken; nothing was stored.
    """
    [resposta] = await accept_many(tx, [Pedida(novo, rastro=tx.rastro)])
    if isinstance(resposta, Exception):
        raise resposta
    return resposta


async def cancel(tx: Tx, pedido_id: str, *, motivo: str) -> None:
    """Cancel an order and give its stock back once.

    Raises:
        NaoEncontrado: no such order.
        ConflitoDeEstado: it was cancelled before.
    """
    row = await _load(tx, "id = ?", pedido_id, lock=True)
    if row is None:
        raise NaoEncontrado("Pedido", pedido_id)
    if row[6] == StatusPedido.CANCELADO:
        raise ConflitoDeEstado(f"Pedido {row[0]} is cancelled already")
    await _cancel(tx, row, motivo)


async def cancel_external(tx: Tx, canal: str, *, pedido_externo: str, motivo: str) -> bool:
    """Cancel by the platform's id; before the order came, leave a tombstone for it.

    Returns False when there was nothing left to cancel.
    """
    await tx.exclude({f"{canal}:{pedido_externo}"})
    row = await _load(tx, "canal = ? AND pedido_externo = ?", canal, pedido_externo, lock=True)
    if row is None:
        await tx.insert_many(
            "lapides (canal, pedido_externo, motivo, em)",
            [(canal, pedido_externo, motivo, tx.now_ms)],
            conflict="ON CONFLICT DO NOTHING",
        )
        return True
    if row[6] == StatusPedido.CANCELADO:
        return False
    await _cancel(tx, row, motivo)
    return True


async def reprocess(tx: Tx, pedido_id: str) -> None:
    """Try a stopped order again.

    Raises:
        NaoEncontrado: no such order.
        ConflitoDeEstado: its status is neither sem_estoque nor erro.
    """
    row = await _load(tx, "id = ?", pedido_id, lock=True)
    if row is None:
        raise NaoEncontrado("Pedido", pedido_id)
    if row[6] not in {StatusPedido.SEM_ESTOQUE, StatusPedido.ERRO}:
        msg = f"Pedido {row[0]} is {row[6]}; only sem_estoque and erro can be tried again"
        raise ConflitoDeEstado(msg)
    await set_status(tx, [row[0]], StatusPedido.RECEBIDO)
    tx.put(PedidoReprocessado(**await _fact_fields(tx, row)))


# ---------------------------------------------------------------- accepting


async def _earlier(tx: Tx, pedida: Pedida) -> idempotency.Resposta | None:
    if pedida.chave is not None:
        found = await idempotency.find(tx, pedida.chave)
        if found is not None:
            return found
    novo = pedida.novo
    if novo.pedido_externo is None:
        return None
    row = await _load(tx, "canal = ? AND pedido_externo = ?", novo.canal, novo.pedido_externo)
    if row is None:
        return None
    resposta = idempotency.Resposta(200, summary(row), f"/pedidos/{row[1]}")
    if pedida.chave is not None:
        await idempotency.remember(tx, [(pedida.chave, resposta)])
    return resposta


async def _produtos(tx: Tx, skus: set[str]) -> dict[str, tuple[str, int]]:
    ordered = sorted(skus)
    found: dict[str, tuple[str, int]] = {}
    for start in range(0, len(ordered), _PART):
        part = padded(ordered[start : start + _PART])
        rows = await tx.fetch(f"{_PRODUTOS} ({','.join('?' * len(part))})", part, packed=3)
        found.update((row[0], (row[1], row[2])) for row in rows)
    return found


def _linhas(novo: NovoPedido, produtos: dict[str, tuple[str, int]]) -> list[Linha] | DadosInvalidos:
    linhas, problemas = [], []
    for i, item in enumerate(novo.itens):
        known = produtos.get(item.sku) if item.sku else None
        if known is None and not novo.marketplace:
            problemas.append(
                Problema(f"itens.{i}.produto_id", f"produto {item.sku} does not exist")
            )
            continue
        nome = item.nome or (known[0] if known else item.sku or "?")
        preco = item.preco_centavos
        if preco is None:
            preco = known[1] if known else 0
        linhas.append(Linha(item, item.sku if known else None, nome, preco))
    total = sum(n.preco * n.item.quantidade for n in linhas)
    if total > MAX_CENTAVOS:
        problemas.append(Problema("itens", "the total is out of range"))
    return DadosInvalidos(*problemas) if problemas else linhas


def _accept(
    tx: Tx,
    novo: NovoPedido,
    entrada: tuple[int, list[Linha], str | None],
    rows: list[tuple[Any, ...]],
    itens: list[tuple[Any, ...]],
) -> idempotency.Resposta:
    (numero, linhas, motivo), pedido_id = entrada, new_id()
    soma = sum(n.preco * n.item.quantidade for n in linhas)
    total = soma if novo.total_centavos is None else novo.total_centavos
    status = StatusPedido.RECEBIDO if motivo is None else StatusPedido.CANCELADO
    avisos = orjson.dumps(novo.avisos).decode() if novo.avisos else None
    c = novo.cliente
    rows.append(
        (numero, pedido_id, novo.canal, novo.pedido_externo, novo.filial_id, novo.loja_externa,
         status.value, total, c.nome, c.documento, c.telefone, c.email, novo.observacao, avisos,
         tx.now_ms, tx.now_ms)
    )  # fmt: skip
    itens.extend(
        (numero, i, n.produto_id, n.item.sku, n.nome, n.item.quantidade, n.preco,
         n.item.opcao_de, n.item.observacao)
        for i, n in enumerate(linhas, 1)
    )  # fmt: skip
    campos: dict[str, Any] = {
        "pedido_id": pedido_id,
        "numero": numero,
        "canal": novo.canal,
        "filial_id": novo.filial_id,
        "total": format_centavos(total),
        "itens": [
            ItemPedido(linha=i, produto_id=n.produto_id, quantidade=n.item.quantidade)
            for i, n in enumerate(linhas, 1)
        ],
        "em": format_time(tx.now_ms),
    }
    if motivo is None:
        _put_received(tx, novo, linhas, campos)
    else:
        tx.put(PedidoCancelado(**campos, motivo=motivo, devolvido=False))
    corpo = _summary(pedido_id, numero, status, novo, campos)
    return idempotency.Resposta(202, corpo, f"/pedidos/{pedido_id}")


def _put_received(tx: Tx, novo: NovoPedido, linhas: list[Linha], campos: dict[str, Any]) -> None:
    tx.put(
        PedidoRecebido(
            **campos,
            pedido_externo=novo.pedido_externo,
            loja_externa=novo.loja_externa,
            prazo_aceite_ms=novo.prazo_aceite_ms,
        )
    )
    unknown = [n.item.sku or n.nome for n in linhas if n.produto_id is None]
    if unknown:
        tx.put(
            LinhaSemProduto(
                pedido_id=campos["pedido_id"],
                numero=campos["numero"],
                canal=novo.canal,
                linhas=unknown,
            )
        )


def _lapide(novo: NovoPedido) -> str | None:
    """Return what excludes the cancellation of this order while it is accepted."""
    later = novo.marketplace and novo.pedido_externo is not None
    return f"{novo.canal}:{novo.pedido_externo}" if later else None


async def _tombstone(tx: Tx, novo: NovoPedido) -> str | None:
    if not novo.marketplace or novo.pedido_externo is None:
        return None
    row = await tx.fetch_one(
        "SELECT motivo FROM lapides WHERE canal = ? AND pedido_externo = ?",
        (novo.canal, novo.pedido_externo),
    )
    return None if row is None else str(row[0])


def _summary(
    pedido_id: str, numero: int, status: str, novo: NovoPedido, campos: dict[str, Any]
) -> bytes:
    return orjson.dumps(
        {
            "id": pedido_id,
            "numero": numero,
            "status": status,
            "canal": novo.canal,
            "pedido_externo": novo.pedido_externo,
            "filial_id": novo.filial_id,
            "total": campos["total"],
            "recebido_em": campos["em"],
        }
    )


# ---------------------------------------------------------------- rows

COLUNAS = (
    "numero, id, canal, pedido_externo, filial_id, loja_externa, status, total, nome, documento,"
    " telefone, email, observacao, avisos, recebido_em, atualizado_em"
)


def summary(row: Row) -> bytes:
    """Return the short form of a stored order (columns `COLUNAS`) as JSON."""
    return orjson.dumps(
        {
            "id": row[1],
            "numero": row[0],
            "status": row[6],
            "canal": row[2],
            "pedido_externo": row[3],
            "filial_id": row[4],
            "total": format_centavos(row[7]),
            "recebido_em": format_time(row[14]),
        }
    )


async def stored_summary(tx: Tx, pedido_id: str) -> bytes:
    """Return the short form of an order as this transaction leaves it."""
    row = await _load(tx, "id = ?", pedido_id)
    if row is None:
        raise NaoEncontrado("Pedido", pedido_id)
    return summary(row)


async def _load(tx: Tx, where: str, *params: object, lock: bool = False) -> Row | None:
    return await tx.fetch_one(
        f"SELECT {COLUNAS} FROM pedidos WHERE {where}{tx.lock() if lock else ''}",  # noqa: S608 - own text
        params,
    )


async def set_status(tx: Tx, numeros: Sequence[int], status: StatusPedido) -> None:
    """Move orders, by number, to a status; the fact is the caller's to write."""
    if numeros:
        moved = padded(numeros)
        await tx.execute(
            "UPDATE pedidos SET status = ?, atualizado_em = ?"  # noqa: S608
            f" WHERE numero IN ({','.join('?' * len(moved))})",
            (status.value, tx.now_ms, *moved),
        )


async def _fact_fields(tx: Tx, row: Row) -> dict[str, Any]:
    itens = await tx.fetch(
        "SELECT linha, produto_id, quantidade FROM itens WHERE numero = ? ORDER BY linha",
        (row[0],),
    )
    return {
        "pedido_id": row[1],
        "numero": row[0],
        "canal": row[2],
        "filial_id": row[4],
        "total": format_centavos(row[7]),
        "itens": [ItemPedido(linha=i[0], produto_id=i[1], quantidade=i[2]) for i in itens],
        "em": format_time(tx.now_ms),
    }


async def _cancel(tx: Tx, row: Row, motivo: str) -> None:
    numero, status, filial = row[0], row[6], row[4]
    campos = await _fact_fields(tx, row)
    devolvido = status == StatusPedido.CONCLUIDO
    if devolvido:
        itens: list[ItemPedido] = [i for i in campos["itens"] if i.produto_id is not None]
        livro = await Livro.open(tx, [(i.produto_id or "", filial) for i in itens])
        for item in itens:
            livro.move(
                Movimento(
                    (item.produto_id or "", filial),
                    item.quantidade,
                    CANCELAMENTO,
                    pedido_numero=numero,
                    linha=item.linha,
                    motivo=motivo,
                )
            )
        await livro.write(tx)
        await notas.cancel(tx, numero)
    await set_status(tx, [numero], StatusPedido.CANCELADO)
    tx.put(PedidoCancelado(**campos, motivo=motivo, devolvido=devolvido))
