"""Sink: one alerta becomes one embed in the channel of the webhook."""

from ponte.connectors.discord.build import build
from ponte.connectors.discord.classify import classify
from ponte.connectors.discord.settings import DiscordSettings
from ponte.domain.alerta import Alerta
from ponte.ports import Deps
from ponte.resilience.exchange import Request
from ponte.resilience.limiter import SlidingWindowRateLimiter

# Observed: 30 a minute a webhook; the finer bucket is in the answers and obeyed there.
MESSAGES, WINDOW_S = 30, 60.0


class DiscordSink:
    """Deliver alertas to one webhook."""

    def __init__(self, settings: DiscordSettings, deps: Deps) -> None:
        self._url = settings.webhook_url.get_secret_value() if settings.webhook_url else ""
        self._http = deps.http("discord")
        self._http.limit_to(SlidingWindowRateLimiter(MESSAGES, WINDOW_S))

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        """Send one message.

        Raises:
            OutsideError: It was not taken.
        """
        await self._http.send(build(alerta, self._url, fim=fim), classify)


async def probe(settings: DiscordSettings, deps: Deps) -> None:
    """Read the webhook itself; raises `OutsideError` when it is not there."""
    url = settings.webhook_url.get_secret_value() if settings.webhook_url else ""
    await deps.http("discord").send(Request("GET", url, operation="get_webhook"), classify)
