"""Conteudo: what stands in a direct message, a post, a read mark.

Ids are taken as text where X gives them so (`id_str`): its numbers are rounded by others
on the way. A short link is written out, and the one that only stands for a picture is
left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ponte.domain.evento import EventoDeCanal, Midia, Tipo
from ponte.domain.leitura import Objeto, epoch_ms, lower, objeto, objetos, texto

_KINDS: dict[str, Tipo] = {"photo": "image", "video": "video", "animated_gif": "video"}
_MAX_LINKS = 500  # chosen: a message of 10,000 characters has room for 435 of X's short links
_MAX_LINK = 4_096  # chosen: a longer address stays short


def messages(
    dms: Sequence[Objeto], account: str | None, *, users: Mapping[str, Objeto]
) -> Iterator[EventoDeCanal]:
    """Yield the direct messages, and nothing of what else is told of a conversation."""
    for dm in dms:
        created, sender = objeto(dm.get("message_create")), author(dm)
        if not created:
            continue
        target = texto(objeto(created.get("target")).get("recipient_id"))
        from_me = account is not None and sender == account
        chat_id = target if from_me else sender
        tipo, text, choice, media = _said(objeto(created.get("message_data")))
        yield EventoDeCanal(
            channel="x",
            kind="message",
            account=account or target,
            chat_id=chat_id,
            sender_id=sender,
            sender_name=_name(users.get(sender or "")),
            from_me=from_me,
            message_id=texto(dm.get("id")),
            timestamp_ms=when(dm.get("created_timestamp")),
            type=tipo,
            text=text,
            choice_id=choice,
            media=media,
            pessoa=(chat_id,) if chat_id else (),
        )


def author(dm: Objeto) -> str | None:
    """Return who wrote a direct message."""
    return texto(objeto(dm.get("message_create")).get("sender_id"))


def encrypted(payload: Objeto, account: str | None, *, sent: bool) -> Iterator[EventoDeCanal]:
    """Yield a message whose words only the telephones can read."""
    message_id, sender = texto(payload.get("id")), texto(payload.get("sender_id"))
    if message_id is None:
        return
    sides = (texto(payload.get("conversation_id")) or "").replace("-", ":").split(":")
    others = [side for side in sides if side and side != account]
    from_me = sender == account if account and sender else sent
    chat_id = others[0] if others else (None if from_me else sender)
    yield EventoDeCanal(
        channel="x",
        kind="message",
        account=account,
        chat_id=chat_id,
        sender_id=sender,
        from_me=from_me,
        message_id=message_id,
        timestamp_ms=epoch_ms(payload.get("created_at_msec")),
        type="unsupported",
        pessoa=(chat_id,) if chat_id else (),
    )


def reads(marks: Sequence[Objeto], account: str | None) -> Iterator[EventoDeCanal]:
    """Yield what a customer has read; what the account itself read is no news."""
    for mark in marks:
        reader = texto(mark.get("sender_id"))
        target = texto(mark.get("last_read_event_id"))
        if reader is None or reader == account or target is None:
            continue
        yield EventoDeCanal(
            channel="x",
            kind="read",
            account=account or texto(objeto(mark.get("target")).get("recipient_id")),
            chat_id=reader,
            sender_id=reader,
            target_id=target,
            timestamp_ms=epoch_ms(mark.get("created_timestamp")),
            pessoa=(reader,),
        )


def typings(signs: Sequence[Objeto], account: str | None) -> Iterator[EventoDeCanal]:
    """Yield who is writing to the account."""
    for sign in signs:
        writer = texto(sign.get("sender_id"))
        if writer is None or writer == account:
            continue
        yield EventoDeCanal(
            channel="x",
            kind="typing",
            account=account or texto(objeto(sign.get("target")).get("recipient_id")),
            chat_id=writer,
            sender_id=writer,
            timestamp_ms=epoch_ms(sign.get("created_timestamp")),
            pessoa=(writer,),
        )


def comments(
    posts: Sequence[Objeto], account: str | None, *, users: Mapping[str, Objeto] | None = None
) -> Iterator[EventoDeCanal]:
    """Yield the posts of others, in which they name the account, answer it or quote it."""
    for post in posts:
        user = objeto(post.get("user"))
        sender = (texto(post.get("author_id")) or texto(user.get("id_str"))
                  or texto(user.get("id")))  # fmt: skip
        post_id = texto(post.get("id_str")) or texto(post.get("id"))
        if sender is None or post_id is None or sender == account:
            continue
        known = (users or {}).get(sender) or user
        yield EventoDeCanal(
            channel="x",
            kind="comment",
            account=account,
            sender_id=sender,
            sender_name=_name(known),
            message_id=post_id,
            timestamp_ms=when(post.get("created_at")),
            text=_full_text(post),
            reply_to=_answered(post),
        )


def _said(data: Objeto) -> tuple[Tipo, str | None, str | None, tuple[Midia, ...]]:
    """Return a message's type, words, choice and attachment."""
    attachment = objeto(data.get("attachment"))
    medium = objeto(attachment.get("media"))
    text = _text(data, stands_for=texto(medium.get("url")))
    kind = _KINDS.get(lower(medium.get("type")) or "")
    media = () if kind is None else (_medium(kind, medium),)
    answer = objeto(data.get("quick_reply_response"))
    if answer:
        return "interactive", text, texto(answer.get("metadata")), media
    if not attachment:
        return ("text" if text is not None else "unsupported"), text, None, ()
    return kind or "unsupported", text, None, media


def _medium(kind: Tipo, medium: Objeto) -> Midia:
    return Midia(
        kind=kind,
        url=texto(medium.get("media_url_https")),
        id=texto(medium.get("id_str")) or texto(medium.get("id")),
    )


def _text(data: Objeto, *, stands_for: str | None) -> str | None:
    text = texto(data.get("text"))
    if text is None:
        return None
    whole = {
        texto(link.get("url")) or "": texto(link.get("expanded_url")) or ""
        for link in objetos(objeto(data.get("entities")).get("urls"))[:_MAX_LINKS]
    }
    whole = {short: long for short, long in whole.items() if 0 < len(long) <= _MAX_LINK}
    whole |= {stands_for or "": ""}
    # What all begin with lets the search skip what is no link.
    whole = {short: long for short, long in whole.items() if short.startswith("http")}
    if not whole:
        return text
    # In one pass, the longest first: what a link becomes is no text to look for others in.
    links = re.compile("|".join(map(re.escape, sorted(whole, key=len, reverse=True))))
    written = links.sub(lambda found: whole[found[0]], text, count=_MAX_LINKS)
    return written.strip() or None


def _full_text(post: Objeto) -> str | None:
    extended = objeto(post.get("extended_tweet"))
    return (
        texto(extended.get("full_text")) or texto(post.get("full_text")) or texto(post.get("text"))
    )


def _answered(post: Objeto) -> str | None:
    """Return the post that one answers, or else the one that it quotes."""
    found = {lower(x.get("type")): texto(x.get("id"))
             for x in objetos(post.get("referenced_tweets"))}  # fmt: skip
    return (
        texto(post.get("in_reply_to_status_id_str")) or found.get("replied_to")
        or texto(post.get("quoted_status_id_str")) or found.get("quoted")
    )  # fmt: skip


def when(valor: object) -> int | None:
    """Return an epoch, an instant of v2 (ISO 8601) or one of the older posts, in milliseconds."""
    number = epoch_ms(valor)
    if number is not None:
        return number
    try:
        old = datetime.strptime(texto(valor) or "", "%a %b %d %H:%M:%S %z %Y")
    except ValueError:
        return None
    return int(old.astimezone(UTC).timestamp() * 1000)


def _name(user: Objeto | None) -> str | None:
    known = objeto(user)
    return next(filter(None, map(texto, map(known.get, ("name", "username", "screen_name")))), None)
