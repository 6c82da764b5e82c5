"""Consultas: reading orders. One search box finds them by whatever people have at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ponte.domain.valores import format_centavos, format_time, parse_documento, parse_telefone
from ponte.errors import NaoEncontrado
from ponte.pedidos.service import COLUNAS
from ponte.store.db import Row, Tx

_CHAVE_NOTA = 44
_ENCONTRA = """SELECT numero FROM pedidos WHERE id = ?
UNION SELECT numero FROM pedidos WHERE pedido_externo = ?
UNION SELECT numero FROM pedidos WHERE documento IN (?, ?)
UNION SELECT numero FROM pedidos WHERE telefone IN (?, ?)
UNION SELECT pedido_numero FROM movimentos WHERE produto_id = ? AND pedido_numero IS NOT NULL
UNION SELECT i.numero FROM pedidos p JOIN itens i ON i.numero = p.numero
    WHERE p.status IN ('recebido', 'sem_estoque', 'cancelado', 'erro') AND i.produto_id = ?
UNION SELECT numero FROM itens WHERE produto_id IS NULL AND sku = ?
UNION SELECT pedido_numero FROM notas WHERE chave = ?
UNION SELECT numero FROM pedidos WHERE numero = ?"""


@dataclass(frozen=True, slots=True)
class Filtro:
    """Which orders are asked for; None means all. Times in epoch ms, `ate` exclusive."""

    status: str | None = None
    canal: str | None = None
    busca: str | None = None
    desde: int | None = None
    ate: int | None = None


async def list_orders(
    tx: Tx, filtro: Filtro, *, pular: int, limite: int, antes_de: int | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of orders, newest first, and how many match.

    `antes_de` continues a list below that number, whatever came in meanwhile.
    """
    where, params = _where(filtro)
    total = await tx.fetch_one(f"SELECT COUNT(*) FROM pedidos WHERE {where}", params)  # noqa: S608
    if antes_de is not None:
        where, params = f"{where} AND numero < ?", [*params, antes_de]
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM pedidos WHERE {where} ORDER BY numero DESC LIMIT ? OFFSET ?",  # noqa: S608
        (*params, limite, pular),
    )
    return [header(row) for row in rows], int(total[0]) if total else 0


async def get_order(tx: Tx, pedido_id: str) -> dict[str, Any]:
    """Return one order with its lines, its nota and its story.

    Raises:
        NaoEncontrado: no such order.
    """
    row = await tx.fetch_one(f"SELECT {COLUNAS} FROM pedidos WHERE id = ?", (pedido_id,))  # noqa: S608
    if row is None:
        raise NaoEncontrado("Pedido", pedido_id)
    numero = row[0]
    return {
        **header(row),
        "avisos": orjson.loads(row[13]) if row[13] else [],
        "itens": await _itens(tx, numero),
        "nota": await _nota(tx, numero),
        "linha_do_tempo": await _timeline(tx, pedido_id, numero),
    }


def header(row: Row) -> dict[str, Any]:
    """Return an order without its lines (columns `COLUNAS`)."""
    return {
        "id": row[1],
        "numero": row[0],
        "status": row[6],
        "canal": row[2],
        "pedido_externo": row[3],
        "filial_id": row[4],
        "total": format_centavos(row[7]),
        "cliente": {
            "nome": row[8],
            "documento": row[9],
            "telefone": row[10],
            "email": row[11],
        },
        "observacao": row[12],
        "recebido_em": format_time(row[14]),
        "atualizado_em": format_time(row[15]),
    }


def _where(filtro: Filtro) -> tuple[str, list[Any]]:
    where, params = ["1 = 1"], list[Any]()
    for column, value in (("status", filtro.status), ("canal", filtro.canal)):
        if value is not None:
            where.append(f"{column} = ?")
            params.append(value)
    if filtro.desde is not None:
        where.append("recebido_em >= ?")
        params.append(filtro.desde)
    if filtro.ate is not None:
        where.append("recebido_em < ?")
        params.append(filtro.ate)
    if filtro.busca:
        where.append(f"numero IN ({_ENCONTRA})")
        params += _busca(filtro.busca.strip())
    return " AND ".join(where), params


def _busca(texto: str) -> list[Any]:
    """Return the parameters of `_ENCONTRA`: the text as it is and as each kind writes it."""
    numero = int(texto) if texto.isascii() and texto.isdigit() and len(texto) < 16 else None
    compact = texto.replace(" ", "").upper()
    chave = compact if len(compact) == _CHAVE_NOTA else None
    return [
        texto.lower(),
        texto,
        texto,
        _or_none(parse_documento, texto),
        texto,
        _or_none(parse_telefone, texto),
        texto,
        texto,
        texto,
        chave,
        numero,
    ]


def _or_none(parse: Any, texto: str) -> str | None:
    try:
        return str(parse(texto))
    except ValueError:
        return None


async def _itens(tx: Tx, numero: int) -> list[dict[str, Any]]:
    rows = await tx.fetch(
        "SELECT linha, produto_id, sku, nome, quantidade, preco, opcao_de, observacao"
        " FROM itens WHERE numero = ? ORDER BY linha",
        (numero,),
    )
    return [
        {
            "linha": r[0],
            "produto_id": r[1],
            "sku": r[2],
            "nome": r[3],
            "quantidade": r[4],
            "preco_unitario": format_centavos(r[5]),
            "opcao_de": r[6],
            "observacao": r[7],
        }
        for r in rows
    ]


async def _nota(tx: Tx, numero: int) -> dict[str, Any] | None:
    row = await tx.fetch_one(
        "SELECT modelo, serie, numero, chave, situacao, emitida_em FROM notas"
        " WHERE pedido_numero = ?",
        (numero,),
    )
    if row is None:
        return None
    return {
        "modelo": row[0],
        "serie": row[1],
        "numero": row[2],
        "chave": row[3],
        "situacao": row[4],
        "emitida_em": format_time(row[5]),
    }


async def _timeline(tx: Tx, pedido_id: str, numero: int) -> Sequence[dict[str, Any]]:
    facts = await tx.fetch(
        "SELECT pos, tipo, em, dados FROM fatos WHERE lane = ? ORDER BY pos", (pedido_id,)
    )
    moves = await tx.fetch(
        "SELECT produto_id, filial_id, delta, saldo, tipo, em FROM movimentos"
        " WHERE pedido_numero = ? ORDER BY id",
        (numero,),
    )
    story = [(r[2], 0, r[1], orjson.loads(r[3])) for r in facts]
    story += [
        (
            r[5],
            1,
            "estoque.alterado",
            {
                "produto_id": r[0],
                "filial_id": r[1],
                "antes": r[3] - r[2],
                "quantidade": r[3],
                "origem": r[4],
            },
        )
        for r in moves
    ]
    story.sort(key=lambda entry: entry[:1])
    return [{"tipo": t, "em": format_time(em), "dados": dados} for em, _, t, dados in story]
