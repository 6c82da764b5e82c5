"""Messaging: what Instagram and Messenger post, as events. One reading for both.

A body holds entries; an entry holds items in `messaging`, in `standby` (another app owns
the conversation) or in `changes` (the dashboard's test button and some API versions wrap
the very same items). The one rule: whatever is inside, nothing here raises.
Source: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events and
https://developers.facebook.com/docs/messenger-platform/instagram/features/webhook
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ponte.connectors.meta import anexos
from ponte.domain.evento import EventoDeCanal, Kind, Midia
from ponte.domain.leitura import (
    Objeto,
    booleano,
    clean,
    epoch_ms,
    loads,
    lower,
    objeto,
    objetos,
    texto,
    textos,
)

# The object of a body tells the platform, whichever address it was posted to.
_CHANNELS = {"instagram": "instagram", "page": "messenger"}
_COMMENTS = {"comments", "live_comments", "mentions", "feed"}
_HANDOVERS = ("pass_thread_control", "take_thread_control", "request_thread_control")
# Documented names of reactions, for a reaction that carries no emoji.
_EMOJI = {
    "love": "❤️", "smile": "😆", "haha": "😆", "laugh": "😆", "wow": "😮", "sad": "😢",
    "angry": "😠", "yes": "👍", "like": "👍", "no": "👎", "dislike": "👎",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an entry and who stands on its two sides."""

    corpo: Objeto
    channel: str
    entry_id: str | None
    standby: bool = False

    @property
    def sender_id(self) -> str | None:
        """The author's id; None where only a `user_ref` or nobody is named."""
        return texto(objeto(self.corpo.get("sender")).get("id"))

    @property
    def recipient_id(self) -> str | None:
        """Who it was written to."""
        return texto(objeto(self.corpo.get("recipient")).get("id"))

    @property
    def from_me(self) -> bool:
        """Whether the shop's own account did this."""
        echo = booleano(objeto(self.corpo.get("message")).get("is_echo"))
        return echo is True or (self.entry_id is not None and self.sender_id == self.entry_id)

    @property
    def chat_id(self) -> str | None:
        """The customer."""
        return self.recipient_id if self.from_me else self.sender_id

    def event(self, kind: Kind, **what: Any) -> EventoDeCanal:
        """Return an event of this item, with all that its sides say."""
        own = self.sender_id if self.from_me else self.recipient_id
        sender = objeto(self.corpo.get("sender"))
        return EventoDeCanal(
            channel=self.channel,
            kind=kind,
            account=own or self.entry_id,
            chat_id=self.chat_id,
            sender_id=self.sender_id,
            sender_name=texto(sender.get("name")) or texto(sender.get("username")),
            from_me=self.from_me,
            timestamp_ms=epoch_ms(self.corpo.get("timestamp")),
            standby=self.standby,
            pessoa=() if self.chat_id is None else (self.chat_id,),
            **what,
        )


def read(corpo: bytes) -> list[EventoDeCanal]:
    """Return every event of a body; none where it can't be read or is of another object."""
    try:
        documento = loads(corpo)
    except ValueError:
        return []
    # Some pages of the documentation print a list of bodies.
    bodies = objetos(documento) if isinstance(documento, list) else [objeto(documento)]
    return [event for body in bodies for event in _body(body)]


def _body(documento: Objeto) -> Iterator[EventoDeCanal]:
    channel = _CHANNELS.get(lower(documento.get("object")) or "")
    if channel is None:
        return
    for entry in objetos(documento.get("entry")):
        yield from _entry(entry, channel)


def _entry(entry: Objeto, channel: str) -> Iterator[EventoDeCanal]:
    entry_id = texto(entry.get("id"))
    for name in ("messaging", "standby"):
        for corpo in objetos(entry.get(name)):
            yield from _item(Item(corpo, channel, entry_id, standby=name == "standby"))
    # Some pages of the documentation print field and value in the entry itself.
    for change in (*objetos(entry.get("changes")), *([entry] if "field" in entry else ())):
        field, value = lower(change.get("field")) or "", change.get("value")
        for corpo in objetos(value) if isinstance(value, list) else [objeto(value)]:
            if field in _COMMENTS:
                yield from _comment(corpo, entry, channel=channel, field=field)
            else:
                yield from _item(Item(corpo, channel, entry_id, standby=field == "standby"))


def _item(item: Item) -> Iterator[EventoDeCanal]:
    corpo = item.corpo
    if "optin" in corpo:
        yield _optin(item, objeto(corpo["optin"]))
        return
    if item.chat_id is None and not corpo.keys() & {"message", "postback"}:
        return  # app_roles and other news about nobody
    if "message" in corpo:
        yield _message(item, objeto(corpo["message"]))
    elif "postback" in corpo:
        yield _postback(item, objeto(corpo["postback"]))
    elif "reaction" in corpo:
        yield _reaction(item, objeto(corpo["reaction"]))
    elif "read" in corpo:
        seen = objeto(corpo["read"])
        mark = epoch_ms(seen.get("watermark"))
        yield item.event("read", target_id=texto(seen.get("mid")), watermark_ms=mark)
    elif "delivery" in corpo:
        yield from _delivery(item, objeto(corpo["delivery"]))
    elif "message_edit" in corpo:
        edit = objeto(corpo["message_edit"])
        yield item.event("edit", target_id=texto(edit.get("mid")), text=_words(edit.get("text")))
    elif "referral" in corpo:
        yield item.event("referral", referral=_referral(corpo["referral"]) or {})
    else:
        yield from _handover(item)


def _message(item: Item, mensagem: Objeto) -> EventoDeCanal:
    mid = texto(mensagem.get("mid"))
    if booleano(mensagem.get("is_deleted")) is True:
        return item.event("delete", target_id=mid)
    escrito = _words(mensagem.get("text"))
    conteudo = anexos.read(mensagem, escrito)
    choice_id = texto(objeto(mensagem.get("quick_reply")).get("payload"))
    tipo = conteudo.tipo or ("text" if escrito else "unsupported")
    if booleano(mensagem.get("is_unsupported")) is True:
        tipo = "unsupported"
    elif choice_id is not None:
        tipo = "interactive"
    reply_to = objeto(mensagem.get("reply_to"))
    story = objeto(reply_to.get("story"))
    further = dict(conteudo.further)
    if story:
        further |= {"story_id": texto(story.get("id")), "story_url": texto(story.get("url"))}
    return item.event(
        "message",
        message_id=mid,
        reply_to=None if story else texto(reply_to.get("mid")),
        type=tipo,
        text=conteudo.texto or escrito,
        choice_id=choice_id,
        media=conteudo.media,
        referral=_referral(mensagem.get("referral")) or _referral(item.corpo.get("referral")),
        origin="api" if item.from_me and texto(mensagem.get("app_id")) else None,
        further=further,
    )


def _postback(item: Item, postback: Objeto) -> EventoDeCanal:
    return item.event(
        "postback",
        message_id=texto(postback.get("mid")),
        text=_words(postback.get("title")),
        choice_id=texto(postback.get("payload")),
        referral=_referral(postback.get("referral")) or _referral(item.corpo.get("referral")),
    )


def _reaction(item: Item, reaction: Objeto) -> EventoDeCanal:
    nome = lower(reaction.get("reaction")) or ""
    emoji = texto(reaction.get("emoji")) or _EMOJI.get(nome, nome)
    if lower(reaction.get("action")) == "unreact":
        emoji = ""
    return item.event("reaction", target_id=texto(reaction.get("mid")), reaction=emoji)


def _delivery(item: Item, delivery: Objeto) -> Iterator[EventoDeCanal]:
    mark = epoch_ms(delivery.get("watermark"))
    mids: list[str | None] = [*textos(delivery.get("mids"))]
    received = item.event("status", status="delivered", watermark_ms=mark)
    for mid in mids or [None]:
        yield replace(received, target_id=mid)


def _optin(item: Item, optin: Objeto) -> EventoDeCanal:
    user_ref = optin.get("user_ref") or objeto(item.corpo.get("sender")).get("user_ref")
    token = optin.get("notification_messages_token") or optin.get("one_time_notif_token")
    found = {
        "ref": texto(optin.get("ref")),
        "user_ref": texto(user_ref),
        "token": texto(token),
        "state": texto(optin.get("notification_messages_status")),
    }
    return item.event("optin", further={k: v for k, v in found.items() if v is not None})


def _handover(item: Item) -> Iterator[EventoDeCanal]:
    for nome in _HANDOVERS:
        if nome in item.corpo:
            found = objeto(item.corpo[nome])
            yield item.event(
                "handover",
                further={"event": nome, "new_owner": texto(found.get("new_owner_app_id"))},
            )


def _referral(valor: object) -> Mapping[str, Any] | None:
    found = objeto(valor)
    context = objeto(found.get("ads_context_data"))
    product = objeto(found.get("product")).get("id") or context.get("product_id")
    out = {
        "source": texto(found.get("source")),
        "ad_id": texto(found.get("ad_id")),
        "ref": texto(found.get("ref")),
        "product_id": texto(product),
    }
    return {k: v for k, v in out.items() if v is not None} or None


def _comment(value: Objeto, entry: Objeto, *, channel: str, field: str) -> Iterator[EventoDeCanal]:
    account, author = texto(entry.get("id")), objeto(value.get("from"))
    sender_id = texto(author.get("id"))
    own = sender_id is not None and sender_id == account
    if field == "feed" and (own or lower(value.get("item")) != "comment"):
        return
    message_id = texto(value.get("comment_id")) or texto(value.get("id"))
    if message_id is None and texto(value.get("media_id")) is None:
        return
    verb = lower(value.get("verb")) or "add"
    photo = texto(value.get("photo"))
    thread = value.get("post_id") or objeto(value.get("media")).get("id") or value.get("media_id")
    when = epoch_ms(value.get("created_time")) or epoch_ms(entry.get("time"))
    yield EventoDeCanal(
        channel=channel,
        kind="comment",
        account=account,
        chat_id=sender_id,
        sender_id=sender_id,
        sender_name=texto(author.get("name")) or texto(author.get("username")),
        from_me=own,
        message_id=message_id,
        reply_to=texto(value.get("parent_id")),
        timestamp_ms=when,
        text=_words(value.get("message")) or _words(value.get("text")),
        media=() if photo is None else (Midia(kind="image", url=photo),),
        status="deleted" if verb == "remove" else None,
        further={"thread_id": texto(thread), "event": verb},
        pessoa=() if sender_id is None else (sender_id,),
        # An edited comment keeps its id, and must not pass for the first one's repeat.
        chave=None if verb == "add" else f"{message_id}:{verb}:{texto(entry.get('time'))}",
    )


def _words(valor: object) -> str | None:
    """Return what a person wrote, as it was written."""
    return (clean(valor) or None) if isinstance(valor, str) else texto(valor)
