"""Consultas: what the shop page reads, all in one snapshot, so that it agrees with itself.

The page is true up to the `seq` read with it; the socket goes on from there. Only
what anybody may see is selected: no customer, no exact anything else.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from ponte.console.loja import (
    AVISOS,
    POR_PAGINA,
    Filtros,
    PedidoRecente,
    ProdutoNaVitrine,
    Vitrine,
    last_page,
)
from ponte.store.db import Row, Tx

FILIAL = "1"  # SPEC §3: the filial of everything that names none
MAX_CATEGORIAS = 40  # chosen: what a person still looks over
MAX_PALAVRAS = 8  # chosen: a search is a few words

_FROM = "FROM estoque e JOIN produtos p ON p.produto_id = e.produto_id WHERE e.filial_id = ?"
_PRODUTO = "p.produto_id, p.nome, p.preco, p.categoria, p.imagem_url, e.quantidade, p.ean"
# Neither engine sorts Á beside A by itself; the first letter decides where people look.
# Measured over 100,000 products: 35 ms more, where every letter would cost 600.
_INICIAL = " ".join(
    f"WHEN '{c}' THEN '{p}'" for c, p in zip("ÁÀÂÃÉÊÍÓÔÕÚÇ", "AAAAEEIOOOUC", strict=True)
)
# What can be bought first, then by name.
_ORDER = (
    f"ORDER BY e.quantidade = 0, CASE SUBSTR(p.nome, 1, 1) {_INICIAL}"
    " ELSE SUBSTR(p.nome, 1, 1) END, p.nome, p.produto_id"
)


async def read_vitrine(tx: Tx, filtros: Filtros, pagina: int, epoca: str, fuso: tzinfo) -> Vitrine:
    """Return one page of the shop; a page past the end is the last one.

    Args:
        tx: A transaction that reads.
        filtros: What the visitor asked for.
        pagina: Which page, from 1.
        epoca: Of the public sequence, whose newest number is read here.
        fuso: Where the visitor's hours are.
    """
    filial = await _filial(tx)
    produtos, total = await _page(tx, filial, filtros, pagina)
    row = await tx.fetch_one("SELECT seq_publico FROM contadores")
    return Vitrine(
        produtos=[ProdutoNaVitrine(*produto[:6]) for produto in produtos],
        gerada_em=_time(tx.now_ms, fuso),
        filtros=filtros,
        total=total,
        pagina=min(pagina, last_page(total)),
        categorias=await _categorias(tx),
        pedidos=await _recent(tx, fuso),
        epoca=epoca,
        seq=int(row[0]) if row else 0,
        filial_id=filial,
    )


async def _filial(tx: Tx) -> str:
    """Return the shop's filial: the default one, or the first that has anything."""
    row = await tx.fetch_one("SELECT 1 FROM estoque WHERE filial_id = ? LIMIT 1", (FILIAL,))
    if row is not None:
        return FILIAL
    first = await tx.fetch_one("SELECT MIN(filial_id) FROM estoque")
    return str(first[0]) if first and first[0] is not None else FILIAL


async def _page(tx: Tx, filial: str, filtros: Filtros, pagina: int) -> tuple[Sequence[Row], int]:
    where, params = _FROM, [filial]
    if filtros.categoria:
        where, params = f"{where} AND p.categoria = ?", [*params, filtros.categoria]
    words = plain(filtros.busca).split()[:MAX_PALAVRAS]
    if words:
        return await _search(tx, where, params, words, pagina)
    # Without a categoria the index of the stock alone knows how many there are.
    counting = where if filtros.categoria else "FROM estoque WHERE filial_id = ?"
    counted = await tx.fetch_one(f"SELECT COUNT(*) {counting}", params)
    total = int(counted[0]) if counted else 0
    rows = await tx.fetch(
        f"SELECT {_PRODUTO} {where} {_ORDER} LIMIT ? OFFSET ?",
        (*params, POR_PAGINA, _skip(pagina, total)),
    )
    return rows, total


async def _search(
    tx: Tx, where: str, params: list[str], words: Sequence[str], pagina: int
) -> tuple[Sequence[Row], int]:
    """Return the products that have every word, whatever its accents.

    No engine here compares without accents by itself. The database narrows the
    field with a pattern in which every letter that may carry one is any letter;
    what is left is compared here.
    """
    clauses = []
    for word in words:
        clauses.append("(LOWER(p.nome) LIKE ? OR LOWER(p.produto_id) LIKE ? OR p.ean = ?)")
        params += [f"%{_pattern(word)}%", f"%{_pattern(word)}%", word]
    rows = await tx.fetch(f"SELECT {_PRODUTO} {where} AND {' AND '.join(clauses)} {_ORDER}", params)
    found = [row for row in rows if all(_has(row, word) for word in words)]
    skip = _skip(pagina, len(found))
    return found[skip : skip + POR_PAGINA], len(found)


def plain(texto: str) -> str:
    """Return a text in small letters without accents, as people type when they search."""
    decomposed = unicodedata.normalize("NFKD", texto.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _pattern(word: str) -> str:
    return re.sub(r"[^bdfghjklmpqrstvwxyz0-9-]", "_", word)


def _has(row: Row, word: str) -> bool:
    return word in plain(row[1]) or word in plain(row[0]) or word == row[6]


def _skip(pagina: int, total: int) -> int:
    return (min(pagina, last_page(total)) - 1) * POR_PAGINA


async def _categorias(tx: Tx) -> list[str]:
    rows = await tx.fetch(
        "SELECT DISTINCT categoria FROM produtos WHERE categoria <> '' LIMIT ?", (MAX_CATEGORIAS,)
    )
    return sorted((str(row[0]) for row in rows), key=plain)


async def _recent(tx: Tx, fuso: tzinfo) -> list[PedidoRecente]:
    rows = await tx.fetch(
        "SELECT numero, status, recebido_em, atualizado_em,"
        " (SELECT COUNT(*) FROM itens WHERE itens.numero = pedidos.numero)"
        " FROM pedidos ORDER BY numero DESC LIMIT ?",
        (AVISOS,),
    )
    return [_order(row, fuso) for row in rows]


def _order(row: Row, fuso: tzinfo) -> PedidoRecente:
    numero, status, recebido_em, atualizado_em, itens = row
    em = recebido_em if status == "recebido" else atualizado_em
    return PedidoRecente(numero, f"pedido.{status}", itens, _time(em, fuso))


def _time(ms: Any, fuso: tzinfo) -> datetime:
    return datetime.fromtimestamp(ms / 1000, fuso)
