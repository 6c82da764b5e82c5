"""Instagram: messages with people who write to the account.

Source: https://developers.facebook.com/docs/messenger-platform/instagram
"""

from ponte.connectors.instagram.channel import InstagramChannel, probe
from ponte.connectors.instagram.classify import classify
from ponte.connectors.instagram.limites import LIMITES
from ponte.connectors.instagram.parse import parse
from ponte.connectors.instagram.settings import InstagramSettings
from ponte.connectors.instagram.webhook import InstagramWebhook
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="instagram",
    title="Instagram",
    settings=InstagramSettings,
    source_url="https://developers.facebook.com/docs/messenger-platform/instagram",
    quality="gold",
    is_on=lambda settings: bool(settings.is_on),
    webhook=InstagramWebhook,
    channel=InstagramChannel,
    parse=parse,
    classify=classify,
    limites=LIMITES,
    canal="instagram",
    probe=probe,
)
