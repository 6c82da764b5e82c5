"""WhatsApp Cloud: what customers write to the shop's number at Meta, and its receipts.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp
"""

from ponte.connectors.whatsapp_cloud.classify import classify
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
    is_on=lambda settings: bool(settings.is_on),
    webhook=WhatsAppCloudWebhook,
    parse=parse,
    classify=classify,
    canal="whatsapp",
)
