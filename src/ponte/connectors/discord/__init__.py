"""Discord: delivers alertas to one channel through a webhook.

Source: https://discord.com/developers/docs/resources/webhook
"""

from ponte.connectors.discord.classify import classify
from ponte.connectors.discord.settings import DiscordSettings
from ponte.connectors.discord.sink import DiscordSink, probe
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="discord",
    title="Discord",
    settings=DiscordSettings,
    source_url="https://discord.com/developers/docs/resources/webhook",
    is_on=lambda settings: bool(settings.webhook_url),
    alerts=DiscordSink,
    classify=classify,
    probe=probe,
)
