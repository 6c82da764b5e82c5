"""Mensagens: stored before they are sent, sent in order to each contact, and never lost.

A message is refused while its canal can still say no: nothing is stored that could not
be sent. The one rule: words and addresses stay in the row. The facts name the message
and its conversation, which can be erased for one person; facts can't.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from ponte.domain.mensagem import (
    Canal,
    Conteudo,
    Direcao,
    Entrega,
    Mensagem,
    StatusMensagem,
    TipoMensagem,
    advances,
    wrong_fields,
)
from ponte.domain.valores import format_time, new_id
from ponte.errors import DadosInvalidos, NaoEncontrado, PonteError, Problema
from ponte.events import (
    MensagemAceita,
    MensagemEntregue,
    MensagemEnviada,
    MensagemLida,
    MensagemNaoEntregue,
    MensagemPublicada,
)
from ponte.mensagens import conversas, estado, externas
from ponte.ports import Channel
from ponte.store.db import Row, Tx
from ponte.ws import SALAS

MAX_INTERNO = 4000  # chosen: a note on a screen, as what is published on a socket
MAX_CONTEUDO = 65_536  # chosen: far above what any canal takes
COLUNAS = (
    "id, conversa_id, tipo, direcao, canal, instancia, remetente, destinatario, conteudo, status,"
    " entrega, erro, id_externo, pedido_id, criada_em, atualizada_em"
)
_FATOS = {
    Entrega.ENVIADA: MensagemEnviada,
    Entrega.ENTREGUE: MensagemEntregue,
    Entrega.LIDA: MensagemLida,
    Entrega.FALHOU: MensagemNaoEntregue,
}


class CanalDesligado(PonteError):
    """Nothing here sends on this canal; nothing was stored."""

    status = 422
    code = "canal_desligado"

    def __init__(self, canal: str) -> None:
        super().__init__(f"The canal {canal} is off: nothing that sends on it is set up")
        self.errors = [Problema("canal", "off")]


class JanelaFechada(PonteError):
    """The platform lets nobody write so long after the customer did; nothing was stored."""

    status = 422
    code = "janela_fechada"

    def __init__(self, canal: str, *, janela_s: float) -> None:
        hours = f"{janela_s / 3600:g} h"
        super().__init__(
            f"{canal} takes free text only within {hours} of the customer's last message;"
            " send a template (tipo evento, conteudo.modelo) where the canal has one"
        )
        self.errors = [Problema("destinatario", f"no message of theirs within {hours}")]


async def accept(
    tx: Tx, nova: Mensagem, *, canais: Mapping[str, Channel], janela_s: float | None = None
) -> Mensagem:
    """Store a message to somebody and queue it; return it as it stands.

    Args:
        tx: The caller's transaction.
        nova: The message.
        canais: What sends on each canal.
        janela_s: How long after the customer's last words its canal takes free ones.

    Raises:
        CanalDesligado: nothing here sends on its canal.
        DadosInvalidos: the canal can't carry it; names the field.
        JanelaFechada: the customer did not write lately enough.
    """
    check(nova, canais)
    if janela_s is not None and nova.tipo is not TipoMensagem.EVENTO:
        em_ms = await conversas.last_entry(tx, nova.canal, nova.contato)
        if em_ms is None or em_ms < tx.now_ms - int(janela_s * 1000):
            raise JanelaFechada(nova.canal, janela_s=janela_s)
    if nova.pedido_id is not None:
        pedido = await tx.fetch_one("SELECT 1 FROM pedidos WHERE id = ?", (nova.pedido_id,))
        if pedido is None:
            raise DadosInvalidos(Problema("pedido_id", "no such pedido"))
    mensagem = await _stored(tx, nova, StatusMensagem.PROCESSANDO)
    tx.put(MensagemAceita(**campos(mensagem)))
    return mensagem


async def say(tx: Tx, nova: Mensagem) -> Mensagem:
    """Store an internal message to one user that needs no worker: its fact hands it over.

    Raises:
        DadosInvalidos: it is for a room, or no internal message.
    """
    check(nova, {})
    if nova.canal is not Canal.INTERNO or nova.sala is not None:
        raise DadosInvalidos(Problema("para", "a user expected"))
    mensagem = await _stored(tx, nova, StatusMensagem.CONCLUIDA)
    await report(tx, mensagem.id, Entrega.ENVIADA)
    return mensagem


async def publish(tx: Tx, texto: str, *, de: str, sala: str | None = None) -> None:
    """Say something to everybody on /ws, or to one private room; it is kept as a fact alone.

    Raises:
        DadosInvalidos: no words, too many, or no such room.
    """
    if sala is not None and sala not in SALAS:
        raise DadosInvalidos(Problema("sala", f"no room {sala}"))
    if not 1 <= len(texto) <= MAX_INTERNO:
        raise DadosInvalidos(Problema("texto", f"1 to {MAX_INTERNO} characters expected"))
    tx.put(MensagemPublicada(de=de, texto=texto, para_sala=sala))


def check(nova: Mensagem, canais: Mapping[str, Channel]) -> None:
    """Refuse what can't be sent; raises as `accept`."""
    if nova.canal is not Canal.INTERNO and nova.canal not in canais:
        raise CanalDesligado(nova.canal)
    wrong = [Problema(*found) for found in wrong_fields(nova.tipo, nova.conteudo)]
    if wrong:
        raise DadosInvalidos(*wrong)
    if len(_encode(nova.conteudo)) > MAX_CONTEUDO:
        raise DadosInvalidos(Problema("conteudo", f"at most {MAX_CONTEUDO} bytes"))
    if nova.canal is Canal.INTERNO:
        _check_internal(nova)
    else:
        canais[nova.canal].check(nova)


async def get(tx: Tx, mensagem_id: str) -> Mensagem:
    """Return one message.

    Raises:
        NaoEncontrado: no such message.
    """
    found = await find(tx, mensagem_id)
    if found is None:
        raise NaoEncontrado("Mensagem", mensagem_id)
    return found


async def find(tx: Tx, mensagem_id: str) -> Mensagem | None:
    """Return one message, or None when there is none (any more)."""
    row = await tx.fetch_one(f"SELECT {COLUNAS} FROM mensagens WHERE id = ?", (mensagem_id,))  # noqa: S608
    return None if row is None else from_row(row)


async def rewrite(tx: Tx, mensagem_id: str, conteudo: Conteudo) -> None:
    """Replace what a message says, since its author did."""
    await tx.execute(
        "UPDATE mensagens SET conteudo = ?, atualizada_em = ? WHERE id = ?",
        (_encode(conteudo), tx.now_ms, mensagem_id),
    )


async def conclude(tx: Tx, mensagem: Mensagem, *, id_externo: str | None) -> None:
    """Record that the canal took a message."""
    await tx.execute(
        "UPDATE mensagens SET status = ?, erro = NULL, id_externo = ? WHERE id = ?",
        (StatusMensagem.CONCLUIDA.value, id_externo, mensagem.id),
    )
    await report(tx, mensagem.id, Entrega.ENVIADA)
    if mensagem.canal is Canal.INTERNO:
        return
    await estado.note_sent(tx, mensagem.canal)
    if id_externo is not None:
        conta = mensagem.instancia or ""
        await externas.own(
            tx, mensagem.canal, conta=conta, chave=id_externo, mensagem_id=mensagem.id
        )
        for recibo in await externas.held(tx, mensagem.canal, id_externo):
            await receipt(tx, mensagem.id, recibo)


async def fail(tx: Tx, mensagem_id: str, *, erro: str) -> None:
    """Record that a message was set aside after its tries."""
    await tx.execute(
        "UPDATE mensagens SET status = ?, erro = ? WHERE id = ?",
        (StatusMensagem.ERRO.value, erro, mensagem_id),
    )
    await report(tx, mensagem_id, Entrega.FALHOU)


async def refuse(tx: Tx, nova: Mensagem, *, erro: str) -> Mensagem:
    """Store a message that its canal does not take, as failed, for who wrote it elsewhere."""
    mensagem = await _stored(tx, nova, StatusMensagem.PROCESSANDO)
    await fail(tx, mensagem.id, erro=erro)
    return mensagem


async def send_again(tx: Tx, mensagem: Mensagem) -> None:
    """Queue a failed message once more."""
    again = replace(mensagem, status=StatusMensagem.PROCESSANDO, entrega=Entrega.NENHUMA)
    await tx.execute(
        "UPDATE mensagens SET status = ?, entrega = ?, erro = NULL, atualizada_em = ? WHERE id = ?",
        (again.status.value, again.entrega.value, tx.now_ms, mensagem.id),
    )
    tx.put(MensagemAceita(**campos(again)))


async def receipt(tx: Tx, mensagem_id: str, recibo: tuple[Entrega, str | None]) -> None:
    """Apply a platform's receipt; one of failure says why on the message."""
    entrega, motivo = recibo
    if await report(tx, mensagem_id, entrega) and entrega is Entrega.FALHOU:
        await tx.execute(
            "UPDATE mensagens SET status = ?, erro = ? WHERE id = ?",
            (StatusMensagem.ERRO.value, motivo or "the canal did not deliver it", mensagem_id),
        )


async def report(tx: Tx, mensagem_id: str, entrega: Entrega) -> bool:
    """Record what became of a message on the other side; False when that is no news.

    Platforms report late, twice and out of order: what was read stays read.
    """
    row = await tx.fetch_one(
        f"SELECT {COLUNAS} FROM mensagens WHERE id = ?{tx.lock()}",  # noqa: S608 - own text
        (mensagem_id,),
    )
    antes = None if row is None else from_row(row)
    # What was set aside and is sent now, since a person replayed it, starts again.
    again = (
        antes is not None
        and antes.entrega is Entrega.FALHOU
        and antes.status is StatusMensagem.CONCLUIDA
    )
    if antes is None or not (again or advances(antes.entrega, entrega)):
        return False
    await tx.execute(
        "UPDATE mensagens SET entrega = ?, atualizada_em = ? WHERE id = ?",
        (entrega.value, tx.now_ms, mensagem_id),
    )
    tx.put(_FATOS[entrega](**campos(replace(antes, entrega=entrega))))
    return True


def from_row(row: Row) -> Mensagem:
    """Build a message from `COLUNAS`."""
    return Mensagem(
        id=row[0],
        conversa_id=row[1],
        tipo=TipoMensagem(row[2]),
        direcao=Direcao(row[3]),
        canal=Canal(row[4]),
        instancia=row[5],
        remetente=row[6],
        destinatario=row[7],
        conteudo=orjson.loads(row[8]),
        status=StatusMensagem(row[9]),
        entrega=Entrega(row[10]),
        erro=row[11],
        id_externo=row[12],
        pedido_id=row[13],
        criada_em=row[14],
        atualizada_em=row[15],
    )


def view(mensagem: Mensagem) -> dict[str, Any]:
    """Return the wire form of a message (SPEC §6)."""
    return {
        "id": mensagem.id,
        "tipo": mensagem.tipo.value,
        "direcao": mensagem.direcao.value,
        "canal": mensagem.canal.value,
        "instancia": mensagem.instancia,
        "remetente": mensagem.remetente,
        "destinatario": mensagem.destinatario,
        "conteudo": mensagem.conteudo,
        "status": mensagem.status.value,
        "entrega": mensagem.entrega.value,
        "erro": mensagem.erro,
        "id_externo": mensagem.id_externo,
        "pedido_id": mensagem.pedido_id,
        "criada_em": format_time(mensagem.criada_em),
        "atualizada_em": format_time(mensagem.atualizada_em),
    }


def _check_internal(nova: Mensagem) -> None:
    sala = nova.sala
    if sala is not None and sala not in SALAS:
        raise DadosInvalidos(Problema("destinatario", f"sala: one of {', '.join(SALAS)} expected"))
    if sala is not None and nova.tipo is not TipoMensagem.TEXTO:
        raise DadosInvalidos(Problema("tipo", "a room takes texto alone"))
    if len(nova.texto) > MAX_INTERNO:
        raise DadosInvalidos(Problema("conteudo", f"at most {MAX_INTERNO} characters"))


async def _stored(tx: Tx, nova: Mensagem, status: StatusMensagem) -> Mensagem:
    mensagem = replace(
        nova,
        id=new_id(),
        conversa_id=await conversas.of_contact(tx, nova.canal, (nova.contato,)),
        direcao=Direcao.SAIDA,
        status=status,
        entrega=Entrega.NENHUMA,
        criada_em=tx.now_ms,
        atualizada_em=tx.now_ms,
    )
    await insert(tx, mensagem)
    return mensagem


async def insert(tx: Tx, m: Mensagem) -> None:
    """Write a message's row as it stands."""
    await tx.insert_many(
        "mensagens (id, conversa_id, tipo, direcao, canal, instancia, contato, remetente,"
        " destinatario, conteudo, status, entrega, erro, id_externo, pedido_id, criada_em,"
        " atualizada_em)",
        [
            (m.id, m.conversa_id, m.tipo.value, m.direcao.value, m.canal.value, m.instancia,
             m.contato, m.remetente, m.destinatario, _encode(m.conteudo), m.status.value,
             m.entrega.value, m.erro, m.id_externo, m.pedido_id, m.criada_em, m.atualizada_em)
        ],
    )  # fmt: skip


def _encode(conteudo: Any) -> str:
    try:
        return orjson.dumps(conteudo).decode()
    except TypeError:
        raise DadosInvalidos(Problema("conteudo", "text or JSON expected")) from None


def campos(m: Mensagem) -> dict[str, Any]:
    """Return what every fact of a message tells."""
    return {
        "mensagem_id": m.id,
        "conversa_id": m.conversa_id,
        "canal": m.canal.value,
        "direcao": m.direcao.value,
        "tipo_mensagem": m.tipo.value,
        "status": m.status.value,
        "entrega": m.entrega.value,
        "pedido_id": m.pedido_id,
    }
