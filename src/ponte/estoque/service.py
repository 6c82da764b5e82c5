"""Estoque: read, count and adjust. Sales and cancellations move it through `livro` too.

A count is a difference at the time it was measured: units sold after `medido_em`
still count. Every change is a movement, so the ledger always adds up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ponte.domain.valores import format_centavos, format_time
from ponte.errors import DadosInvalidos, NaoEncontrado, Problema
from ponte.estoque.livro import ABERTURA, AJUSTE, CONTAGEM, Chave, Livro, Movimento, Posicao
from ponte.store.db import Params, Row, Tx

COLUNAS = (
    "e.produto_id, p.nome, p.preco, p.categoria, p.imagem_url, p.ean, e.filial_id, e.quantidade,"
    " e.minimo, e.atualizado_em"
)
_PRODUTOS = "produtos (produto_id, nome, preco, categoria, imagem_url, ean, criado_em)"
_KNOWN = """ON CONFLICT (produto_id) DO UPDATE SET nome = excluded.nome, preco = excluded.preco,
categoria = COALESCE(excluded.categoria, produtos.categoria),
imagem_url = COALESCE(excluded.imagem_url, produtos.imagem_url),
ean = COALESCE(excluded.ean, produtos.ean)"""
_BATCH = 500  # chosen: products a statement; SQLite takes 32,766 variables
_FROM = "FROM estoque e JOIN produtos p ON p.produto_id = e.produto_id"


@dataclass(frozen=True, slots=True)
class Contagem:
    """A count of one product, and what to know of it when it is new.

    `medido_em` epoch ms, None means now. `minimo` None keeps the product's own,
    or takes the installation's when it is new.
    """

    produto_id: str
    filial_id: str
    quantidade: int
    motivo: str
    medido_em: int | None = None
    nome: str | None = None
    preco_centavos: int | None = None
    minimo: int | None = None
    ean: str | None = None
    categoria: str | None = None
    imagem_url: str | None = None


@dataclass(frozen=True, slots=True)
class Filtro:
    """Which items of a list are asked for; None means all."""

    filial_id: str | None = None
    baixo: bool = False
    busca: str | None = None


def view(row: Row) -> dict[str, Any]:
    """Return the wire form of one item (columns `COLUNAS`, SPEC §4)."""
    return {
        "produto_id": row[0],
        "nome": row[1],
        "preco": format_centavos(row[2]),
        "categoria": row[3],
        "imagem_url": row[4],
        "ean": row[5],
        "filial_id": row[6],
        "quantidade": row[7],
        "disponivel": row[7],
        "minimo": row[8],
        "baixo": row[7] < row[8],
        "atualizado_em": format_time(row[9]),
    }


async def get_item(tx: Tx, produto_id: str, filial_id: str | None = None) -> dict[str, Any]:
    """Return one product in a filial; without one, in the first filial that has it.

    Raises:
        NaoEncontrado: no such product there.
    """
    row = await tx.fetch_one(
        f"SELECT {COLUNAS} {_FROM} WHERE e.produto_id = ? AND e.filial_id = COALESCE(?, e.filial_id)"  # noqa: E501
        " ORDER BY e.filial_id LIMIT 1",
        (produto_id, filial_id),
    )
    if row is None:
        raise NaoEncontrado("Produto", produto_id)
    return view(row)


async def list_items(
    tx: Tx, filtro: Filtro, *, pular: int, limite: int, depois: Chave | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of items by product and filial, and how many there are.

    `depois` continues a list after that item, whatever was added meanwhile.
    """
    where, params = _where(filtro)
    total = await tx.fetch_one(f"SELECT COUNT(*) {_FROM} WHERE {where}", params)
    if depois is not None:
        where, params = f"{where} AND (e.produto_id, e.filial_id) > (?, ?)", [*params, *depois]
    rows = await tx.fetch(
        f"SELECT {COLUNAS} {_FROM} WHERE {where}"
        " ORDER BY e.produto_id, e.filial_id LIMIT ? OFFSET ?",
        (*params, limite, pular),
    )
    return [view(row) for row in rows], int(total[0]) if total else 0


async def list_movements(
    tx: Tx,
    alvo: tuple[str, str | None],
    *,
    pular: int,
    limite: int,
    antes_de: int | None = None,
) -> tuple[list[dict[str, Any]], int]:
    """Return the ledger of a product, newest first, and how many movements there are.

    Raises:
        NaoEncontrado: no such product.
    """
    await get_item(tx, *alvo)
    where = "m.produto_id = ? AND m.filial_id = COALESCE(?, m.filial_id)"
    params: list[Any] = list(alvo)
    total = await tx.fetch_one(f"SELECT COUNT(*) FROM movimentos m WHERE {where}", params)  # noqa: S608
    if antes_de is not None:
        where, params = f"{where} AND m.id < ?", [*params, antes_de]
    rows = await tx.fetch(
        "SELECT m.id, m.filial_id, m.delta, m.saldo, m.tipo, p.id, m.pedido_numero, m.linha,"  # noqa: S608
        " m.motivo, m.autor, m.em, m.medido_em FROM movimentos m"
        f" LEFT JOIN pedidos p ON p.numero = m.pedido_numero WHERE {where}"
        " ORDER BY m.id DESC LIMIT ? OFFSET ?",
        (*params, limite, pular),
    )
    return [_movement(row) for row in rows], int(total[0]) if total else 0


async def count(tx: Tx, contagem: Contagem, *, minimo: int, autor: str) -> bool:
    """Set the quantity as counted; return whether the product was created.

    Args:
        tx: The transaction.
        contagem: What was counted.
        minimo: The installation's minimum, for what is new in this filial.
        autor: Who says so.

    Raises:
        DadosInvalidos: a new product without name or price, or a time in the future.
    """
    created = await count_many(tx, [contagem], minimo=minimo, autor=autor)
    return created > 0


async def count_many(tx: Tx, contagens: Sequence[Contagem], *, minimo: int, autor: str) -> int:
    """Apply counts, all or none; return how many products were created."""
    known = await _known(tx, contagens)
    livro = await Livro.open(tx, [(c.produto_id, c.filial_id) for c in contagens])
    created = 0
    produtos: dict[str, Params] = {}
    for contagem in contagens:
        if contagem.medido_em is not None and contagem.medido_em > tx.now_ms:
            raise DadosInvalidos(Problema("medido_em", "is in the future"))
        before = known.get(contagem.produto_id)
        produto = known[contagem.produto_id] = _named(contagem, before)
        created += before is None
        extras = (contagem.categoria, contagem.imagem_url, contagem.ean)
        if produto != before or any(e is not None for e in extras):
            row = (contagem.produto_id, *produto, *extras, tx.now_ms)
            produtos[contagem.produto_id] = _over(produtos.get(contagem.produto_id), row)
        await _count_one(tx, livro, contagem, produto, minimo, autor)
    await tx.insert_many(_PRODUTOS, [produtos[k] for k in sorted(produtos)], conflict=_KNOWN)
    await livro.write(tx)
    return created


async def adjust(tx: Tx, chave: Chave, *, delta: int, motivo: str, autor: str) -> int:
    """Add or take units by hand; return the quantity.

    Raises:
        NaoEncontrado: the filial has no such product.
        EstoqueInsuficiente: it would go below zero; nothing was changed.
    """
    livro = await Livro.open(tx, [chave])
    if livro.get(chave) is None:
        raise NaoEncontrado("Produto", chave[0])
    saldo = livro.move(Movimento(chave, delta, AJUSTE, motivo=motivo, autor=autor))
    await livro.write(tx)
    return saldo


def _over(before: Params | None, row: Params) -> Params:
    """Return a product's row over an earlier one of the same statement, which may have it once."""
    return (
        row if before is None else [b if a is None else a for a, b in zip(row, before, strict=True)]
    )


def _where(filtro: Filtro) -> tuple[str, list[Any]]:
    where, params = ["1 = 1"], list[Any]()
    if filtro.filial_id is not None:
        where.append("e.filial_id = ?")
        params.append(filtro.filial_id)
    if filtro.baixo:
        where.append("e.quantidade < e.minimo")
    if filtro.busca:
        like = "%" + filtro.busca.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        where.append(
            "(LOWER(e.produto_id) LIKE LOWER(?) ESCAPE '!' OR LOWER(p.nome) LIKE LOWER(?)"
            " ESCAPE '!' OR LOWER(p.categoria) LIKE LOWER(?) ESCAPE '!' OR p.ean = ?)"
        )
        params += [like, like, like, filtro.busca]
    return " AND ".join(where), params


async def _known(tx: Tx, contagens: Sequence[Contagem]) -> dict[str, tuple[str, int]]:
    known: dict[str, tuple[str, int]] = {}
    ids = sorted({c.produto_id for c in contagens})
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH]
        marks = ",".join("?" * len(part))
        rows = await tx.fetch(
            f"SELECT produto_id, nome, preco FROM produtos WHERE produto_id IN ({marks})",  # noqa: S608
            part,
        )
        known.update((row[0], (row[1], row[2])) for row in rows)
    return known


def _named(c: Contagem, known: tuple[str, int] | None) -> tuple[str, int]:
    """Return the name and price that a product has after this count."""
    nome = c.nome if c.nome is not None else (known[0] if known else None)
    preco = c.preco_centavos if c.preco_centavos is not None else (known[1] if known else None)
    if nome is None or preco is None:
        missing = "nome" if nome is None else "preco"
        raise DadosInvalidos(
            Problema(missing, f"produto {c.produto_id} is new: nome and preco are needed")
        )
    return nome, preco


async def _count_one(
    tx: Tx, livro: Livro, c: Contagem, produto: tuple[str, int], minimo: int, autor: str
) -> None:
    chave = (c.produto_id, c.filial_id)
    medido = tx.now_ms if c.medido_em is None else c.medido_em
    posicao = livro.get(chave)
    if posicao is None:
        own = minimo if c.minimo is None else c.minimo
        livro.add(chave, Posicao(*produto, quantidade=0, minimo=own, contado_em=medido))
        tipo, delta = ABERTURA, c.quantidade
    else:
        tipo, delta = CONTAGEM, c.quantidade - posicao.quantidade
        if c.medido_em is not None:
            delta = await _difference(tx, chave, posicao, c.quantidade, medido)
        livro.change(
            chave,
            nome=produto[0],
            preco=produto[1],
            minimo=posicao.minimo if c.minimo is None else c.minimo,
            contado_em=max(medido, posicao.contado_em),
        )
    livro.move(Movimento(chave, delta, tipo, motivo=c.motivo, autor=autor, medido_em=c.medido_em))


async def _difference(tx: Tx, chave: Chave, posicao: Posicao, contado: int, medido: int) -> int:
    """Return what the count changes: units moved after it was measured still count.

    A count older than the last one says nothing new. When more was sold after the
    count than it found, the shelf is empty: the balance is never below zero. An earlier
    count moved units when it was measured, not when it came in.
    """
    if medido < posicao.contado_em:
        return 0
    row = await tx.fetch_one(
        "SELECT COALESCE(SUM(delta), 0) FROM movimentos"
        " WHERE produto_id = ? AND filial_id = ? AND COALESCE(medido_em, em) > ?",
        (*chave, medido),
    )
    depois = int(row[0]) if row else 0
    return max(contado - (posicao.quantidade - depois), -posicao.quantidade)


def _movement(row: Row) -> dict[str, Any]:
    return {
        "id": row[0],
        "filial_id": row[1],
        "delta": row[2],
        "saldo": row[3],
        "tipo": row[4],
        "pedido_id": row[5],
        "pedido_numero": row[6],
        "linha": row[7],
        "motivo": row[8],
        "autor": row[9],
        "em": format_time(row[10]),
        "medido_em": None if row[11] is None else format_time(row[11]),
    }


async def snapshot(tx: Tx) -> list[dict[str, Any]]:
    """Return every item, for a socket's first frame."""
    rows = await tx.fetch(f"SELECT {COLUNAS} {_FROM} ORDER BY e.produto_id, e.filial_id")
    return [view(row) for row in rows]
