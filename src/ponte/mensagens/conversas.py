"""Conversas: who is written to, or writes, on one canal; found by any of their addresses.

Its id is the lane of their messages, so that no phone number or name stands in a fact.
The one rule: an address is only ever added. When two conversations turn out to be one
person's, the older goes on and what was written in the other stays where it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ponte.domain.endereco import keys
from ponte.domain.valores import new_id
from ponte.events import ConversaMudou
from ponte.store.db import Tx

_COLUNAS = (
    "id, canal, contato, conta, nome, grupo, ultima_entrada_em, atendimento, bot_estado, criada_em"
)
BOT, PESSOA = "bot", "pessoa"
DESDE = "desde_ms"  # in `bot_estado`: since when a person answers


@dataclass(frozen=True, slots=True)
class Conversa:
    """One conversation; times in epoch milliseconds.

    `conta` is the shop's side that heard of the customer last, `atendimento` who answers.
    """

    id: str
    canal: str
    contato: str
    conta: str | None
    nome: str | None
    grupo: bool
    ultima_entrada_em: int | None
    atendimento: str
    bot_estado: dict[str, Any]
    criada_em: int


async def of_contact(tx: Tx, canal: str, enderecos: Sequence[str]) -> str:
    """Return the id of a customer's conversation, made when there is none.

    Args:
        tx: The caller's transaction.
        canal: Where they write.
        enderecos: Every address under which they are known, the one to answer to first.
    """
    words = keys(canal, enderecos) or tuple(enderecos[:1])
    linked = await _linked(tx, canal, words)
    conversa_id = _eldest(linked) or await _made(tx, canal, enderecos[0])
    here = {endereco for endereco, (found, _) in linked.items() if found == conversa_id}
    await _link(tx, canal, [word for word in words if word not in here], conversa_id)
    return conversa_id


async def known(tx: Tx, canal: str, enderecos: Sequence[str]) -> str | None:
    """Return the id of a customer's conversation; None when they never wrote nor were written to.

    It looks in the same places as `of_contact`, and makes nothing.
    """
    linked = _eldest(await _linked(tx, canal, keys(canal, enderecos)))
    if linked is not None or not enderecos:
        return linked
    row = await tx.fetch_one(
        "SELECT id FROM conversas WHERE canal = ? AND contato = ?", (canal, enderecos[0])
    )
    return None if row is None else str(row[0])


async def last_entry(tx: Tx, canal: str, contato: str) -> int | None:
    """Return when a customer wrote last, in epoch milliseconds; None when they never did."""
    conversa_id = await known(tx, canal, (contato,))
    conversa = None if conversa_id is None else await find(tx, conversa_id)
    return None if conversa is None else conversa.ultima_entrada_em


async def find(tx: Tx, conversa_id: str) -> Conversa | None:
    """Return one conversation."""
    row = await tx.fetch_one(f"SELECT {_COLUNAS} FROM conversas WHERE id = ?", (conversa_id,))  # noqa: S608
    if row is None:
        return None
    estado = {} if row[8] is None else orjson.loads(row[8])
    return Conversa(
        id=row[0],
        canal=row[1],
        contato=row[2],
        conta=row[3],
        nome=row[4],
        grupo=bool(row[5]),
        ultima_entrada_em=row[6],
        atendimento=row[7],
        bot_estado=estado,
        criada_em=row[9],
    )


async def note_entry(
    tx: Tx, conversa_id: str, *, conta: str | None, nome: str | None, grupo: bool, em_ms: int
) -> None:
    """Record that the customer wrote: the platform's answer window begins anew.

    A name that the platform doesn't tell never overwrites one that it told.
    """
    await tx.execute(
        "UPDATE conversas SET conta = COALESCE(?, conta), nome = COALESCE(?, nome), grupo = ?,"
        " ultima_entrada_em = CASE WHEN ultima_entrada_em > ? THEN ultima_entrada_em ELSE ? END"
        " WHERE id = ?",
        (conta, nome, int(grupo), em_ms, em_ms, conversa_id),
    )


async def rename(tx: Tx, conversa_id: str, nome: str) -> None:
    """Record the name that a customer gives themselves."""
    await tx.execute("UPDATE conversas SET nome = ? WHERE id = ?", (nome, conversa_id))


async def hand_over(tx: Tx, conversa_id: str, atendimento: str) -> bool:
    """Let a person (`pessoa`) or the bot (`bot`) answer; False when it was so before.

    What the bot remembered is forgotten; since when a person answers stands in its place.
    """
    estado = orjson.dumps({DESDE: tx.now_ms}).decode() if atendimento == PESSOA else None
    rows = await tx.fetch(
        "UPDATE conversas SET atendimento = ?, bot_estado = ? WHERE id = ? AND atendimento <> ?"
        " RETURNING canal",
        (atendimento, estado, conversa_id, atendimento),
    )
    for (canal,) in rows:
        tx.put(ConversaMudou(conversa_id=conversa_id, canal=canal, atendimento=atendimento))
    return bool(rows)


async def remember(tx: Tx, conversa_id: str, estado: dict[str, Any]) -> None:
    """Keep what the bot must know at the next message."""
    await tx.execute(
        "UPDATE conversas SET bot_estado = ? WHERE id = ?",
        (orjson.dumps(estado).decode(), conversa_id),
    )


async def _linked(tx: Tx, canal: str, words: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Return for each known address its conversation, and since when there is one."""
    if not words:
        return {}
    marks = ", ".join("?" for _ in words)
    rows = await tx.fetch(
        "SELECT e.endereco, c.id, c.criada_em FROM enderecos e JOIN conversas c"  # noqa: S608
        f" ON c.id = e.conversa_id WHERE e.canal = ? AND e.endereco IN ({marks})",
        (canal, *words),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _eldest(linked: dict[str, tuple[str, int]]) -> str | None:
    found = min(linked.values(), key=lambda pair: (pair[1], pair[0]), default=None)
    return None if found is None else found[0]


async def _made(tx: Tx, canal: str, contato: str) -> str:
    """Make a conversation, or find the one that has no addresses yet."""
    await tx.insert_many(
        "conversas (id, canal, contato, criada_em)",
        [(new_id(), canal, contato, tx.now_ms)],
        conflict="ON CONFLICT DO NOTHING",
    )
    row = await tx.fetch_one(
        "SELECT id FROM conversas WHERE canal = ? AND contato = ?", (canal, contato)
    )
    return str(row[0]) if row else ""


async def _link(tx: Tx, canal: str, words: Sequence[str], conversa_id: str) -> None:
    if words:
        await tx.insert_many(
            "enderecos (canal, endereco, conversa_id)",
            [(canal, word, conversa_id) for word in sorted(words)],
            conflict="ON CONFLICT (canal, endereco) DO UPDATE SET conversa_id = "
            "excluded.conversa_id",
        )
