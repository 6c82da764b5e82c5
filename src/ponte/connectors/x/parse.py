"""Parse: a body of X becomes events, whichever of its two webhook products sent it.

The X Activity API wraps one event in `data`; the older Account Activity API gives lists
by kind, of one account (`for_user_id`). A direct message looks the same in both. What
the account itself posts is ignored, and so is every kind that Ponte has no use for.
Source: https://docs.x.com/x-api/activity/introduction and
https://docs.x.com/x-api/account-activity/introduction
"""

from collections.abc import Iterator

from ponte.connectors.x import conteudo
from ponte.connectors.x.settings import XSettings
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import Objeto, loads, lower, objeto, objetos, texto

COMMENTS = frozenset({"post.mention.create", "post.reply.create", "post.quote.create"})
DIRECT = frozenset({"dm.received", "dm.sent"})
ENCRYPTED = frozenset({"chat.received", "chat.sent"})


def parse(corpo: bytes, _settings: XSettings | None = None) -> list[EventoDeCanal]:
    """Return every event of a body; nothing for what can't be read."""
    try:
        documento = objeto(loads(corpo))
    except ValueError:
        return []
    activity = objeto(documento.get("data"))
    if "event_type" in activity:
        return list(_activity(activity))
    return list(_account_activity(documento))


# ---------------------------------------------------------------- X Activity API


def _activity(data: Objeto) -> Iterator[EventoDeCanal]:
    kind = lower(data.get("event_type")) or ""
    payload = objeto(data.get("payload"))
    account = texto(objeto(data.get("filter")).get("user_id"))
    if kind == "oauth.revoke":
        yield _revoked(texto(payload.get("user_id")) or account, payload)
    elif kind in COMMENTS:
        includes = objeto(data.get("includes")) or objeto(payload.get("includes"))
        yield from conteudo.comments([payload], account, users=_listed(includes))
    elif kind in DIRECT:
        dms = _several(payload, "direct_message_events")
        if account is None and kind == "dm.sent":
            account = next(filter(None, map(conteudo.author, dms)), None)
        yield from conteudo.messages(dms, account, users=_users(payload))
    elif kind in ENCRYPTED:
        yield from conteudo.encrypted(payload, account, sent=kind == "chat.sent")
    elif kind == "dm.read":
        yield from conteudo.reads(_several(payload, "direct_message_mark_read_events"), account)
    elif kind == "dm.indicate_typing":
        listed = _several(payload, "direct_message_indicate_typing_events")
        yield from conteudo.typings(listed, account)


def _several(payload: Objeto, name: str) -> list[Objeto]:
    """Return the events of a list, or the payload itself where it is the only one."""
    return objetos(payload.get(name)) or ([payload] if payload else [])


def _users(documento: Objeto) -> dict[str, Objeto]:
    return {k: _user(v) for k, v in objeto(documento.get("users")).items()}


def _listed(includes: Objeto) -> dict[str, Objeto]:
    users = map(_user, objetos(includes.get("users")))
    found = {texto(user.get("id")): user for user in users}
    return {k: user for k, user in found.items() if k is not None}


def _user(valor: object) -> Objeto:
    """Return a user, whom some events wrap in `data`."""
    return objeto(objeto(valor).get("data")) or objeto(valor)


# ---------------------------------------------------------------- Account Activity API


def _account_activity(documento: Objeto) -> Iterator[EventoDeCanal]:
    account = texto(documento.get("for_user_id"))
    dms = objetos(documento.get("direct_message_events"))
    yield from conteudo.messages(dms, account, users=_users(documento))
    yield from conteudo.reads(objetos(documento.get("direct_message_mark_read_events")), account)
    typings = objetos(documento.get("direct_message_indicate_typing_events"))
    yield from conteudo.typings(typings, account)
    yield from conteudo.comments(objetos(documento.get("tweet_create_events")), account)
    revoke = objeto(objeto(documento.get("user_event")).get("revoke"))
    if revoke:
        source = objeto(revoke.get("source"))
        yield _revoked(texto(source.get("user_id")) or account, revoke)


def _revoked(account: str | None, notice: Objeto) -> EventoDeCanal:
    return EventoDeCanal(
        channel="x",
        kind="authorization",
        account=account,
        timestamp_ms=conteudo.when(notice.get("date_time")),
        status="removed",
    )
