"""Atendimento: whether the bot or a person answers, told both ways.

There a conversation is `pending` while the bot answers and `open` while people do. People
take one over by opening a pending one, by assigning it, or by writing; resolving it, or
marking it pending again, gives it back. The one rule: what Ponte asked for itself, and what
the help desk does by itself when a customer writes, is nobody's taking over.
"""

from typing import Literal

from ponte.canais.espelho import livro
from ponte.canais.espelho.livro import Linha
from ponte.context import Context
from ponte.domain.evento import EventoDeCanal
from ponte.mensagens import conversas
from ponte.mensagens.conversas import Conversa
from ponte.ports import Helpdesk, Situacao
from ponte.store.db import Tx

FECHADAS = ("resolved", "snoozed")  # a customer's message opens these by itself
SITUACAO = "conversation_status_changed"
Chegada = Literal["nova", "tardia"]
REABRE_MS = 60_000  # chosen: how long after that its assignment may be the help desk's own


# ---------------------------------------------------------------- there


def wanted(ctx: Context, conversa: Conversa) -> Situacao:
    """Return how a conversation is to stand there while it goes on."""
    by_bot = ctx.settings.bot.enabled and not conversa.grupo
    return "pending" if by_bot and conversa.atendimento == conversas.BOT else "open"


async def follow(
    ctx: Context, helpdesk: Helpdesk, conversa_id: str, *, entrou: Chegada | None = None
) -> None:
    """Switch a conversation there to who answers it here.

    Args:
        ctx: The inside.
        helpdesk: Where it is shown.
        conversa_id: Which one.
        entrou: A customer's message was just posted, which opens a closed one by itself; one
            that came late (`tardia`) gets no answer of the bot's, so that people must see it.
    """
    linha: Linha | None = await ctx.db.read(livro.line, conversa_id)
    conversa: Conversa | None = await ctx.db.read(conversas.find, conversa_id)
    if linha is None or linha.conversa is None or conversa is None:
        return
    now, want = linha.situacao, wanted(ctx, conversa)
    if entrou == "tardia":
        want = "open"
    if now in FECHADAS:
        if entrou is None:
            return
        await ctx.db.transact(livro.switched, conversa_id, "open")
        now = "open"
    if now == want:
        return
    await ctx.db.transact(livro.ask, conversa_id, want)
    await helpdesk.switch(linha.conversa, want)
    await ctx.db.transact(livro.switched, conversa_id, want)


# ---------------------------------------------------------------- here


async def observe(tx: Tx, evento: EventoDeCanal) -> bool:
    """Act on an event of a conversation there; True when it meant something here."""
    linha = None if evento.chat_id is None else await livro.line_of(tx, evento.chat_id)
    if linha is None:
        return False
    if evento.further.get("event") == SITUACAO:
        return await _switched(tx, linha, evento)
    if "assignee_id" not in evento.further.get("changed", ()):
        return False
    return await _assigned(tx, linha, evento)


async def _switched(tx: Tx, linha: Linha, evento: EventoDeCanal) -> bool:
    status = evento.status
    if status is None or await livro.is_echo(tx, linha.conversa_id, status):
        return False
    before = evento.further.get("previous_status") or linha.situacao
    by_itself = status == "open" and before in FECHADAS and _reopened(tx, linha)
    if by_itself or _is_stale(linha, evento, before=before):
        return False
    await livro.told(tx, linha.conversa_id, status, em_ms=evento.timestamp_ms)
    if status in ("resolved", "pending"):
        return await conversas.hand_over(tx, linha.conversa_id, conversas.BOT)
    if status == "open" and before not in FECHADAS:
        return await conversas.hand_over(tx, linha.conversa_id, conversas.PESSOA)
    return True


def _is_stale(linha: Linha, evento: EventoDeCanal, *, before: object) -> bool:
    """Tell whether a later event was heard before this one: they come in any order.

    Their instants are of a second; within one, what does not follow on is the older.
    """
    if linha.situacao_em is None or evento.timestamp_ms is None:
        return False
    if evento.timestamp_ms != linha.situacao_em:
        return evento.timestamp_ms < linha.situacao_em
    return before != linha.situacao


async def _assigned(tx: Tx, linha: Linha, evento: EventoDeCanal) -> bool:
    """Take an assignment for a person's taking over.

    A conversation that opens by itself may be assigned by itself.
    """
    if evento.further.get("assignee_id") is None or evento.status not in ("open", "pending"):
        return False
    by_itself = _reopened(tx, linha) or linha.situacao in FECHADAS
    if evento.status == "open" and by_itself:
        return False
    return await conversas.hand_over(tx, linha.conversa_id, conversas.PESSOA)


def _reopened(tx: Tx, linha: Linha) -> bool:
    """Tell whether a customer's message has just opened a closed conversation."""
    return linha.reaberta_em is not None and linha.reaberta_em > tx.now_ms - REABRE_MS
