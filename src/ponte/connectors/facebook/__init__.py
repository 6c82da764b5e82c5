"""Facebook Messenger: messages with people who write to the page.

Source: https://developers.facebook.com/docs/messenger-platform
"""

from ponte.connectors.facebook.channel import FacebookChannel, probe
from ponte.connectors.facebook.classify import classify
from ponte.connectors.facebook.limites import LIMITES
from ponte.connectors.facebook.parse import parse
from ponte.connectors.facebook.settings import FacebookSettings
from ponte.connectors.facebook.webhook import FacebookWebhook
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="facebook",
    title="Facebook Messenger",
    settings=FacebookSettings,
    source_url="https://developers.facebook.com/docs/messenger-platform",
    quality="gold",
    is_on=lambda settings: bool(settings.is_on),
    webhook=FacebookWebhook,
    channel=FacebookChannel,
    parse=parse,
    classify=classify,
    limites=LIMITES,
    canal="facebook",
    probe=probe,
)
