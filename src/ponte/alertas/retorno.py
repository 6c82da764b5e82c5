"""Retorno: what a silence hid, and is still open when no silence hides it any more, is told.

It looks at what is hidden, not at which silence ended: so a firing that came in
while a silence was ending, in another process, is found by the next look.
"""

from typing import Any

import orjson

from ponte.alertas import service, silencios
from ponte.alertas.handlers import politica
from ponte.alertas.service import Politica
from ponte.context import Context
from ponte.store.db import Tx

_HIDDEN = (
    "SELECT id, nome, labels FROM alertas"
    " WHERE id IN (SELECT alerta_id FROM notificacoes WHERE situacao = 'silenciada')"
)


async def watch_silences(ctx: Context) -> None:
    """End the silences whose time is over and tell what they hid."""
    # Read first: neither an idle installation nor a long silence should take the writer
    # every few seconds.
    if await ctx.db.read(_anything_at_all) and await ctx.db.read(_anything_to_do):
        await ctx.db.transact(_look, politica(ctx))


async def tell_unhidden(tx: Tx, quem_avisar: Politica) -> int:
    """Ask for the notices that nothing hides any more; return of how many alerts."""
    found = await _unhidden(tx)
    for alerta_id in found:
        await service.tell_hidden(tx, await service.get(tx, alerta_id), regras=quem_avisar.regras)
    return len(found)


async def _look(tx: Tx, quem_avisar: Politica) -> None:
    await silencios.end_due(tx)
    await tell_unhidden(tx, quem_avisar)


async def _anything_at_all(tx: Tx) -> bool:
    row = await tx.fetch_one(
        "SELECT 1 FROM silencios WHERE encerrado_em IS NULL AND ate <= ?"
        " UNION ALL SELECT 1 FROM notificacoes WHERE situacao = 'silenciada' LIMIT 1",
        (tx.now_ms,),
    )
    return row is not None


async def _anything_to_do(tx: Tx) -> bool:
    due = await tx.fetch_one(
        "SELECT 1 FROM silencios WHERE encerrado_em IS NULL AND ate <= ?", (tx.now_ms,)
    )
    return due is not None or bool(await _unhidden(tx))


async def _unhidden(tx: Tx) -> list[str]:
    rows: list[Any] = await tx.fetch(_HIDDEN)
    if not rows:
        return []
    em_vigor = await silencios.in_force(tx)
    return [
        alerta_id
        for alerta_id, nome, labels in rows
        if not any(s.catches(nome, orjson.loads(labels)) for s in em_vigor)
    ]
