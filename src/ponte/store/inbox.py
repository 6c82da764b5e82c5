"""Inbox: each fact is handled once by each step, however often it is delivered."""

from collections.abc import Sequence

from ponte.store.db import Tx, padded


async def first_time(tx: Tx, passo: str, fato_ids: Sequence[str]) -> set[str]:
    """Record that a step handles these facts now; return those it had not handled before.

    The row commits with the effects: a crash before the commit leaves neither.
    """
    rows = [(passo, fato_id, tx.now_ms) for fato_id in fato_ids]
    into = "inbox (passo, fato_id, em)"
    if len(set(fato_ids)) == len(rows) == 1 or len(rows) == 0:
        new = await tx.insert_many(into, rows, conflict="ON CONFLICT DO NOTHING")
        return set(fato_ids) if new else set()
    asked = padded(fato_ids)
    seen = await tx.fetch(
        f"SELECT fato_id FROM inbox WHERE passo = ? AND fato_id IN ({','.join('?' * len(asked))})",  # noqa: S608
        (passo, *asked),
    )
    new_ids = set(fato_ids) - {row[0] for row in seen}
    await tx.insert_many(
        into, [(passo, f, tx.now_ms) for f in new_ids], conflict="ON CONFLICT DO NOTHING"
    )
    return new_ids


async def prune(tx: Tx, passo: str, *, older_ms: int) -> int:
    """Forget what no broker delivers again, up to a thousand facts; return how many.

    Ids of facts are UUIDv7, so those before a moment are a range of the key.
    """
    head = f"{max(0, tx.now_ms - older_ms):012x}"
    return await tx.execute(
        "DELETE FROM inbox WHERE passo = ? AND fato_id IN"
        " (SELECT fato_id FROM inbox WHERE passo = ? AND fato_id < ? LIMIT 1000)",
        (passo, passo, f"{head[:8]}-{head[8:]}"),
    )
