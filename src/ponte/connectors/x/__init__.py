"""X: direct messages both ways, and the posts that name the shop's account.

Source: https://docs.x.com/x-api/direct-messages/manage/introduction and
https://docs.x.com/x-api/webhooks/introduction
"""

from ponte.connectors.x.channel import XChannel, probe
from ponte.connectors.x.classify import classify
from ponte.connectors.x.limites import LIMITES
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
    quality="gold",
    is_on=lambda settings: bool(settings.is_on),
    webhook=XWebhook,
    channel=XChannel,
    parse=parse,
    classify=classify,
    limites=LIMITES,
    canal="x",
    probe=probe,
)
