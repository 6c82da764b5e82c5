"""Chatwoot: the help desk where the shop's people read and answer every channel.

Its API channel inbox tells what an agent writes, and what of it goes to the customer.
Source: https://developers.chatwoot.com and https://github.com/chatwoot/chatwoot
"""

from ponte.connectors.chatwoot.classify import classify
from ponte.connectors.chatwoot.helpdesk import helpdesk, probe
from ponte.connectors.chatwoot.parse import parse
from ponte.connectors.chatwoot.settings import ChatwootSettings
from ponte.connectors.chatwoot.webhook import ChatwootWebhook
from ponte.ports import Connector

__all__ = ["connector"]


connector = Connector(
    name="chatwoot",
    title="Chatwoot",
    settings=ChatwootSettings,
    source_url="https://developers.chatwoot.com",
    quality="gold",
    is_on=lambda settings: bool(settings.is_on),
    webhook=ChatwootWebhook,
    parse=parse,
    classify=classify,
    probe=probe,
    helpdesk=helpdesk,
)
