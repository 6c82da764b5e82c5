"""Recebidas: what a platform tells becomes messages, receipts and annotations, once each.

Every platform delivers at least once and in any order. So a message is known by the
platform's own id, a receipt only ever moves its message forward, and one that comes
before its message waits for it. The one rule: what somebody of the shop wrote is stored
and shown, and never answered.
"""

from dataclasses import replace

import structlog

from ponte.domain.evento import EventoDeCanal
from ponte.domain.mensagem import Canal, Entrega, Mensagem, StatusMensagem
from ponte.domain.valores import new_id
from ponte.events import MensagemAnotada, MensagemEcoada, MensagemRecebida
from ponte.mensagens import conversas, estado, externas, service
from ponte.mensagens.traducao import canal_of, to_mensagem
from ponte.store import outbox
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
# Chosen: an echo comes within seconds; later the same words are a new message.
ECO_MS = 10 * 60_000
ENVIAR = "enviar_mensagem"  # the step that calls; each conversation is a lane of it
_ENTREGAS = {
    "sent": Entrega.ENVIADA,
    "delivered": Entrega.ENTREGUE,
    "read": Entrega.LIDA,
    "played": Entrega.LIDA,
    "failed": Entrega.FALHOU,
}
FRESCA_MS = 10 * 60_000  # chosen: what was fetched later than this is answered by nobody
MENSAGENS = frozenset({"message", "postback", "referral", "optin"})
RECIBOS = frozenset({"status", "read"})
# A repeat, or what an older delivery brings late, changes nothing.
_NEWER = (
    "ON CONFLICT (mensagem_id, tipo, autor) DO UPDATE SET em = excluded.em"
    " WHERE anotacoes.em < excluded.em"
)
_NEWER_REACTION = (
    "ON CONFLICT (mensagem_id, tipo, autor) DO UPDATE SET valor = excluded.valor,"
    " em = excluded.em WHERE anotacoes.em < excluded.em"
    " OR (anotacoes.em = excluded.em AND anotacoes.valor <> excluded.valor)"
)
MUDANCAS = frozenset({"contact", "system"})  # what may tell another address of somebody
ANOTACOES = {"edit": "editada", "delete": "apagada", "reaction": "reacao"}
ACTED_ON = MENSAGENS | RECIBOS | ANOTACOES.keys() | {"contact"}


async def receive(
    tx: Tx, evento: EventoDeCanal, *, conector: str, historia: bool = False
) -> str | None:
    """Store what an event tells of a conversation; return the message's id when it is new.

    Args:
        tx: The caller's transaction.
        evento: What the platform told.
        conector: Who brought it.
        historia: It was fetched from the past: it counts as no traffic, and nobody answers it
            but where it is fresh still.
    """
    canal = canal_of(evento)
    if canal is None or not (evento.chat_id or evento.sender_id or evento.target_id):
        return None
    if evento.kind in MENSAGENS:
        return await _message(tx, evento, canal, conector=conector, historia=historia)
    if evento.kind in RECIBOS:
        await _receipt(tx, evento, canal)
    elif evento.kind in ANOTACOES:
        await _annotate(tx, evento, canal)
    elif evento.kind in MUDANCAS:
        await _contact(tx, evento, canal)
    return None


# ---------------------------------------------------------------- messages


async def _message(
    tx: Tx, evento: EventoDeCanal, canal: Canal, *, conector: str, historia: bool
) -> str | None:
    chave, conta = evento.chave or evento.message_id, evento.account or ""
    if chave is None:  # a platform that names no message: the body's own dedupe must do
        chave = new_id()
    nova = to_mensagem(await _worded(tx, evento, canal), canal)
    mensagem_id = new_id()
    if evento.from_me and await externas.owner(tx, canal, conta=conta, chave=chave) is not None:
        return None  # our own, or one that came before
    if not await externas.own(tx, canal, conta=conta, chave=chave, mensagem_id=mensagem_id):
        return None
    conversa_id = await conversas.of_contact(tx, canal, evento.pessoa or (nova.contato,))
    if evento.from_me and await _adopt(tx, nova, conversa_id, chave=chave):
        return None
    em_ms = _when(evento, tx.now_ms)
    mensagem = replace(
        nova, id=mensagem_id, conversa_id=conversa_id, criada_em=tx.now_ms, atualizada_em=tx.now_ms
    )
    await service.insert(tx, mensagem)
    if evento.from_me:
        tx.put(MensagemEcoada(**service.campos(mensagem), conector=conector))
        return mensagem_id
    await conversas.note_entry(
        tx, conversa_id, conta=evento.account, nome=evento.sender_name if not evento.is_group
        else None, grupo=evento.is_group, em_ms=em_ms,
    )  # fmt: skip
    if not historia:
        await estado.note_received(tx, canal)
    tx.put(
        MensagemRecebida(
            **service.campos(mensagem),
            conector=conector,
            em_ms=em_ms,
            grupo=evento.is_group,
            em_espera=evento.standby or (historia and em_ms < tx.now_ms - FRESCA_MS),
        )
    )
    return mensagem_id


async def _worded(tx: Tx, evento: EventoDeCanal, canal: Canal) -> EventoDeCanal:
    """Give a pressed button its words, where the platform tells no more than its beginning."""
    if evento.kind != "postback" or evento.text or not evento.choice_id or not evento.target_id:
        return evento
    found = await _known(tx, evento, canal)
    perguntou = None if found is None else await service.find(tx, found)
    conteudo = {} if perguntou is None else perguntou.conteudo
    opcoes = [] if isinstance(conteudo, str) else conteudo.get("opcoes") or []
    texto = next((o for o in opcoes if str(o).startswith(evento.choice_id)), None)
    return evento if texto is None else replace(evento, text=str(texto))


def _when(evento: EventoDeCanal, now_ms: int) -> int:
    """Return when it was written; never in the future, whatever a telephone's clock says."""
    return now_ms if evento.timestamp_ms is None else min(evento.timestamp_ms, now_ms)


async def _adopt(tx: Tx, eco: Mensagem, conversa_id: str, *, chave: str) -> bool:
    """Take an echo for a message of ours whose sending is still without an answer.

    The call may have been cut after it had its effect; with this the next try sees that
    it was sent. What waited for long is taken only where its call has begun: before, the
    same words are somebody's own.
    """
    rows = await tx.fetch(
        f"SELECT {service.COLUNAS} FROM mensagens WHERE conversa_id = ? AND direcao = 'saida'"  # noqa: S608
        f" AND status = ? ORDER BY id{tx.lock()}",
        (conversa_id, StatusMensagem.PROCESSANDO.value),
    )
    for i, mensagem in enumerate(map(service.from_row, rows)):
        if mensagem.criada_em < tx.now_ms - ECO_MS and (
            i > 0 or not await outbox.is_begun(tx, ENVIAR, conversa_id)
        ):
            continue
        if mensagem.tipo is eco.tipo and mensagem.texto.strip() == eco.texto.strip():
            conta = eco.instancia or ""
            await externas.give(tx, eco.canal, conta=conta, chave=chave, mensagem_id=mensagem.id)
            await service.conclude(tx, mensagem, id_externo=eco.id_externo)
            return True
    return False


# ---------------------------------------------------------------- receipts


async def _receipt(tx: Tx, evento: EventoDeCanal, canal: Canal) -> None:
    entrega = Entrega.LIDA if evento.kind == "read" else _ENTREGAS.get(evento.status or "")
    if entrega is None:
        return
    motivo = evento.further.get("reason") or evento.further.get("error_code")
    if evento.target_id is None:
        await _up_to(tx, evento, canal, entrega)
        return
    known = await _known(tx, evento, canal) or await _called_back(tx, evento, canal)
    recibo = entrega, None if motivo is None else str(motivo)
    if known is not None:
        await service.receipt(tx, known, recibo)
        return
    await externas.hold(tx, canal, conta=evento.account or "", chave=_target(evento), recibo=recibo)


async def _called_back(tx: Tx, evento: EventoDeCanal, canal: Canal) -> str | None:
    """Return the message whose own id a platform sends back with its receipts.

    The answer that told the platform's id was lost: with this the message was sent, and
    no further try sends it again.
    """
    own = evento.further.get("callback_data")
    mensagem = await service.find(tx, own) if isinstance(own, str) else None
    if mensagem is None or mensagem.canal is not canal or mensagem.id_externo is not None:
        return None
    await service.conclude(tx, mensagem, id_externo=evento.target_id)
    return mensagem.id


async def _up_to(tx: Tx, evento: EventoDeCanal, canal: Canal, entrega: Entrega) -> None:
    """Apply a receipt for everything up to an instant."""
    if evento.watermark_ms is None or evento.chat_id is None or evento.from_me:
        return
    conversa_id = await conversas.of_contact(tx, canal, evento.pessoa or (evento.chat_id,))
    rows = await tx.fetch(
        "SELECT id FROM mensagens WHERE conversa_id = ? AND direcao = 'saida'"
        " AND entrega IN ('enviada', 'entregue') AND criada_em <= ? ORDER BY id",
        (conversa_id, evento.watermark_ms),
    )
    for (mensagem_id,) in rows:
        await service.receipt(tx, mensagem_id, (entrega, None))


# ---------------------------------------------------------------- annotations


async def _annotate(tx: Tx, evento: EventoDeCanal, canal: Canal) -> None:
    """Record an edit, a deletion or a reaction; the first words are never lost."""
    found = None if evento.target_id is None else await _known(tx, evento, canal)
    mensagem = None if found is None else await service.find(tx, found)
    if mensagem is None:
        return
    anotacao = ANOTACOES[evento.kind]
    valor = evento.reaction if evento.kind == "reaction" else mensagem.texto
    autor = evento.sender_id or ""
    em_ms = _when(evento, tx.now_ms)
    newer = await tx.insert_many(
        "anotacoes (mensagem_id, tipo, autor, valor, em)",
        [(mensagem.id, anotacao, autor, valor, em_ms)],
        conflict=_NEWER_REACTION if evento.kind == "reaction" else _NEWER,
    )
    if not newer:
        return
    if evento.kind == "edit" and evento.text is not None:
        await _reword(tx, mensagem, evento.text)
    tx.put(MensagemAnotada(**service.campos(mensagem), anotacao=anotacao))


async def _reword(tx: Tx, mensagem: Mensagem, texto: str) -> None:
    conteudo = mensagem.conteudo
    if isinstance(conteudo, str):
        new: str | dict[str, object] = texto
    else:
        new = {**conteudo, ("legenda" if "legenda" in conteudo else "texto"): texto}
    await service.rewrite(tx, mensagem.id, new)


async def _contact(tx: Tx, evento: EventoDeCanal, canal: Canal) -> None:
    """Learn a customer's other addresses and name; a contact alone makes no conversation."""
    enderecos = evento.pessoa or ((evento.chat_id,) if evento.chat_id else ())
    conversa_id = await conversas.known(tx, canal, enderecos)
    if conversa_id is None:
        return
    await conversas.of_contact(tx, canal, enderecos)
    if evento.sender_name:
        await conversas.rename(tx, conversa_id, evento.sender_name)


def _target(evento: EventoDeCanal) -> str:
    """Return the key under which the target was stored, where ids are one chat's own."""
    target = evento.target_id or ""
    own = evento.chave is not None and evento.chat_id is not None
    return f"{evento.chat_id}:{target}" if own else target


async def _known(tx: Tx, evento: EventoDeCanal, canal: Canal) -> str | None:
    """Return the message that an event is about."""
    found = await externas.owner(tx, canal, conta=evento.account or "", chave=_target(evento))
    if found is not None or evento.chat_id is None:
        return found
    # What was sent is known by the id that the answer gave, which may be one chat's own.
    conversa_id = await conversas.known(tx, canal, evento.pessoa or (evento.chat_id,))
    row = await tx.fetch_one(
        "SELECT id FROM mensagens WHERE conversa_id = ? AND id_externo = ?"
        " ORDER BY id DESC LIMIT 1",
        (conversa_id, evento.target_id),
    )
    return None if row is None else str(row[0])
