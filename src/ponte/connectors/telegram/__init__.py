"""Telegram: delivers alertas to one chat, and mensagens to and from any, through a bot.

Source: https://core.telegram.org/bots/api
"""

from ponte.connectors.telegram.channel import TelegramChannel
from ponte.connectors.telegram.classify import classify
from ponte.connectors.telegram.limites import LIMITES
from ponte.connectors.telegram.parse import parse
from ponte.connectors.telegram.recepcao import TelegramReception, probe
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.connectors.telegram.sink import TelegramSink
from ponte.connectors.telegram.webhook import TelegramWebhook
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="telegram",
    title="Telegram",
    settings=TelegramSettings,
    source_url="https://core.telegram.org/bots/api",
    quality="gold",
    is_on=lambda settings: bool(settings.bot_token),
    alerts_on=lambda settings: bool(settings.chat_id),
    alerts=TelegramSink,
    channel=TelegramChannel,
    webhook=TelegramWebhook,
    parse=parse,
    classify=classify,
    limites=LIMITES,
    canal="telegram",
    reception=TelegramReception,
    alert_tries=3,  # a chat reads a notice within minutes or not at all
    probe=probe,
)
