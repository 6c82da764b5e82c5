"""Responder: the bot's step. A customer's message is answered in the transaction that reads it.

The one rule: it speaks only where a customer waits for it. A group, a conversation that a
person or another tool has in hand, and what was written long ago get no answer.
"""

from dataclasses import dataclass, replace

import structlog

from ponte.chatbot.pergunta import Resposta
from ponte.chatbot.resposta import answer
from ponte.context import Context
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.errors import DadosInvalidos
from ponte.events import FatoGravado, MensagemRecebida
from ponte.mensagens import conversas, service
from ponte.mensagens.conversas import Conversa
from ponte.mensagens.service import CanalDesligado, JanelaFechada
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
NOME = "bot"  # who wrote, in the messages of the shop
VELHA_MS = 10 * 60_000  # chosen: after an outage nobody wants yesterday's answer
PESSOA_MS = 24 * 3_600_000  # chosen: who comes back the next day begins anew
PRESENTE_MS = 30 * 60_000  # chosen: how long somebody who wrote from the telephone is there


@dataclass(frozen=True, slots=True)
class Vez:
    """The bot's turn to speak; `nova` tells that the conversation begins anew."""

    conversa: Conversa
    mensagem: Mensagem
    nova: bool = False


async def responder(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Answer one customer's message, or leave it to a person."""
    vez = await turn(ctx, tx, fato)
    if vez is None:
        return
    resposta = await answer(tx, vez.conversa, vez.mensagem, horario=ctx.settings.bot.horario)
    await give(ctx, tx, vez, resposta)


async def turn(ctx: Context, tx: Tx, fato: FatoGravado) -> Vez | None:
    """Return what the bot is to answer; None where it has to be silent. Nothing is written."""
    recebida = fato.fato()
    if not ctx.settings.bot.enabled or not isinstance(recebida, MensagemRecebida):
        return None
    if recebida.grupo or recebida.em_espera or recebida.em_ms < tx.now_ms - VELHA_MS:
        return None
    conversa = await conversas.find(tx, recebida.conversa_id)
    mensagem = await service.find(tx, recebida.mensagem_id)
    if conversa is None or mensagem is None or conversa.grupo or not _asks(mensagem):
        return None
    if await _person_is_there(tx, mensagem):
        return None
    return _turn_in(conversa, mensagem, now_ms=tx.now_ms)


def _turn_in(conversa: Conversa, mensagem: Mensagem, *, now_ms: int) -> Vez | None:
    if conversa.atendimento == conversas.BOT:
        return Vez(conversa, mensagem)
    if not _is_over(conversa, now_ms):
        return None
    return Vez(replace(conversa, atendimento=conversas.BOT, bot_estado={}), mensagem, nova=True)


async def give(ctx: Context, tx: Tx, vez: Vez, resposta: Resposta) -> bool:
    """Say it, and write down who answers next; False when there is no way to say anything."""
    if vez.nova:
        await conversas.hand_over(tx, vez.conversa.id, conversas.BOT)
    said = await _say(ctx, tx, vez.mensagem, texto=resposta.texto)
    if resposta.pessoa:
        await conversas.hand_over(tx, vez.conversa.id, conversas.PESSOA)
    else:
        await conversas.remember(tx, vez.conversa.id, resposta.estado)
    return said


def _is_over(conversa: Conversa, now_ms: int) -> bool:
    """Tell whether the person has had the conversation long enough for it to be another one."""
    desde_ms = conversa.bot_estado.get(conversas.DESDE)
    return isinstance(desde_ms, int) and desde_ms < now_ms - PESSOA_MS


def _asks(mensagem: Mensagem) -> bool:
    """Tell whether it wants an answer; a sticker, or a state that the platform tells, does not."""
    if isinstance(mensagem.conteudo, str):
        return True
    told = mensagem.tipo is TipoMensagem.EVENTO and not mensagem.texto
    return not told and not mensagem.conteudo.get("figurinha")


async def _person_is_there(tx: Tx, recebida: Mensagem) -> bool:
    """Tell whether somebody of the shop wrote to this customer elsewhere a moment ago.

    Such a message is stored as written by the shop's own account; what Ponte sends names
    its caller.
    """
    row = await tx.fetch_one(
        "SELECT 1 FROM mensagens WHERE conversa_id = ? AND direcao = 'saida'"
        " AND remetente = instancia AND criada_em > ? LIMIT 1",
        (recebida.conversa_id, tx.now_ms - PRESENTE_MS),
    )
    return row is not None


async def _say(ctx: Context, tx: Tx, recebida: Mensagem, *, texto: str) -> bool:
    """Store and queue an answer; where none can be sent the message is left to people."""
    nova = Mensagem(
        tipo=TipoMensagem.TEXTO,
        canal=recebida.canal,
        destinatario=recebida.remetente,
        conteudo=texto,
        instancia=recebida.instancia,
        remetente=NOME,
    )
    janela_s = ctx.janela_s(recebida.canal, recebida.instancia)
    try:
        await service.accept(tx, nova, canais=ctx.channels(), janela_s=janela_s)
    except (CanalDesligado, DadosInvalidos, JanelaFechada) as error:
        # Each is raised before anything is written.
        log.info("bot has no way to answer", mensagem_id=recebida.id, motivo=error.code)
        return False
    return True
