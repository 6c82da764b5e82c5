"""Webhook: posts alertas as signed JSON to any system that can receive it.

Source: https://www.standardwebhooks.com
"""

from ponte.connectors.webhook.settings import WebhookSettings
from ponte.connectors.webhook.sink import WebhookSink
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="webhook",
    title="Webhook",
    settings=WebhookSettings,
    source_url="https://www.standardwebhooks.com",
    is_on=lambda settings: bool(settings.url),
    alerts=WebhookSink,
)
