"""Autorizacoes: a person took back what Ponte was allowed to do with an account.

What was granted is forgotten at once, and the canal that wrote with it stops until it is
granted anew. The one rule: a session that was kept after the event happened is left alone,
since a platform may tell late.
"""

from ponte.canais import sessoes
from ponte.context import Context
from ponte.domain.evento import EventoDeCanal
from ponte.mensagens import estado
from ponte.store.db import Tx
from ponte.store.tokens import forget


async def observe(ctx: Context, tx: Tx, evento: EventoDeCanal) -> bool:
    """Forget what an account granted; False where the event tells of something else."""
    conta, canal = evento.account, evento.channel
    if evento.kind != "authorization" or evento.status != "removed" or conta is None:
        return False
    em_ms = tx.now_ms if evento.timestamp_ms is None else evento.timestamp_ms
    if canal == "tiktok":
        await sessoes.revoke(tx, ctx, conta, em_ms=em_ms)
    if any(c.canal == canal and c.owns(conta) for c in ctx.ligados.values()):
        await forget(tx, inicio=f"{canal}:{conta}:")
        await estado.stop(tx, canal, motivo=sessoes.RETIRADA)
    return True
