"""Mensagens: what people wrote, what the shop wrote in the application, and receipts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import structlog

from ponte.connectors.meta.classify import class_of
from ponte.connectors.whatsapp_cloud.classify import TABELA
from ponte.connectors.whatsapp_cloud.conteudo import (
    Campos,
    content_of,
    first_error,
    quoted,
    type_of,
    unreadable,
    words,
)
from ponte.connectors.whatsapp_cloud.pessoa import Contatos, Pessoa, find, telefone_of
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import Objeto, epoch_ms, inteiro, lower, objeto, objetos, texto
from ponte.resilience.classes import Classe, one_line

log = structlog.get_logger(__name__)
CHANNEL, BACKEND = "whatsapp", "cloud"
# What Meta called the same thing before version 12.
_SYSTEM = {
    "customer_changed_number": "user_changed_number",
    "user_identity_changed": "customer_identity_changed",
}


@dataclass(frozen=True, slots=True)
class Caixa:
    """Where an event came in: the number's account, its own digits, who is spoken of.

    `loja` is the shop's telephone number, None where the body does not show it.
    """

    account: str | None
    loja: str | None
    contatos: Contatos


def message(caixa: Caixa, mensagem: Objeto) -> Iterator[EventoDeCanal]:
    """Yield what a customer's message is; nothing where no sender is named."""
    if type_of(mensagem) == "system":
        yield from _system(caixa, mensagem)
        return
    quem = find(
        caixa.contatos,
        mensagem.get("from"),
        mensagem.get("from_user_id"),
        parent_id=mensagem.get("from_parent_user_id"),
    )
    if quem is None:
        log.warning("message without a sender, not stored", conector="whatsapp_cloud")
        return
    group_id = texto(mensagem.get("group_id"))
    base = replace(
        _base(caixa, mensagem),
        chat_id=group_id or quem.id,
        is_group=group_id is not None,
        sender_id=quem.id,
        sender_phone=quem.telefone,
        sender_name=quem.nome,
        pessoa=(group_id,) if group_id else quem.enderecos,
    )
    yield _with_content(base, mensagem)


def echo(caixa: Caixa, mensagem: Objeto) -> Iterator[EventoDeCanal]:
    """Yield what the shop wrote in the telephone's application."""
    quem = find(
        caixa.contatos,
        mensagem.get("to"),
        mensagem.get("to_user_id"),
        parent_id=mensagem.get("to_parent_user_id"),
    )
    group_id = texto(mensagem.get("group_id"))
    if quem is None and group_id is None:
        log.warning("echo without an addressee, not stored", conector="whatsapp_cloud")
        return
    numero = telefone_of(mensagem.get("from")) or caixa.loja
    base = replace(
        _base(caixa, mensagem),
        chat_id=group_id or (None if quem is None else quem.id),
        is_group=group_id is not None,
        sender_id=numero,
        sender_phone=numero,
        from_me=True,
        origin="app",
        pessoa=_addresses(quem, group_id),
    )
    yield _with_content(base, mensagem)


def is_own(caixa: Caixa, mensagem: Objeto) -> bool:
    """Tell whether a message is the shop's although it came among those of customers."""
    named = mensagem.get("to") is not None or mensagem.get("to_user_id") is not None
    return named and caixa.loja is not None and telefone_of(mensagem.get("from")) == caixa.loja


def status(caixa: Caixa, recibo: Objeto) -> Iterator[EventoDeCanal]:
    """Yield a receipt of a message that the shop sent, or the state of a call."""
    quem = find(caixa.contatos, recibo.get("recipient_id"), recibo.get("recipient_user_id"))
    grupo = lower(recibo.get("recipient_type")) == "group"
    chat_id = texto(recibo.get("recipient_id")) if grupo or quem is None else quem.id
    base = replace(
        _base(caixa, recibo),
        chat_id=chat_id,
        is_group=grupo,
        status=lower(recibo.get("status")),
        pessoa=_addresses(None if grupo else quem, chat_id),
    )
    if lower(recibo.get("type")) == "call":
        yield replace(base, kind="call")
        return
    if base.status is None or (base.message_id is None and chat_id is None):
        return
    yield replace(
        base,
        kind="status",
        message_id=None,
        target_id=base.message_id,
        further=_receipt_facts(recibo, grupo=grupo, failed=base.status == "failed"),
    )


def _receipt_facts(recibo: Objeto, *, grupo: bool, failed: bool) -> Campos:
    facts: Campos = {}
    participante = texto(recibo.get("recipient_participant_id"))
    if grupo and participante:
        facts["participant_id"] = participante
    opaque = texto(recibo.get("biz_opaque_callback_data"))
    if opaque is not None:
        facts["callback_data"] = opaque
    error = first_error(recibo)
    code = inteiro(error.get("code"))
    if failed and code is not None:
        classe = class_of(code, None, TABELA) or Classe.INVALID_REQUEST
        facts |= {"error_code": code, "error_class": str(classe)}
        title = texto(error.get("title")) or texto(error.get("message"))
        facts["reason"] = one_line(f"{code} {title or ''}")
    return facts


def _base(caixa: Caixa, documento: Objeto) -> EventoDeCanal:
    return EventoDeCanal(
        channel=CHANNEL,
        backend=BACKEND,
        kind="message",
        account=caixa.account,
        message_id=texto(documento.get("id")),
        timestamp_ms=epoch_ms(documento.get("timestamp")),
    )


def _addresses(quem: Pessoa | None, outro: str | None) -> tuple[str, ...]:
    if quem is not None:
        return quem.enderecos
    return (outro,) if outro else ()


def _with_content(base: EventoDeCanal, mensagem: Objeto) -> EventoDeCanal:
    """Return the event that a message is: itself, or a word on an earlier one."""
    tipo = type_of(mensagem)
    corpo = objeto(mensagem.get(tipo))
    target = texto(corpo.get("original_message_id"))
    if tipo == "reaction":
        target = texto(corpo.get("message_id"))
        if target is not None:
            emoji = words(corpo.get("emoji")) or ""
            return replace(base, kind="reaction", target_id=target, reaction=emoji)
    elif tipo == "revoke" and target is not None:
        return replace(base, kind="delete", target_id=target)
    elif tipo == "edit" and target is not None:
        novo = content_of(objeto(corpo.get("message")))
        return replace(base, kind="edit", target_id=target, **novo)
    return _own(base, mensagem, readable=tipo not in {"reaction", "revoke", "edit"})


def _own(base: EventoDeCanal, mensagem: Objeto, *, readable: bool) -> EventoDeCanal:
    campos = content_of(mensagem) if readable else unreadable(mensagem)
    about = quoted(mensagem)
    further = {**campos.pop("further", {}), **about.pop("further", {})}
    return replace(base, **campos, **about, further=further)


def _system(caixa: Caixa, mensagem: Objeto) -> Iterator[EventoDeCanal]:
    """Yield that a customer has another number, another id or another telephone."""
    system = objeto(mensagem.get("system"))
    quem = find(
        caixa.contatos,
        mensagem.get("from") or system.get("customer"),
        mensagem.get("from_user_id") or system.get("previous_user_id"),
    )
    named = texto(system.get("type")) or "system"
    event = _SYSTEM.get(named, named)
    novo = find(
        {}, system.get("wa_id") or system.get("new_wa_id"), system.get("user_id"),
        parent_id=system.get("parent_user_id"),
    )  # fmt: skip
    changed = event in {"user_changed_number", "user_changed_user_id"} and novo is not None
    yield replace(
        _base(caixa, mensagem),
        kind="system",
        chat_id=None if quem is None else quem.id,
        sender_id=None if quem is None else quem.id,
        sender_phone=None if quem is None else quem.telefone,
        sender_name=None if quem is None else quem.nome,
        text=words(system.get("body")),
        further={"event": event, **({"new_id": novo.id} if changed and novo else {})},
        pessoa=_both(quem, novo if changed else None),
    )


def _both(antes: Pessoa | None, depois: Pessoa | None) -> tuple[str, ...]:
    """Return every address of somebody who has a new one; none while the old is unknown."""
    if antes is None:
        return ()
    return tuple(dict.fromkeys((*antes.enderecos, *(depois.enderecos if depois else ()))))


def user_id_update(caixa: Caixa, mudanca: Objeto) -> Iterator[EventoDeCanal]:
    """Yield that a customer's business-scoped id was replaced, with both of them."""
    ids = objeto(mudanca.get("user_id"))
    quem = find(caixa.contatos, mudanca.get("wa_id"), ids.get("previous"))
    novo = find({}, None, ids.get("current"))
    if quem is None or novo is None:
        return
    yield replace(
        _base(caixa, mudanca),
        kind="system",
        chat_id=quem.id,
        further={"event": "user_changed_user_id", "new_id": novo.id},
        pessoa=_both(quem, novo),
    )


def call(caixa: Caixa, chamada: Objeto) -> Iterator[EventoDeCanal]:
    """Yield a step of a telephone call; of one that the shop makes, from the shop."""
    own = lower(chamada.get("direction")) == "business_initiated"
    ends = ("to", "to_user_id") if own else ("from", "from_user_id")
    quem = find(caixa.contatos, *(chamada.get(end) for end in ends))
    if quem is None:
        return
    ended = lower(chamada.get("status"))
    yield replace(
        _base(caixa, chamada),
        kind="call",
        chat_id=quem.id,
        sender_id=caixa.loja if own else quem.id,
        sender_phone=caixa.loja if own else quem.telefone,
        sender_name=None if own else quem.nome,
        from_me=own,
        status=lower(chamada.get("event")),
        further={"reason": ended} if ended else {},
        pessoa=quem.enderecos,
    )


def preference(caixa: Caixa, preferencia: Objeto) -> Iterator[EventoDeCanal]:
    """Yield that a customer wants no more marketing, or wants it again."""
    event = {
        "stop": "marketing_opt_out",
        "resume": "marketing_opt_in",
        "signup": "marketing_opt_in",
    }.get(lower(preferencia.get("value")) or "")
    quem = find(caixa.contatos, preferencia.get("wa_id"), preferencia.get("user_id"))
    if event is None or quem is None:
        return
    yield replace(
        _base(caixa, preferencia),
        kind="system",
        chat_id=quem.id,
        sender_id=quem.id,
        sender_phone=quem.telefone,
        sender_name=quem.nome,
        further={"event": event},
        pessoa=quem.enderecos,
    )


def of_list(valor: object) -> list[Objeto]:
    """Return the objects of a list, or the one object that stands in its place."""
    return objetos(valor) or ([objeto(valor)] if objeto(valor) else [])
