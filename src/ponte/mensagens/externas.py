"""Externas: the platforms' own ids of messages, and the receipts that came before one.

What comes twice is stored once, and a receipt finds its message. The one rule: an id is
compared as text, as the platform wrote it.
"""

from collections.abc import Sequence

from ponte.domain.mensagem import Entrega
from ponte.store.db import Tx

RECIBO_MS = 24 * 3_600_000  # chosen: a call is answered, or given up, long before


async def own(tx: Tx, canal: str, *, conta: str, chave: str, mensagem_id: str) -> bool:
    """Take a platform's id for a message; False when one has it already."""
    new = await tx.insert_many(
        "mensagens_externas (canal, conta, chave, mensagem_id, em)",
        [(canal, conta, chave, mensagem_id, tx.now_ms)],
        conflict="ON CONFLICT DO NOTHING",
    )
    return bool(new)


async def give(tx: Tx, canal: str, *, conta: str, chave: str, mensagem_id: str) -> None:
    """Give an id that was taken to another message."""
    await tx.execute(
        "UPDATE mensagens_externas SET mensagem_id = ? WHERE canal = ? AND conta = ? AND chave = ?",
        (mensagem_id, canal, conta, chave),
    )


async def owner(tx: Tx, canal: str, *, conta: str, chave: str) -> str | None:
    """Return the message of a platform's id, of that account before any other's.

    Accounts are named in several ways: a call may go through the default one, unnamed.
    """
    row = await tx.fetch_one(
        "SELECT mensagem_id FROM mensagens_externas WHERE canal = ? AND chave = ?"
        " ORDER BY CASE WHEN conta = ? THEN 0 ELSE 1 END, em LIMIT 1",
        (canal, chave, conta),
    )
    return None if row is None else str(row[0])


async def key_of(tx: Tx, mensagem_id: str) -> str | None:
    """Return the platform's id of a message, None where it has none."""
    row = await tx.fetch_one(
        "SELECT chave FROM mensagens_externas WHERE mensagem_id = ? ORDER BY em LIMIT 1",
        (mensagem_id,),
    )
    return None if row is None else str(row[0])


async def hold(
    tx: Tx, canal: str, *, conta: str, chave: str, recibo: tuple[Entrega, str | None]
) -> None:
    """Keep a receipt whose message has no id here yet: its call was not answered so far."""
    entrega, motivo = recibo
    await tx.insert_many(
        "recibos (canal, conta, chave, entrega, motivo, em)",
        [(canal, conta, chave, entrega.value, motivo, tx.now_ms)],
        conflict="ON CONFLICT DO NOTHING",
    )


async def held(tx: Tx, canal: str, chave: str) -> Sequence[tuple[Entrega, str | None]]:
    """Return the receipts that waited for a message, and keep them no longer."""
    rows = await tx.fetch(
        "SELECT entrega, motivo FROM recibos WHERE canal = ? AND chave = ? ORDER BY em",
        (canal, chave),
    )
    if rows:
        await tx.execute("DELETE FROM recibos WHERE canal = ? AND chave = ?", (canal, chave))
    return [(Entrega(row[0]), row[1]) for row in rows]


async def prune(tx: Tx) -> int:
    """Forget receipts whose message never came to be known, up to a thousand; return how many."""
    return await tx.execute(
        "DELETE FROM recibos WHERE (canal, conta, chave, entrega) IN"
        " (SELECT canal, conta, chave, entrega FROM recibos WHERE em < ? LIMIT 1000)",
        (tx.now_ms - RECIBO_MS,),
    )
