"""Chatwoot: the help desk where the shop's people read and answer every channel.

Its API channel inbox tells what an agent writes, and what of it goes to the customer.
Source: https://developers.chatwoot.com and https://github.com/chatwoot/chatwoot
"""

from ponte.connectors.chatwoot.build import get_inbox
from ponte.connectors.chatwoot.classify import classify
from ponte.connectors.chatwoot.parse import parse
from ponte.connectors.chatwoot.settings import ChatwootSettings
from ponte.connectors.chatwoot.webhook import ChatwootWebhook
from ponte.ports import Connector, Deps

__all__ = ["connector"]


async def _probe(settings: ChatwootSettings, deps: Deps) -> None:
    """Prove token, account and inbox by a call that changes nothing."""
    if settings.can_call:
        await deps.http("chatwoot").send(get_inbox(settings), classify)


connector = Connector(
    name="chatwoot",
    title="Chatwoot",
    settings=ChatwootSettings,
    source_url="https://developers.chatwoot.com",
    quality="bronze",
    is_on=lambda settings: bool(settings.is_on),
    webhook=ChatwootWebhook,
    parse=parse,
    classify=classify,
    probe=_probe,
)
