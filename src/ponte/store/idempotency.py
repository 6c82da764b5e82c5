"""Idempotency: same key and body, same answer, one effect, for seven days.

The row is written in the business transaction with the answer, so a crash leaves
both or neither. 5xx answers are never stored: the same key must be able to settle
them. Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib

import msgspec

from ponte.errors import ChaveReutilizada
from ponte.store.db import Tx

KEEP_MS = 7 * 24 * 3_600_000
MAX_CHAVE = 200


class Pedido(msgspec.Struct, frozen=True):
    """A request under an Idempotency-Key: whose, which, and the fingerprint of what it asks."""

    dono: str
    chave: str
    impressao: str


class Resposta(msgspec.Struct, frozen=True):
    """The first answer, given again byte for byte."""

    status: int
    corpo: bytes
    local: str | None = None


def fingerprint(metodo: str, caminho: str, corpo: bytes) -> str:
    """Return what tells two requests apart under one key."""
    digest = hashlib.sha256(f"{metodo} {caminho}\n".encode())
    digest.update(corpo)
    return digest.hexdigest()


async def find(tx: Tx, pedido: Pedido) -> Resposta | None:
    """Return the first answer for this key.

    Raises:
        ChaveReutilizada: the key was used with another body or route.
    """
    row = await tx.fetch_one(
        "SELECT impressao, status, corpo, local, em FROM idempotencia WHERE dono = ? AND chave = ?",
        (pedido.dono, pedido.chave),
    )
    if row is None:
        return None
    if row[4] < tx.now_ms - KEEP_MS:
        await tx.execute(
            "DELETE FROM idempotencia WHERE dono = ? AND chave = ?", (pedido.dono, pedido.chave)
        )
        return None
    if row[0] != pedido.impressao:
        msg = "This Idempotency-Key was used with another request"
        raise ChaveReutilizada(msg)
    return Resposta(row[1], row[2].encode(), row[3])


async def remember(tx: Tx, pedidos: list[tuple[Pedido, Resposta]]) -> int:
    """Store answers with their effect; return how many keys were new."""
    return await tx.insert_many(
        "idempotencia (dono, chave, impressao, status, local, corpo, em)",
        [
            (p.dono, p.chave, p.impressao, r.status, r.local, r.corpo.decode(), tx.now_ms)
            for p, r in pedidos
        ],
        conflict="ON CONFLICT DO NOTHING",
    )


async def prune(tx: Tx) -> int:
    """Forget keys older than seven days, up to a thousand at a time; return how many."""
    return await tx.execute(
        "DELETE FROM idempotencia WHERE id IN (SELECT id FROM idempotencia ORDER BY id LIMIT 1000)"
        " AND em < ?",
        (tx.now_ms - KEEP_MS,),
    )
