"""Parse: one body of the WhatsApp Cloud API as events, all of them.

A body holds several entries, an entry several changes, a change up to a thousand messages
and receipts: all are read. What is there decides, not the name of the field, since the same
lists come under several. The one rule: it never raises, whatever the bytes are.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks
"""

from collections.abc import Iterator
from dataclasses import replace

from ponte.connectors.whatsapp_cloud import mensagens
from ponte.connectors.whatsapp_cloud.mensagens import BACKEND, CHANNEL, Caixa, is_own
from ponte.connectors.whatsapp_cloud.pessoa import by_address, telefone_of
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import Objeto, epoch_ms, inteiro, loads, objeto, objetos, texto

OBJECT = "whatsapp_business_account"
ECHOES, STANDBY = "smb_message_echoes", "standby"
# The fields about the account itself, and where each says what happened.
_STATUS = {
    "message_template_status_update": ("template_status", "event"),
    "message_template_quality_update": ("template_quality", "new_quality_score"),
}
_NAMED = frozenset({"account_update", "phone_number_quality_update"})
_LISTS = ("messages", "message_echoes", "statuses", "calls", "user_preferences", "user_id_update")


def parse(corpo: bytes, _settings: WhatsAppCloudSettings) -> list[EventoDeCanal]:
    """Return every event of a body; none where it is not Meta's or can't be read."""
    try:
        documento = objeto(loads(corpo))
    except ValueError:
        return []
    if texto(documento.get("object")) not in {OBJECT, None}:
        return []
    return [
        evento
        for entry in objetos(documento.get("entry"))
        for change in objetos(entry.get("changes"))
        for evento in _change(entry, change)
    ]


def _change(entry: Objeto, change: Objeto) -> Iterator[EventoDeCanal]:
    field, value = texto(change.get("field")) or "", objeto(change.get("value"))
    caixa = _caixa(entry, value)
    for evento in _messages(field, value, caixa):
        # Meta's own agent answers there: what is told is kept, and nobody answers it.
        yield replace(evento, standby=True, origin=None) if field == STANDBY else evento
    for recibo in objetos(value.get("statuses")):
        yield from mensagens.status(caixa, recibo)
    for chamada in objetos(value.get("calls")):
        yield from mensagens.call(caixa, chamada)
    for preferencia in mensagens.of_list(value.get("user_preferences")):
        yield from mensagens.preference(caixa, preferencia)
    for mudanca in mensagens.of_list(value.get("user_id_update")):
        yield from mensagens.user_id_update(caixa, mudanca)
    yield from _account(entry, field, value)
    if not any(value.get(name) for name in _LISTS):
        yield from _errors(caixa, value)


def _messages(field: str, value: Objeto, caixa: Caixa) -> Iterator[EventoDeCanal]:
    """Yield what customers wrote, and what was written in the shop's name."""
    for mensagem in objetos(value.get("messages")):
        own = field == ECHOES or is_own(caixa, mensagem)
        yield from (mensagens.echo if own else mensagens.message)(caixa, mensagem)
    for mensagem in objetos(value.get("message_echoes")):
        yield from mensagens.echo(caixa, mensagem)


def _caixa(entry: Objeto, value: Objeto) -> Caixa:
    metadata = objeto(value.get("metadata"))
    shown = "".join(x for x in texto(metadata.get("display_phone_number")) or "" if x.isdigit())
    return Caixa(
        account=texto(metadata.get("phone_number_id")) or texto(entry.get("id")),
        loja=telefone_of(shown),
        contatos=by_address(objetos(value.get("contacts"))),
    )


def _account(entry: Objeto, field: str, value: Objeto) -> Iterator[EventoDeCanal]:
    """Yield what became of a template, of the account or of its number."""
    name, where = _STATUS.get(field, (None, "event"))
    said = texto(value.get(where))
    if said is None or (name is None and field not in _NAMED):
        return
    evento = EventoDeCanal(
        channel=CHANNEL,
        backend=BACKEND,
        kind="system",
        account=_caixa(entry, value).account,
        timestamp_ms=epoch_ms(entry.get("time")),
        further={"event": name or said},
    )
    if name is None:
        yield evento
        return
    template = texto(value.get("message_template_name"))
    reason = texto(value.get("reason"))
    more = {"template": template, "reason": None if reason == "NONE" else reason}
    known = {key: valor for key, valor in more.items() if valor is not None}
    yield replace(evento, status=said, further={**evento.further, **known})


def _errors(caixa: Caixa, value: Objeto) -> Iterator[EventoDeCanal]:
    """Yield the errors of a change that holds nothing else."""
    for error in objetos(value.get("errors")):
        reason = texto(error.get("title")) or texto(error.get("message"))
        yield EventoDeCanal(
            channel=CHANNEL,
            backend=BACKEND,
            kind="system",
            account=caixa.account,
            further={
                "event": "error",
                "error_code": inteiro(error.get("code")),
                **({"reason": reason} if reason else {}),
            },
        )
