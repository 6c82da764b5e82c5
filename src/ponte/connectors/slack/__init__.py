"""Slack: delivers alertas to one channel through an incoming webhook.

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from ponte.connectors.slack.classify import classify
from ponte.connectors.slack.settings import SlackSettings
from ponte.connectors.slack.sink import SlackSink
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="slack",
    title="Slack",
    settings=SlackSettings,
    source_url="https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    is_on=lambda settings: bool(settings.webhook_url),
    alerts=SlackSink,
    classify=classify,
)
