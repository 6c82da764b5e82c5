"""Próprio: a responder of the operator's own answers in the bot's place.

It may call whatever it likes, so no transaction is open while it thinks. The one rule: a
customer is never left without a word. What fails, or takes too long, is tried again by the
step, and in the end a person has the conversation.
"""

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from ponte.chatbot import falas
from ponte.chatbot.pergunta import Pergunta, Resposta
from ponte.chatbot.responder import Vez, give, responder, turn
from ponte.context import Context
from ponte.errors import PonteError
from ponte.events import FatoGravado
from ponte.mensagens import conversas
from ponte.store.db import Tx

Effect = Callable[[Tx], Awaitable[None]]


class RespostaInvalida(PonteError):
    """The operator's responder gave back what can't be said; nothing was said."""

    code = "resposta_invalida"


class RespostaDemorada(PonteError):
    """The operator's responder took longer than it may; nothing was said."""

    code = "resposta_demorada"
    retry = True


async def consult(ctx: Context, fato: FatoGravado) -> Effect | None:
    """Ask the operator's responder; what it says is written with the step's end.

    Raises:
        RespostaDemorada: it had no answer in time.
        RespostaInvalida: its answer is none.
    """
    if ctx.responder is None:  # switched off while this waited
        return lambda tx: responder(ctx, tx, fato)
    vez = await ctx.db.read(_turn, ctx, fato)
    if vez is None:
        return None
    limite_s = ctx.settings.bot.responder_s
    prazo = asyncio.timeout(limite_s)
    try:
        async with prazo:
            found = await ctx.responder(_pergunta(vez))
    except TimeoutError as error:
        if not prazo.expired():
            raise
        msg = f"{ctx.settings.bot.responder} gave no answer in {limite_s:g} s"
        raise RespostaDemorada(msg) from error
    if found is None:
        return lambda tx: responder(ctx, tx, fato)
    resposta = _checked(found, ctx.settings.bot.responder)
    return lambda tx: _give(ctx, tx, fato, resposta)


async def give_up(ctx: Context, tx: Tx, fato: FatoGravado, _erro: str) -> None:
    """Tell the customer that a person comes, and let a person answer."""
    await _give(ctx, tx, fato, Resposta(falas.NAO_CONSEGUI, pessoa=True))


async def _turn(tx: Tx, ctx: Context, fato: FatoGravado) -> Vez | None:
    return await turn(ctx, tx, fato)


async def _give(ctx: Context, tx: Tx, fato: FatoGravado, resposta: Resposta) -> None:
    """Say it if nobody took the conversation over meanwhile; what can't be said is a person's."""
    vez = await turn(ctx, tx, fato)
    if vez is not None and not await give(ctx, tx, vez, resposta):
        await conversas.hand_over(tx, vez.conversa.id, conversas.PESSOA)


def _pergunta(vez: Vez) -> Pergunta:
    mensagem, conversa = vez.mensagem, vez.conversa
    conteudo = mensagem.conteudo
    return Pergunta(
        mensagem_id=mensagem.id,
        conversa_id=conversa.id,
        canal=mensagem.canal.value,
        contato=mensagem.contato,
        texto=mensagem.texto,
        tipo=mensagem.tipo.value,
        escolha=None if isinstance(conteudo, str) else conteudo.get("escolha"),
        conta=mensagem.instancia,
        nome=conversa.nome,
        em_ms=mensagem.criada_em,
        estado=dict(conversa.bot_estado),
    )


def _checked(found: object, nome: str) -> Resposta:
    resposta = Resposta(found) if isinstance(found, str) else found
    if not isinstance(resposta, Resposta):
        msg = f"{nome} gave {type(found).__name__}; text, a Resposta or None expected"
        raise RespostaInvalida(msg)
    texto: object = resposta.texto  # the code that made it was checked by nobody
    if not isinstance(texto, str) or not texto.strip():
        msg = f"{nome} gave an answer without words"
        raise RespostaInvalida(msg)
    try:
        orjson.dumps(resposta.estado)
    except TypeError as error:
        msg = f"{nome} asked to remember what is no JSON: {error}"
        raise RespostaInvalida(msg) from error
    return resposta
