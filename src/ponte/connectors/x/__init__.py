"""X: what people write to the shop's account, by either of its two webhook products.

It reads and does not write yet: a token for direct messages lives two hours, and is
renewed by one that goes only once.
Source: https://docs.x.com/x-api/webhooks/introduction
"""

from ponte.connectors.x.classify import classify
from ponte.connectors.x.parse import parse
from ponte.connectors.x.settings import XSettings
from ponte.connectors.x.webhook import XWebhook
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="x",
    title="X",
    settings=XSettings,
    source_url="https://docs.x.com/x-api/webhooks/introduction",
    quality="bronze",
    is_on=lambda settings: bool(settings.consumer_secret),
    webhook=XWebhook,
    parse=parse,
    classify=classify,
)
