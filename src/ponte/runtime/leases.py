"""Leases: one process acts, and a late one can't.

Each taking raises the token; whoever writes with an older one knows that it lost.
"""

from ponte.store.db import Tx


async def acquire(tx: Tx, nome: str, *, dono: str, ttl_ms: int) -> int | None:
    """Take or keep a lease; return its fencing token, or None while another holds it."""
    ate, ate_ms = tx.instant(ttl_ms)
    now, now_ms = tx.instant()
    row = await tx.fetch_one(
        f"INSERT INTO leases (nome, dono, token, ate) VALUES (?, ?, 1, {ate})"  # noqa: S608 - own text
        " ON CONFLICT (nome) DO UPDATE SET"
        " token = leases.token + CASE WHEN leases.dono = excluded.dono THEN 0 ELSE 1 END,"
        " dono = excluded.dono,"
        f" ate = excluded.ate WHERE leases.dono = excluded.dono OR leases.ate < {now}"
        " RETURNING token",
        (nome, dono, ate_ms, now_ms),
    )
    return None if row is None else int(row[0])


async def holds(tx: Tx, nome: str, *, dono: str, token: int) -> bool:
    """Tell whether a lease is still this one's, inside the transaction that depends on it.

    One that ran out and that nobody took is: the token is the fence, not the clock.
    """
    row = await tx.fetch_one(
        "SELECT 1 FROM leases WHERE nome = ? AND dono = ? AND token = ?", (nome, dono, token)
    )
    return row is not None


async def release(tx: Tx, nome: str, *, dono: str) -> None:
    """Let a lease go at a clean end."""
    await tx.execute("DELETE FROM leases WHERE nome = ? AND dono = ?", (nome, dono))


async def release_dead(tx: Tx, donos: list[str]) -> None:
    """Let go the leases of dead instances."""
    for dono in donos:
        await tx.execute("DELETE FROM leases WHERE dono = ?", (dono,))
