"""WhatsApp Cloud: what customers and the shop write to each other by its number at Meta.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp
"""

from ponte.connectors.whatsapp_cloud.channel import WhatsAppCloudChannel, probe
from ponte.connectors.whatsapp_cloud.classify import classify
from ponte.connectors.whatsapp_cloud.limites import LIMITES
from ponte.connectors.whatsapp_cloud.parse import parse
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.connectors.whatsapp_cloud.webhook import WhatsAppCloudWebhook
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="whatsapp_cloud",
    title="WhatsApp Cloud API",
    settings=WhatsAppCloudSettings,
    source_url="https://developers.facebook.com/documentation/business-messaging/whatsapp",
    quality="gold",
    is_on=lambda settings: bool(settings.is_on),
    webhook=WhatsAppCloudWebhook,
    channel=WhatsAppCloudChannel,
    parse=parse,
    classify=classify,
    limites=LIMITES,
    canal="whatsapp",
    probe=probe,
)
