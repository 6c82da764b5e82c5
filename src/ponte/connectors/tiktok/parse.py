"""Parse: a webhook body as events. Its `content` is JSON inside a text, parsed a second time.

Ids are text and may hold `+`, `/` and `=`. An echo names the shop in `unique_identifier`,
so that the customer of an echo is only ever in `to_user`.
Source: https://developers.tiktok.com/doc/webhooks-events and
https://business-api.tiktok.com/portal/docs?id=1832184470423554
"""

from collections.abc import Callable, Iterator, Mapping

from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.domain.evento import EventoDeCanal, Midia, Tipo
from ponte.domain.leitura import Objeto, epoch_ms, inteiro, loads, lower, objeto, objetos, texto

CHANNEL = "tiktok"
PUBLISH = {
    "post.publish.failed": "failed",
    "post.publish.complete": "complete",
    "post.publish.inbox_delivered": "inbox",
    "post.publish.publicly_available": "public",
    # The spelling is TikTok's; the right one is read too, should they mend it.
    "post.publish.no_longer_publicaly_available": "removed",
    "post.publish.no_longer_publicly_available": "removed",
    "video.upload.failed": "failed",
    "video.publish.completed": "complete",
}
_ORIGEM = {"api": "api", "app": "app", "web": "app"}
_WITH_MEDIA: dict[str, Tipo] = {"image": "image", "video": "video"}


def parse(corpo: bytes, _settings: TiktokSettings) -> list[EventoDeCanal]:
    """Return every event of a body; nothing where it can't be read or tells of nothing known."""
    documento = _read(corpo)
    deliveries = objetos(documento) if isinstance(documento, list) else [objeto(documento)]
    return [evento for delivery in deliveries for evento in _events(delivery)]


def _read(corpo: bytes | str) -> object:
    try:
        return loads(corpo)
    except ValueError:
        return None


def _events(delivery: Objeto) -> Iterator[EventoDeCanal]:
    name = lower(delivery.get("event")) or ""
    raw = delivery.get("content")
    content = objeto(_read(raw) if isinstance(raw, str) else raw)
    if name == "authorization.removed":
        yield _removed(delivery, content)
    elif content and name in PUBLISH:
        yield _publish_status(delivery, content, status=PUBLISH[name])
    elif content:
        for start, read in _READERS:
            if name.startswith(start):
                yield from read(delivery, content)
                return


# ---------------------------------------------------------------- conversations


def _received(delivery: Objeto, content: Objeto) -> Iterator[EventoDeCanal]:
    yield _message(delivery, content, from_me=False)


def _sent(delivery: Objeto, content: Objeto) -> Iterator[EventoDeCanal]:
    yield _message(delivery, content, from_me=True)


def _automatic(delivery: Objeto, content: Objeto) -> Iterator[EventoDeCanal]:
    """Read what TikTok sent in the shop's name; what else it tells of that is no message."""
    if texto(content.get("message_id")) and texto(content.get("conversation_id")):
        yield _message(delivery, content, from_me=True)


def _message(delivery: Objeto, content: Objeto, *, from_me: bool) -> EventoDeCanal:
    account = _account(delivery)
    chat_id = texto(content.get("conversation_id"))
    customer = _customer(content, from_me=from_me)
    tipo, words, media, further = _body(content)
    tag = lower(objeto(content.get("message_tag")).get("source"))
    own = texto(objeto(content.get("from_user")).get("id")) or account
    return EventoDeCanal(
        channel=CHANNEL,
        kind="message",
        account=account,
        chat_id=chat_id or customer,
        sender_id=own if from_me else customer,
        sender_name=texto(content.get("from")),
        from_me=from_me,
        message_id=texto(content.get("message_id")),
        reply_to=texto(objeto(content.get("referenced_message_info")).get("referenced_message_id")),
        timestamp_ms=_instant(delivery, content),
        type=tipo,
        text=words,
        media=media,
        referral=_referral(_newest(content.get("referral"))),
        origin=_ORIGEM.get(tag or "") if from_me else None,
        further=further,
        pessoa=_known_as(chat_id, customer),
    )


def _body(content: Objeto) -> tuple[Tipo, str | None, tuple[Midia, ...], dict[str, str]]:
    """Return type, text, media and what only a shared post has."""
    kind = lower(content.get("type")) or lower(content.get("message_type")) or _by_shape(content)
    part = objeto(content.get(kind))
    words = _words(content.get("text"))
    if kind == "text" and words:
        return "text", words, (), {}
    if kind in _WITH_MEDIA:
        midia = Midia(kind=kind, id=texto(part.get("media_id")), url=texto(part.get("url")))
        return _WITH_MEDIA[kind], None, (midia,), {}
    if kind in ("sticker", "emoji"):
        return "sticker", None, (Midia(kind="sticker", url=texto(part.get("url"))),), {}
    if kind == "share_post":
        return _shared(part)
    return "unsupported", words, (), {}


def _words(text: object) -> str | None:
    return texto(objeto(text).get("body") if isinstance(text, Mapping) else text)


def _shared(part: Objeto) -> tuple[Tipo, None, tuple[Midia, ...], dict[str, str]]:
    url = texto(part.get("embed_url")) or texto(part.get("url"))
    post_id = texto(part.get("video_id")) or texto(part.get("item_id"))
    media = (Midia(kind="share", url=url, id=post_id),) if url or post_id else ()
    return "share", None, media, {"post_id": post_id} if post_id else {}


def _by_shape(content: Objeto) -> str:
    known = ("text", "image", "video", "sticker", "emoji", "share_post")
    return next((x for x in known if content.get(x)), "")


def _customer(content: Objeto, *, from_me: bool) -> str | None:
    if from_me:
        return texto(objeto(content.get("to_user")).get("id"))
    sender = texto(objeto(content.get("from_user")).get("id"))
    return sender or texto(content.get("unique_identifier"))


def _known_as(*addresses: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(x for x in addresses if x))


def _read_mark(delivery: Objeto, content: Objeto) -> Iterator[EventoDeCanal]:
    if lower(objeto(content.get("from_user")).get("role")) == "business_account":
        return  # the shop read what the customer wrote
    customer = _customer(content, from_me=False)
    chat_id = texto(content.get("conversation_id"))
    at = epoch_ms(objeto(content.get("read")).get("last_read_timestamp"))
    yield EventoDeCanal(
        channel=CHANNEL,
        kind="read",
        account=_account(delivery),
        chat_id=chat_id or customer,
        sender_id=customer,
        sender_name=texto(content.get("from")),
        timestamp_ms=_instant(delivery, content),
        watermark_ms=_instant(delivery, content) if at is None else at,
        pessoa=_known_as(chat_id, customer),
    )


def _referred(delivery: Objeto, content: Objeto) -> Iterator[EventoDeCanal]:
    """Its form is printed nowhere: the origin is looked for in `referral` and beside it."""
    customer = _customer(content, from_me=False)
    chat_id = texto(content.get("conversation_id"))
    yield EventoDeCanal(
        channel=CHANNEL,
        kind="referral",
        account=_account(delivery),
        chat_id=chat_id or customer,
        sender_id=customer,
        sender_name=texto(content.get("from")),
        timestamp_ms=_instant(delivery, content),
        referral=_referral(_newest(content.get("referral"))) or _referral(content) or {},
        pessoa=_known_as(chat_id, customer),
    )


def _referral(referral: Objeto) -> dict[str, str | None] | None:
    ad, link = _newest(referral.get("ad")), _newest(referral.get("short_link"))
    if ad:
        return {"source": "ad", "ad_id": texto(ad.get("ad_id")) or texto(ad.get("id"))}
    if link:
        return {"source": "short_link", "ref": texto(link.get("ref"))}
    return None


def _newest(valor: object) -> Objeto:
    """Return an object, or of a list the one with the latest time: lists hold all there were."""
    if not isinstance(valor, list):
        return objeto(valor)
    return max(objetos(valor), key=lambda x: epoch_ms(x.get("timestamp")) or 0, default={})


# ---------------------------------------------------------------- posts and the account


def _comment(delivery: Objeto, content: Objeto) -> Iterator[EventoDeCanal]:
    if lower(content.get("comment_action")) != "insert":
        return
    author = texto(content.get("unique_identifier"))
    parent = texto(content.get("parent_comment_id"))
    post_id = texto(content.get("video_id"))
    yield EventoDeCanal(
        channel=CHANNEL,
        kind="comment",
        account=_account(delivery),
        sender_id=author,
        message_id=texto(content.get("comment_id")),
        reply_to=None if parent == "0" else parent,
        timestamp_ms=_instant(delivery, content),
        text=texto(content.get("text")),
        further={"post_id": post_id} if post_id else {},
        pessoa=_known_as(author),
    )


def _publish_status(delivery: Objeto, content: Objeto, *, status: str) -> EventoDeCanal:
    publish_id = texto(content.get("publish_id")) or texto(content.get("share_id"))
    told = {name: texto(content.get(name)) for name in ("post_id", "reason", "publish_type")}
    return EventoDeCanal(
        channel=CHANNEL,
        kind="publish_status",
        account=_account(delivery),
        target_id=publish_id,
        timestamp_ms=epoch_ms(delivery.get("create_time")),
        status=status,
        further={"publish_id": publish_id, **{k: v for k, v in told.items() if v}},
    )


def _removed(delivery: Objeto, content: Objeto) -> EventoDeCanal:
    return EventoDeCanal(
        channel=CHANNEL,
        kind="authorization",
        account=_account(delivery),
        timestamp_ms=epoch_ms(delivery.get("create_time")),
        status="removed",
        further={"reason": inteiro(content.get("reason"))},
    )


def _account(delivery: Objeto) -> str | None:
    return texto(delivery.get("user_openid"))


def _instant(delivery: Objeto, content: Objeto) -> int | None:
    at = epoch_ms(content.get("timestamp"))
    return epoch_ms(delivery.get("create_time")) if at is None else at


_Reader = Callable[[Objeto, Objeto], Iterator[EventoDeCanal]]
_READERS: tuple[tuple[str, _Reader], ...] = (
    ("im_receive_msg", _received),  # and im_receive_msg_eu
    ("im_send_msg", _sent),
    ("im_mark_read_msg", _read_mark),
    ("im_referral_msg", _referred),
    ("im_auto_message", _automatic),
    ("comment.update", _comment),
)
