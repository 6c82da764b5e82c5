"""Volta: what people write in the help desk goes to the customer, once.

It is delivered on the canal that the conversation lives on, as any message of the shop, and
from then on people answer there. What could not be taken is shown as failed to who wrote
it. The one rule: what Ponte posted itself is never delivered, whatever event tells of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from ponte.canais.espelho import atendimento, livro, palavras
from ponte.canais.espelho.livro import Linha
from ponte.context import Context
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import texto
from ponte.domain.mensagem import (
    Canal,
    Conteudo,
    Entrega,
    Mensagem,
    TipoMensagem,
)
from ponte.domain.valores import new_id
from ponte.errors import DadosInvalidos, PonteError
from ponte.events import MensagemAnotada
from ponte.mensagens import conversas, externas, service
from ponte.mensagens.service import CanalDesligado, JanelaFechada
from ponte.ports import Helpdesk
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
_SOURCE_ID = re.compile(r"ponte-([a-z]+)-(.+)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rumo:
    """Where a customer is written to."""

    canal: Canal
    contato: str
    instancia: str | None
    conversa_id: str | None


async def observe(ctx: Context, tx: Tx, evento: EventoDeCanal) -> bool:
    """Act on what the help desk tells; False when it is of no conversation that is mirrored."""
    helpdesk = ctx.helpdesk
    if helpdesk is None or not helpdesk.speaks(evento):
        return False
    if evento.kind == "message":
        return helpdesk.delivers(evento) and await say(ctx, tx, evento)
    if evento.kind == "delete":
        return await _taken_back(tx, evento)
    if evento.kind == "status":
        return await _again(tx, evento)
    return evento.kind == "conversation" and await atendimento.observe(tx, evento)


# ---------------------------------------------------------------- messages


async def say(ctx: Context, tx: Tx, evento: EventoDeCanal) -> bool:
    """Write to the customer what was written to them there; False when that was done before."""
    helpdesk, escrita_id = ctx.helpdesk, evento.message_id
    if helpdesk is None or escrita_id is None or evento.chat_id is None:
        return False
    if await livro.copies(tx, escrita_id):  # posted by Ponte, or delivered before
        return False
    conta, first = evento.account or "", new_id()
    if not await externas.own(tx, helpdesk.nome, conta=conta, chave=escrita_id, mensagem_id=first):
        return False
    rumo = await _course(tx, ctx, evento)
    if rumo is None or not helpdesk.mirrors(rumo.canal):
        log.warning("nobody to deliver this to", conector=helpdesk.nome)
        return False
    if evento.further.get("author") == "user" and rumo.conversa_id is not None:
        await conversas.hand_over(tx, rumo.conversa_id, conversas.PESSOA)
    for tipo, conteudo in _parts(ctx, evento, rumo, helpdesk):
        mensagem = Mensagem(
            tipo=tipo,
            canal=rumo.canal,
            destinatario=rumo.contato,
            conteudo=conteudo,
            instancia=rumo.instancia,
            remetente=f"{helpdesk.nome}:{evento.sender_id or ''}",
        )
        stored = await _accepted(ctx, tx, mensagem)
        await livro.written(tx, stored.id, conversa=evento.chat_id, mensagem=escrita_id)
    return True


def _parts(
    ctx: Context, evento: EventoDeCanal, rumo: Rumo, helpdesk: Helpdesk
) -> Sequence[tuple[TipoMensagem, Conteudo]]:
    """Return the messages to send: a text is cut where the canal takes no longer one."""
    ligado = ctx.ligado(rumo.canal, rumo.instancia)
    limites = None if ligado is None else ligado.connector.limites
    said = palavras.to_say(evento, rumo.canal, assinar=helpdesk.signs)
    if limites is None:
        return said
    return [part for one in said for part in palavras.fitting(*one, limites=limites)]


async def _accepted(ctx: Context, tx: Tx, nova: Mensagem) -> Mensagem:
    """Store and queue a message; one that its canal refuses is stored as failed."""
    janela_s = ctx.janela_s(nova.canal, nova.instancia)
    try:
        return await service.accept(tx, nova, canais=ctx.channels(), janela_s=janela_s)
    except (CanalDesligado, DadosInvalidos, JanelaFechada) as error:
        # Each is raised before anything is written.
        return await service.refuse(tx, nova, erro=_why(error))


def _why(error: PonteError) -> str:
    fields = "; ".join(f"{p.campo}: {p.mensagem}" for p in error.errors)
    return f"{error.code}: {fields or error}"


# ---------------------------------------------------------------- whom to


async def _course(tx: Tx, ctx: Context, evento: EventoDeCanal) -> Rumo | None:
    """Return whom a conversation there is with.

    The conversation itself says it best; one that people began there has the address in
    the inbox, then the customer's own id and telephone.
    """
    linha = await livro.line_of(tx, evento.chat_id or "")
    if linha is not None:
        return await _known(tx, linha.conversa_id)
    source_id = texto(evento.further.get("source_id")) or ""
    linha = await livro.line_from(tx, source_id)
    if linha is not None:
        await _moved(tx, linha, evento)
        return await _known(tx, linha.conversa_id)
    named = await _named(tx, source_id) or await _known(
        tx, texto(evento.further.get("identifier")) or ""
    )
    return named or await _phoned(tx, ctx, evento)


async def _moved(tx: Tx, linha: Linha, evento: EventoDeCanal) -> None:
    """Go on in the conversation that people began there."""
    await livro.settle(
        tx, linha.conversa_id, conversa=evento.chat_id or "", situacao=evento.status or "open"
    )


async def _known(tx: Tx, conversa_id: str) -> Rumo | None:
    conversa = await conversas.find(tx, conversa_id)
    if conversa is None:
        return None
    return Rumo(Canal(conversa.canal), conversa.contato, conversa.conta, conversa.id)


async def _named(tx: Tx, source_id: str) -> Rumo | None:
    """Return whom an address of Ponte's own making names."""
    match = _SOURCE_ID.match(source_id)
    if match is None or match[1] not in set(Canal):
        return None
    conversa_id = await conversas.known(tx, match[1], (match[2],))
    return None if conversa_id is None else await _known(tx, conversa_id)


async def _phoned(tx: Tx, ctx: Context, evento: EventoDeCanal) -> Rumo | None:
    """Return the WhatsApp of a contact whom people made there by their telephone."""
    phone = next((x[1:] for x in evento.pessoa if x.startswith("+") and x[1:].isdecimal()), None)
    if phone is None or ctx.channel(Canal.WHATSAPP) is None:
        return None
    conversa_id = await conversas.known(tx, Canal.WHATSAPP, (phone,))
    if conversa_id is not None:
        return await _known(tx, conversa_id)
    conversa_id = await conversas.of_contact(tx, Canal.WHATSAPP, (phone,))
    return Rumo(Canal.WHATSAPP, phone, None, conversa_id)


# ---------------------------------------------------------------- what changed


async def _taken_back(tx: Tx, evento: EventoDeCanal) -> bool:
    """Note that a message was deleted there; the customer has it all the same."""
    if not evento.further.get("forward"):
        return False
    noted = False
    for copia in await livro.copies(tx, evento.target_id or ""):
        mensagem = await service.find(tx, copia.mensagem_id)
        if mensagem is None or not await livro.erased(tx, copia.mensagem_id):
            continue
        await tx.insert_many(
            "anotacoes (mensagem_id, tipo, autor, valor, em)",
            [(mensagem.id, "apagada", "", mensagem.texto, tx.now_ms)],
            conflict="ON CONFLICT DO NOTHING",
        )
        tx.put(MensagemAnotada(**service.campos(mensagem), anotacao="apagada"))
        noted = True
    return noted


async def _again(tx: Tx, evento: EventoDeCanal) -> bool:
    """Send a failed message again, since who wrote it asked for it there.

    Only one that people were told had failed, by an event that is younger than that.
    """
    if evento.status != "sent":
        return False
    sent = False
    for copia in await livro.copies(tx, evento.target_id or ""):
        told_ms, em_ms = copia.contada_em or 0, evento.timestamp_ms or 0
        if copia.autor != livro.PESSOA or copia.contada != "failed" or em_ms <= told_ms:
            continue
        mensagem = await service.find(tx, copia.mensagem_id)
        if mensagem is None or mensagem.entrega is not Entrega.FALHOU:
            continue
        await livro.report(tx, mensagem.id, "sent")
        await service.send_again(tx, mensagem)
        sent = True
    return sent
