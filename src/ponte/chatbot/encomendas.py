"""Encomendas: how a customer's order stands, told only to who may know it.

It is theirs when it was bought with the telephone they write from, or when they know its
number and the last four digits of the buyer's telephone or document. The one rule: whether
an order exists is told to nobody who may not see it.
"""

from dataclasses import dataclass

from ponte.domain.endereco import keys
from ponte.domain.mensagem import Canal
from ponte.mensagens.conversas import Conversa
from ponte.store.db import Row, Tx

FINAL = 4  # digits that prove whose it is
_COLUNAS = "SELECT numero, status, telefone, documento FROM pedidos"
_MAX_NUMERO = 9  # digits that a number of ours may have and any engine still takes


@dataclass(frozen=True, slots=True)
class Encomenda:
    """One order as its buyer may see it."""

    numero: int
    status: str


async def newest(tx: Tx, conversa: Conversa) -> Encomenda | None:
    """Return the newest order bought with the telephone that the customer writes from."""
    telefones = sorted(await _telefones(tx, conversa))
    if not telefones:
        return None
    marks = ", ".join("?" for _ in telefones)
    row = await tx.fetch_one(
        f"{_COLUNAS} WHERE telefone IN ({marks}) ORDER BY numero DESC LIMIT 1", telefones
    )
    return _view(row)


async def named(
    tx: Tx, conversa: Conversa, pedido: str, *, final: str | None = None
) -> Encomenda | None:
    """Return the order of that number or id if this customer may know it.

    Args:
        tx: The caller's transaction.
        conversa: Whose words these are.
        pedido: Its number or id here, or its number where it was bought.
        final: The last digits of the buyer's telephone or document, as the customer knows them.
    """
    telefones = await _telefones(tx, conversa)
    for row in await _all(tx, pedido):
        if row[2] in telefones or (final is not None and _proven(row, final)):
            return _view(row)
    return None


async def _all(tx: Tx, pedido: str) -> list[Row]:
    where, params = "id = ? OR pedido_externo IN (?, ?)", [pedido, pedido, pedido.upper()]
    found = await tx.fetch(f"{_COLUNAS} WHERE {where} ORDER BY numero DESC LIMIT 20", params)
    if pedido.isdecimal() and len(pedido) <= _MAX_NUMERO:
        found = [*await tx.fetch(f"{_COLUNAS} WHERE numero = ?", (int(pedido),)), *found]
    return found


def _proven(row: Row, final: str) -> bool:
    """Tell whether the digits are the end of the telephone or of the document."""
    return len(final) == FINAL and any(
        valor is not None and str(valor)[-FINAL:] == final for valor in (row[2], row[3])
    )


async def _telefones(tx: Tx, conversa: Conversa) -> set[str]:
    """Return the customer's telephones as an order spells them; only WhatsApp knows any."""
    if conversa.canal != Canal.WHATSAPP:
        return set()
    rows = await tx.fetch(
        "SELECT endereco FROM enderecos WHERE canal = ? AND conversa_id = ?",
        (conversa.canal, conversa.id),
    )
    known = keys(conversa.canal, (conversa.contato, *(row[0] for row in rows)))
    return {f"+{endereco}" for endereco in known if endereco.isdecimal()}


def _view(row: Row | None) -> Encomenda | None:
    return None if row is None else Encomenda(row[0], row[1])
