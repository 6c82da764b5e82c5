"""Adapters: a platform as a bot of your own sees it, over a hub of `ponte.integrations`.

What a webhook brought becomes the words of customers, and an answer goes back by the hub.
The one rule: what the shop wrote itself, and what was written in a group, is given to no
bot, so that it answers neither itself nor everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ponte.domain.evento import EventoDeCanal

_SAID = frozenset({"message", "postback"})
Payload = bytes | str | dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recebida:
    """What a customer wrote or chose.

    `recipient_id` is where the answer goes; `text` is empty where there are no words, and
    `type` then says what it is (image, audio, …); `choice_id` names the option chosen.
    """

    message_id: str | None
    recipient_id: str
    text: str
    type: str | None = None
    choice_id: str | None = None
    sender_name: str | None = None
    timestamp_ms: int | None = None


class Reader(Protocol):
    """A hub that reads what its platform posts."""

    def parse(self, body: Payload) -> Sequence[EventoDeCanal]:
        """Return what a webhook's body tells; never raises."""


class Telephones(Reader, Protocol):
    """A hub with several telephones."""

    async def send_message(
        self, *, to: str, message: str, instance_name: str | None = None
    ) -> str | None:
        """Send text; return the platform's id of it."""


class Account(Reader, Protocol):
    """A hub with one account."""

    async def send_message(self, *, recipient_id: str, text: str) -> str | None:
        """Send text; return the platform's id of it."""


class WhatsAppHubAdapter:
    """WhatsApp, by one telephone of a `WhatsAppHub`; what others of it receive is left out."""

    def __init__(self, hub: Telephones, instance_name: str) -> None:
        self._hub = hub
        self._instance_name = instance_name

    def parse_incoming(self, payload: Payload) -> list[Recebida]:
        """Return what customers wrote, oldest first; nothing where the body tells no such thing."""
        return _said(self._hub.parse(payload), conta=self._instance_name)

    async def send_response(self, response: str, recipient_id: str) -> str | None:
        """Send an answer; return the platform's id of it. Raises as the hub's `send_message`."""
        return await self._hub.send_message(
            to=recipient_id, message=response, instance_name=self._instance_name
        )


class InstagramHubAdapter:
    """Instagram, by an `InstagramHub`."""

    def __init__(self, hub: Account) -> None:
        self._hub = hub

    def parse_incoming(self, payload: Payload) -> list[Recebida]:
        """Return what customers wrote, oldest first; nothing where the body tells no such thing."""
        return _said(self._hub.parse(payload))

    async def send_response(self, response: str, recipient_id: str) -> str | None:
        """Send an answer; return the platform's id of it. Raises as the hub's `send_message`."""
        return await self._hub.send_message(recipient_id=recipient_id, text=response)


class TikTokHubAdapter(InstagramHubAdapter):
    """TikTok's direct messages, by a `TikTokHub`; `recipient_id` is the conversation."""


def _said(eventos: Sequence[EventoDeCanal], *, conta: str | None = None) -> list[Recebida]:
    return [
        Recebida(
            message_id=evento.message_id,
            recipient_id=recipient_id,
            text=evento.text or "",
            type=evento.type,
            choice_id=evento.choice_id,
            sender_name=evento.sender_name,
            timestamp_ms=evento.timestamp_ms,
        )
        for evento in eventos
        if _of_customer(evento)
        and (conta is None or evento.account in {None, conta})
        and (recipient_id := evento.chat_id or evento.sender_id)
    ]


def _of_customer(evento: EventoDeCanal) -> bool:
    return evento.kind in _SAID and not (evento.from_me or evento.is_group or evento.standby)
