"""Retorno: what a silence hid, and is still open when no silence hides it any more, is told.

It looks at what is hidden, not at which silence ended: so a firing that came in
while a silence was ending, in another process, is found by the next look.
"""

from ponte.alertas import service, silencios
from ponte.alertas.handlers import politica
from ponte.alertas.service import Politica
from ponte.context import Context
from ponte.store.db import Tx

_HIDDEN = "SELECT DISTINCT alerta_id FROM notificacoes WHERE situacao = 'silenciada'"


async def watch_silences(ctx: Context) -> None:
    """End the silences whose time is over and tell what they hid."""
    if await ctx.db.read(_anything_to_do):
        await ctx.db.transact(_look, politica(ctx))


async def tell_unhidden(tx: Tx, quem_avisar: Politica) -> int:
    """Ask for the notices that nothing hides any more; return of how many alerts."""
    rows = await tx.fetch(_HIDDEN)
    em_vigor = await silencios.in_force(tx)
    told = 0
    for (alerta_id,) in rows:
        alerta = await service.get(tx, alerta_id)
        if not any(s.catches(alerta.nome, alerta.labels) for s in em_vigor):
            await service.tell_hidden(tx, alerta, regras=quem_avisar.regras)
            told += 1
    return told


async def _look(tx: Tx, quem_avisar: Politica) -> None:
    await silencios.end_due(tx)
    await tell_unhidden(tx, quem_avisar)


async def _anything_to_do(tx: Tx) -> bool:
    # Read first: an idle installation should not take the writer every few seconds.
    due = await tx.fetch_one(
        "SELECT 1 FROM silencios WHERE encerrado_em IS NULL AND ate <= ?", (tx.now_ms,)
    )
    return due is not None or await tx.fetch_one(f"{_HIDDEN} LIMIT 1") is not None
