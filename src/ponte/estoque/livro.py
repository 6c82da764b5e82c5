"""Livro: the stock that one transaction works on, and the ledger it writes.

Every change goes through `Livro.move`, so that quantidade is the sum of its
movements at every commit. Products are locked in sorted order. What crossed a
line (low, back to normal, sold out, available) becomes a fact here and nowhere
else, judged between the commit before and this one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from ponte.domain.valores import format_centavos, format_time
from ponte.errors import EstoqueInsuficiente
from ponte.events import (
    EstoqueAlterado,
    EstoqueBaixou,
    EstoqueEsgotou,
    EstoqueNormalizou,
    EstoqueVoltou,
)
from ponte.store.db import Tx, padded

Chave = tuple[str, str]  # (produto_id, filial_id)
VENDA, CANCELAMENTO, CONTAGEM, AJUSTE = "venda", "cancelamento", "contagem", "ajuste"
ABERTURA, EXTERNO = "abertura", "externo"


@dataclass(frozen=True, slots=True)
class Posicao:
    """One produto in one filial as it stands in this transaction."""

    nome: str
    preco: int
    quantidade: int
    minimo: int
    contado_em: int

    @property
    def baixo(self) -> bool:
        """Tell whether the quantity is below the minimum."""
        return self.quantidade < self.minimo


@dataclass(frozen=True, slots=True)
class Movimento:
    """One change: `delta` units for a reason."""

    chave: Chave
    delta: int
    tipo: str
    pedido_numero: int | None = None
    linha: int | None = None
    motivo: str | None = None
    autor: str | None = None
    medido_em: int | None = None
    rastro: str | None = None  # of what moved it, where one transaction serves many


_LOAD = """SELECT e.produto_id, e.filial_id, p.nome, p.preco, e.quantidade, e.minimo, e.contado_em
FROM estoque e JOIN produtos p ON p.produto_id = e.produto_id
WHERE (e.produto_id, e.filial_id) IN (VALUES {marks}) ORDER BY e.produto_id, e.filial_id"""
_BATCH = 256
_MOVED = """ON CONFLICT (produto_id, filial_id) DO UPDATE SET quantidade = excluded.quantidade,
minimo = excluded.minimo, contado_em = excluded.contado_em,
atualizado_em = excluded.atualizado_em"""


class Livro:
    """Open it for the products of a transaction, move, then write once."""

    def __init__(self, posicoes: dict[Chave, Posicao]) -> None:
        self._antes = dict(posicoes)
        self._agora = posicoes
        self._movimentos: list[tuple[Movimento, int]] = []

    @classmethod
    async def open(cls, tx: Tx, chaves: Iterable[Chave]) -> "Livro":
        """Read and lock these products, in sorted order."""
        ordered = sorted(set(chaves))
        posicoes: dict[Chave, Posicao] = {}
        for start in range(0, len(ordered), _BATCH):
            part = padded(ordered[start : start + _BATCH])
            marks = ",".join(["(?,?)"] * len(part))
            sql = _LOAD.format(marks=marks) + tx.lock("e")
            rows = await tx.fetch(sql, [v for chave in part for v in chave], packed=7)
            for row in sorted(rows, key=itemgetter(0, 1)):
                posicoes[row[0], row[1]] = Posicao(*row[2:])
        return cls(posicoes)

    def get(self, chave: Chave) -> Posicao | None:
        """Return the position as moved so far, or None when the filial has no such produto."""
        return self._agora.get(chave)

    def add(self, chave: Chave, posicao: Posicao) -> None:
        """Start a new position at zero; an opening movement gives it its units."""
        self._agora[chave] = replace(posicao, quantidade=0)

    def change(self, chave: Chave, **campos: int | str) -> None:
        """Change minimum, name, price or time of count; quantity only by `move`."""
        self._agora[chave] = replace(self._agora[chave], **campos)  # type: ignore[arg-type]

    def move(self, movimento: Movimento) -> int:
        """Apply a movement and return the balance after it.

        Raises:
            EstoqueInsuficiente: it would go below zero; the position is as before.
        """
        posicao = self._agora[movimento.chave]
        saldo = posicao.quantidade + movimento.delta
        if saldo < 0:
            raise EstoqueInsuficiente(
                movimento.chave[0], pedido=-movimento.delta, disponivel=posicao.quantidade
            )
        self._agora[movimento.chave] = Posicao(
            posicao.nome, posicao.preco, saldo, posicao.minimo, posicao.contado_em
        )  # the hot one: `replace` costs three times as much
        self._movimentos.append((movimento, saldo))
        return saldo

    async def write(self, tx: Tx) -> None:
        """Write movements, quantities and the facts of what changed."""
        await tx.insert_many(
            "movimentos (produto_id, filial_id, delta, saldo, tipo, pedido_numero, linha,"
            " motivo, autor, em, medido_em)",
            [
                (*m.chave, m.delta, saldo, m.tipo, m.pedido_numero, m.linha, m.motivo, m.autor,
                 tx.now_ms, m.medido_em)
                for m, saldo in self._movimentos
            ],
        )  # fmt: skip
        changed = [k for k, p in self._agora.items() if p != self._antes.get(k)]
        # A position that somebody else opened meanwhile is no conflict to write over: this
        # transaction fails, and the next try sees it.
        await self._store(tx, [k for k in changed if k not in self._antes], conflict="")
        await self._store(tx, [k for k in changed if k in self._antes], conflict=_MOVED)
        last = {m.chave: m for m, _ in self._movimentos}
        rastro = tx.rastro
        for chave in changed:
            movimento = last.get(chave)
            tx.rastro = (movimento and movimento.rastro) or rastro
            origem = movimento.tipo if movimento else None
            _put_facts(tx, chave, self._antes.get(chave), self._agora[chave], origem)
        tx.rastro = rastro

    async def _store(self, tx: Tx, chaves: list[Chave], *, conflict: str) -> None:
        await tx.insert_many(
            "estoque (produto_id, filial_id, quantidade, minimo, contado_em, atualizado_em)",
            [
                (*k, p.quantidade, p.minimo, p.contado_em, tx.now_ms)
                for k, p in ((k, self._agora[k]) for k in chaves)
            ],
            conflict=conflict,
        )


def _put_facts(
    tx: Tx, chave: Chave, antes: Posicao | None, agora: Posicao, origem: str | None
) -> None:
    campos: dict[str, Any] = {
        "produto_id": chave[0],
        "filial_id": chave[1],
        "nome": agora.nome,
        "preco": format_centavos(agora.preco),
        "quantidade": agora.quantidade,
        "minimo": agora.minimo,
        "baixo": agora.baixo,
        "em": format_time(tx.now_ms),
    }
    quantidade_antes = antes.quantidade if antes else 0
    tx.put(EstoqueAlterado(**campos, antes=quantidade_antes, origem=origem or "cadastro"))
    if antes is not None and agora.baixo and not antes.baixo:
        tx.put(EstoqueBaixou(**campos))
    if antes is not None and antes.baixo and not agora.baixo:
        tx.put(EstoqueNormalizou(**campos))
    if quantidade_antes > 0 and agora.quantidade == 0:
        tx.put(EstoqueEsgotou(**campos))
    if quantidade_antes == 0 and agora.quantidade > 0:
        tx.put(EstoqueVoltou(**campos))
