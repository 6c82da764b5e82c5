"""Ida: what was said here is shown in the help desk, once, and how far it came.

Facts of a conversation come in order and one at a time. Each brings its message there to
how it stands now, whatever was told before, so that a repeat does nothing. What a person
wrote there is there already: of that only its progress is told.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ponte.canais.espelho import arquivos, atendimento, livro, palavras
from ponte.canais.espelho.livro import Copia, Linha
from ponte.context import Context
from ponte.domain.leitura import texto
from ponte.domain.mensagem import Canal, Direcao, Entrega, Mensagem
from ponte.errors import Adiado
from ponte.events import (
    ConversaMudou,
    FatoGravado,
    MensagemAnotada,
    MensagemEcoada,
    MensagemEntregue,
    MensagemEnviada,
    MensagemLida,
    MensagemNaoEntregue,
    MensagemRecebida,
)
from ponte.logs import mask
from ponte.mensagens import conversas, estado, service
from ponte.mensagens.conversas import Conversa
from ponte.ports import Escrita, Helpdesk, Lado, Pessoa, Progresso
from ponte.resilience.classes import Classe, OutsideError
from ponte.store.db import Tx

ESPERA_S = 10.0  # chosen: how often to look whether a stopped mirror goes on again
VELHA_MS = 10 * 60_000  # as the bot's: to what is older it gives no answer
MAX_ERRO = 200  # chosen: a reason is a line
DaMensagem = (
    MensagemRecebida
    | MensagemEcoada
    | MensagemEnviada
    | MensagemEntregue
    | MensagemLida
    | MensagemNaoEntregue
    | MensagemAnotada
)
Dito = DaMensagem | ConversaMudou
_TELEFONE = "@s.whatsapp.net"
_PROGRESSO: dict[Entrega, Progresso] = {
    Entrega.ENVIADA: "sent",
    Entrega.ENTREGUE: "delivered",
    Entrega.LIDA: "read",
    Entrega.FALHOU: "failed",
}


@dataclass(frozen=True, slots=True)
class Ida:
    """One conversation on its way to the help desk."""

    ctx: Context
    helpdesk: Helpdesk
    conversa: Conversa


def concerns(dito: Dito) -> bool:
    """Tell whether a fact is of a customer's conversation, and not between users of Ponte."""
    return dito.canal != Canal.INTERNO


async def mirror(ctx: Context, fato: FatoGravado) -> None:
    """Bring what a fact tells of to the help desk.

    Raises:
        Adiado: the help desk is busy, or stopped until somebody mends it.
        OutsideError: it did not take it.
    """
    helpdesk, dito = ctx.helpdesk, fato.fato()
    if helpdesk is None or not isinstance(dito, Dito) or not helpdesk.mirrors(dito.canal):
        return
    parado = await ctx.db.read(estado.stopped, helpdesk.nome)
    if parado is not None:
        msg = f"{helpdesk.nome} is stopped ({parado}); what it is to show waits"
        raise Adiado(msg, retry_after_s=ESPERA_S)
    conversa: Conversa | None = await ctx.db.read(conversas.find, dito.conversa_id)
    if conversa is None:
        return
    ida = Ida(ctx, helpdesk, conversa)
    try:
        if isinstance(dito, ConversaMudou):
            await _anew(ida, lambda: _answered_by(ida))
        else:
            await _message(ida, dito, fato_id=fato.id)
    except OutsideError as error:
        raise await _postponed(ida, error) from error


async def _postponed(ida: Ida, error: OutsideError) -> Exception:
    """Return what becomes of a failed call.

    A busy help desk is waited for. A refused token, or an inbox that is not there, would
    fail every further call: all stops until a person mends it.
    """
    if error.classe is Classe.RATE_LIMITED:
        return Adiado(str(error), retry_after_s=error.retry_after_s or ESPERA_S)
    if error.classe in (Classe.AUTH, Classe.GONE):
        await ida.ctx.db.transact(_stop, ida.helpdesk.nome, mask(str(error))[:MAX_ERRO])
        return Adiado(str(error), retry_after_s=ESPERA_S)
    return error


async def _stop(tx: Tx, nome: str, motivo: str) -> None:
    await estado.stop(tx, nome, motivo=motivo)


async def _anew(ida: Ida, work: Callable[[], Awaitable[None]]) -> None:
    """Do something there; once more from the start where the conversation was deleted."""
    try:
        await work()
    except OutsideError as error:
        if error.classe is not Classe.GONE:
            raise
        await ida.ctx.db.transact(livro.forget, ida.conversa.id)
        await work()


# ---------------------------------------------------------------- messages


async def _message(ida: Ida, dito: DaMensagem, *, fato_id: str) -> None:
    db = ida.ctx.db
    mensagem: Mensagem | None = await db.read(service.find, dito.mensagem_id)
    if mensagem is None:  # erased meanwhile
        return
    if await db.read(livro.is_left, mensagem.canal, mensagem.instancia):
        return
    if isinstance(dito, MensagemAnotada):
        await _annotated(ida, mensagem, dito.anotacao, fato_id=fato_id)
        return

    async def work() -> None:
        copia = await _posted(ida, mensagem)
        if mensagem.direcao is Direcao.SAIDA:
            await _report(ida, mensagem, copia)
        if isinstance(dito, MensagemRecebida):
            late = dito.em_espera or dito.em_ms < ida.ctx.now_ms() - VELHA_MS
            chegada: atendimento.Chegada = "tardia" if late else "nova"
            await atendimento.follow(ida.ctx, ida.helpdesk, ida.conversa.id, entrou=chegada)

    await _anew(ida, work)


async def _posted(ida: Ida, mensagem: Mensagem) -> Copia:
    """Return the copy of a message, posted if it was not."""
    copia: Copia | None = await ida.ctx.db.read(livro.copy, mensagem.id)
    if copia is not None and copia.mensagem is not None:
        return copia
    anexos = await arquivos.of(ida.ctx, mensagem)
    said = palavras.shown(mensagem, anexada=bool(anexos))
    quoted = None
    if not isinstance(mensagem.conteudo, str):
        id_externo = texto(mensagem.conteudo.get("em_resposta_a"))
        if id_externo is not None:
            quoted = await ida.ctx.db.read(livro.quoted, ida.conversa.id, id_externo)
    escrita = Escrita(said, _side(mensagem), _source_id(mensagem), quoted, anexos)
    return await _write(ida, mensagem, "", escrita=escrita)


async def _write(ida: Ida, mensagem: Mensagem, parte: str, *, escrita: Escrita) -> Copia:
    """Post one message; where one try before may have done so, look for it first."""
    db = ida.ctx.db
    linha = await _place(ida)
    conversa = linha.conversa or ""
    doubtful = await db.read(livro.copy, mensagem.id, parte) is not None
    found = await ida.helpdesk.find(conversa, escrita.source_id) if doubtful else None
    if found is None:
        await db.transact(_about_to, ida.conversa.id, mensagem, (parte, conversa))
        found = await ida.helpdesk.write(conversa, escrita)
    await db.transact(_done, mensagem.id, parte, found)
    copia: Copia = await db.read(livro.copy, mensagem.id, parte)
    return copia


async def _about_to(tx: Tx, conversa_id: str, mensagem: Mensagem, onde: tuple[str, str]) -> None:
    parte, conversa = onde
    await livro.intend(tx, mensagem.id, parte, conversa=conversa)
    linha = await livro.line(tx, conversa_id)
    closed = linha is not None and linha.situacao in atendimento.FECHADAS
    if closed and mensagem.direcao is Direcao.ENTRADA:
        await livro.reopened(tx, conversa_id)


async def _done(tx: Tx, mensagem_id: str, parte: str, mensagem: str | None) -> None:
    await livro.posted(tx, mensagem_id, parte, mensagem=mensagem)


async def _report(ida: Ida, mensagem: Mensagem, copia: Copia) -> None:
    """Tell how far a message came; of several files the first, and any that failed."""
    progresso = _PROGRESSO.get(mensagem.entrega)
    if progresso is None or progresso == copia.contada or not copia.mensagem:
        return
    every: list[Copia] = await ida.ctx.db.read(livro.copies, copia.mensagem)
    first = every[0].mensagem_id == copia.mensagem_id
    others_failed = any(c.contada == "failed" for c in every if c != copia)
    if progresso == "failed" or (first and not others_failed):
        erro = mask(mensagem.erro or "")[:MAX_ERRO] or None if progresso == "failed" else None
        await ida.helpdesk.report(copia.conversa, copia.mensagem, progresso=progresso, erro=erro)
    await ida.ctx.db.transact(livro.report, mensagem.id, progresso)


async def _annotated(ida: Ida, mensagem: Mensagem, anotacao: str, *, fato_id: str) -> None:
    """Take away what was taken back; show a new wording beside the first one."""
    copia: Copia | None = await ida.ctx.db.read(livro.copy, mensagem.id)
    if copia is None or not copia.mensagem or copia.apagada_em is not None:
        return
    if anotacao == "apagada":
        await ida.helpdesk.delete(copia.conversa, copia.mensagem)
        await ida.ctx.db.transact(livro.erased, mensagem.id)
    elif anotacao == "editada":
        parte = f"editada:{fato_id}"
        later: Copia | None = await ida.ctx.db.read(livro.copy, mensagem.id, parte)
        if later is not None and later.mensagem is not None:
            return
        escrita = Escrita(
            f"✏️ {palavras.shown(mensagem)}", _side(mensagem),
            f"{_source_id(mensagem)}:{parte}", copia.mensagem,
        )  # fmt: skip
        await _anew(ida, lambda: _rewritten(ida, mensagem, parte, escrita=escrita))


async def _rewritten(ida: Ida, mensagem: Mensagem, parte: str, *, escrita: Escrita) -> None:
    await _write(ida, mensagem, parte, escrita=escrita)


# ---------------------------------------------------------------- conversations


async def _answered_by(ida: Ida) -> None:
    """Show whether the bot or a person answers, where the conversation is shown at all."""
    linha: Linha | None = await ida.ctx.db.read(livro.line, ida.conversa.id)
    if linha is not None and linha.conversa is not None:
        await atendimento.follow(ida.ctx, ida.helpdesk, ida.conversa.id)


async def _place(ida: Ida) -> Linha:
    """Return where the conversation is shown, made if it is not."""
    db, conversa = ida.ctx.db, ida.conversa
    linha: Linha | None = await db.read(livro.line, conversa.id)
    if linha is None or linha.contato is None:
        pessoa = person(conversa)
        contato = await ida.helpdesk.contact(pessoa)
        await db.transact(_know, conversa, contato, pessoa.source_id)
    elif not linha.nomeado and conversa.nome is not None:
        await ida.helpdesk.rename(linha.contato, conversa.nome)
        await db.transact(livro.named, conversa.id)
    if linha is None or linha.conversa is None:
        known: Linha = await db.read(livro.line, conversa.id)
        await _settle(ida, known)
    found: Linha = await db.read(livro.line, conversa.id)
    return found


async def _know(tx: Tx, conversa: Conversa, contato: str, source_id: str) -> None:
    await livro.know_contact(
        tx, conversa.id, contato=contato, source_id=source_id, nomeado=conversa.nome is not None
    )


async def _settle(ida: Ida, linha: Linha) -> None:
    """Go on in the newest conversation there that is nobody else's, or make one."""
    contato, source_id = linha.contato or "", linha.source_id
    for number, status in await ida.helpdesk.conversations(contato, source_id=source_id):
        other: Linha | None = await ida.ctx.db.read(livro.line_of, number)
        if other is None or other.conversa_id == linha.conversa_id:
            await ida.ctx.db.transact(_settled, linha.conversa_id, number, status)
            return
    situacao = atendimento.wanted(ida.ctx, ida.conversa)
    number = await ida.helpdesk.open(contato, source_id=source_id, situacao=situacao)
    await ida.ctx.db.transact(_settled, linha.conversa_id, number, situacao)


async def _settled(tx: Tx, conversa_id: str, conversa: str, situacao: str) -> None:
    await livro.settle(tx, conversa_id, conversa=conversa, situacao=situacao)


def person(conversa: Conversa) -> Pessoa:
    """Return a customer as the help desk is to know them."""
    plain = conversa.contato.removesuffix(_TELEFONE).removeprefix("+")
    digits = plain.isascii() and plain.isdecimal() and 8 <= len(plain) <= 15  # E.164: 15 at most
    phone = conversa.canal == Canal.WHATSAPP and digits and not conversa.grupo
    return Pessoa(
        identificador=conversa.id,
        source_id=f"ponte-{conversa.canal}-{plain}",
        nome=conversa.nome or conversa.contato,
        telefone=f"+{plain}" if phone else None,
    )


def _side(mensagem: Mensagem) -> Lado:
    return "incoming" if mensagem.direcao is Direcao.ENTRADA else "outgoing"


def _source_id(mensagem: Mensagem) -> str:
    """Return what marks a message as Ponte's: the platform's id, or where it has none our own."""
    if mensagem.id_externo is None:
        return f"ponte:{mensagem.id}"
    return f"{mensagem.canal}:{mensagem.id_externo}"
