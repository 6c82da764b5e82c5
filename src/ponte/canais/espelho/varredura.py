"""Varredura: what people wrote in the help desk while nobody listened is fetched.

It tells of each message once and does not try again. So the conversations of the last day
are looked through from time to time. The one rule: what is an hour old is delivered no
more, since who wrote it was shown that it failed and has found another way.
"""

import structlog

from ponte.canais.espelho import livro, volta
from ponte.canais.espelho.livro import Linha
from ponte.context import Context
from ponte.domain.evento import EventoDeCanal
from ponte.errors import PonteError
from ponte.mensagens import estado
from ponte.resilience.classes import Classe, OutsideError
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
DIA_MS = 24 * 3_600_000
CONVERSAS = 100  # chosen: calls in one round, of 3,000 a minute that are documented
VELHA_MS = 3_600_000
JA_VEM_MS = 10_000  # documented: an event is given up after five seconds; twice is harmless


async def sweep(ctx: Context) -> None:
    """Deliver what people wrote lately and no event told of."""
    helpdesk = ctx.helpdesk
    if helpdesk is None or await ctx.db.read(estado.stopped, helpdesk.nome) is not None:
        return
    desde_ms = ctx.now_ms() - DIA_MS
    talking: list[Linha] = await ctx.db.read(_talking, desde_ms)
    for linha in talking:
        try:
            events = await helpdesk.recent(linha.conversa or "")
        except OutsideError as error:
            if error.classe is Classe.GONE:  # deleted there; the next message makes it anew
                continue
            log.info("help desk not looked through", conector=helpdesk.nome, erro=str(error))
            return
        except PonteError:  # its breaker, or our own pace: the next round comes
            return
        for evento in events:
            if helpdesk.delivers(evento) and _is_due(evento, ctx.now_ms()):
                await ctx.db.transact(_say, ctx, evento)


def _is_due(evento: EventoDeCanal, now_ms: int) -> bool:
    em_ms = evento.timestamp_ms
    return em_ms is not None and JA_VEM_MS <= now_ms - em_ms < VELHA_MS


async def _talking(tx: Tx, desde_ms: int) -> list[Linha]:
    return list(await livro.talking(tx, desde_ms=desde_ms, limite=CONVERSAS))


async def _say(tx: Tx, ctx: Context, evento: EventoDeCanal) -> bool:
    return await volta.say(ctx, tx, evento)
