"""Evento: one thing that a platform tells, in words that are the same for all of them.

A connector translates each body into these; the reception decides what each means for
a conversation. The names are those of the normalised view that `ponte canais parse`
prints. The one rule: an id is text and is never rewritten, however odd it looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

Kind = Literal[
    "message", "status", "reaction", "edit", "delete", "read", "typing", "presence", "postback",
    "referral", "optin", "handover", "comment", "call", "connection", "qr", "contact", "group",
    "conversation", "subscription", "authorization", "publish_status", "system",
]  # fmt: skip
Tipo = Literal[
    "text", "image", "video", "audio", "document", "sticker", "location", "contact",
    "interactive", "order", "poll", "poll_vote", "share", "story_mention", "unsupported",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Midia:
    """One attachment. `url` is None where the bytes need another call, by `id`."""

    kind: str
    url: str | None = None
    id: str | None = None
    mime: str | None = None
    filename: str | None = None
    voice: bool = False
    inline_base64: str | None = field(default=None, repr=False)

    def view(self) -> dict[str, Any]:
        """Return it as an object of the normalised view, which tells of inline bytes alone."""
        shown = {f.name: getattr(self, f.name) for f in fields(self)}
        return shown | {"inline_base64": self.inline_base64 is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventoDeCanal:
    """One event of a platform; None where it says nothing of that.

    Args:
        channel: Where people write: whatsapp, messenger, … as the view spells it.
        account: The shop's side there: an instance, a page, a bot.
        chat_id: The conversation: the customer, or the group.
        target_id: The message that a status, a reaction, an edit, a delete or a read is about.
        further: What only some kinds have (location, contacts, order, state, reason, …).
        pessoa: Every address under which the customer is known, as the platform tells them,
            `chat_id` included; not part of the view.
        chave: What makes two deliveries of a message the same, where `message_id` alone does
            not; not part of the view.
    """

    channel: str
    kind: Kind
    account: str | None = None
    backend: str | None = None
    chat_id: str | None = None
    sender_id: str | None = None
    sender_name: str | None = None
    sender_phone: str | None = None
    from_me: bool = False
    is_group: bool = False
    message_id: str | None = None
    target_id: str | None = None
    reply_to: str | None = None
    timestamp_ms: int | None = None
    type: Tipo | None = None
    text: str | None = None
    choice_id: str | None = None
    media: tuple[Midia, ...] = ()
    status: str | None = None
    reaction: str | None = None
    referral: Mapping[str, Any] | None = None
    watermark_ms: int | None = None
    standby: bool = False
    origin: str | None = None
    further: Mapping[str, Any] = field(default_factory=dict)
    pessoa: tuple[str, ...] = ()
    chave: str | None = None

    def view(self) -> dict[str, Any]:
        """Return the normalised view: every common key, and what `further` adds."""
        hidden = {"further", "pessoa", "chave", "media", "backend"}
        out: dict[str, Any] = {
            f.name: getattr(self, f.name) for f in fields(self) if f.name not in hidden
        }
        if self.backend is not None:
            out["backend"] = self.backend
        out["media"] = [midia.view() for midia in self.media]
        out["referral"] = None if self.referral is None else dict(self.referral)
        return {**out, **self.further}

    @property
    def identity(self) -> tuple[str, ...]:
        """What two deliveries of the same event share.

        Source: messages by (channel, account, message), receipts by their target and status
        as well; where neither has an id, the whole view.
        """
        own = self.chave or self.message_id
        head = (self.channel, self.account or "", self.kind)
        if own is not None:
            return (*head, own, self.status or "")
        if self.target_id is not None and self.kind == "status":  # in a group, of each member
            member = str(self.further.get("participant_id") or "")
            return (*head, self.target_id, self.status or "", member)
        if self.target_id is not None:
            return (*head, self.target_id, self.status or "", repr(self.view()))
        return (*head, repr(self.view()))
