"""TikTok: direct messages of a Business Account, and what its webhooks tell.

Sources: https://business-api.tiktok.com/portal/docs?id=1832184403754242 and
https://developers.tiktok.com/doc/webhooks-overview
"""

from ponte.connectors.tiktok.channel import TiktokChannel, probe
from ponte.connectors.tiktok.classify import classify
from ponte.connectors.tiktok.limites import LIMITES
from ponte.connectors.tiktok.parse import parse
from ponte.connectors.tiktok.renewal import TiktokRenewal
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.connectors.tiktok.videos import TiktokVideos
from ponte.connectors.tiktok.webhook import TiktokWebhook
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="tiktok",
    title="TikTok",
    settings=TiktokSettings,
    source_url="https://business-api.tiktok.com/portal/docs",
    quality="gold",
    is_on=lambda settings: bool(settings.is_on),
    messages_on=lambda settings: bool(settings.can_send),
    webhook=TiktokWebhook,
    channel=TiktokChannel,
    parse=parse,
    classify=classify,
    limites=LIMITES,
    canal="tiktok",
    renewal=TiktokRenewal,
    videos=TiktokVideos,
    probe=probe,
)
