"""Sink: one alerta becomes one message in the channel of the webhook."""

from ponte.connectors.slack.build import build
from ponte.connectors.slack.classify import classify, classify_blocks, refuses_blocks
from ponte.connectors.slack.settings import SlackSettings
from ponte.domain.alerta import Alerta
from ponte.ports import Deps
from ponte.resilience.limiter import TokenBucketRateLimiter

RATE, BURST = 1.0, 3  # documented: 1 a second a webhook, short bursts; the burst is chosen


class SlackSink:
    """Deliver alertas to one webhook."""

    def __init__(self, settings: SlackSettings, deps: Deps) -> None:
        self._url = settings.webhook_url.get_secret_value() if settings.webhook_url else ""
        self._http = deps.http("slack")
        self._http.limit_to(TokenBucketRateLimiter(RATE, BURST))

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        """Send one message; where its blocks are refused, its text alone.

        Raises:
            OutsideError: It was not taken.
        """
        answer = await self._http.send(build(alerta, self._url, fim=fim), classify_blocks)
        if refuses_blocks(answer):
            await self._http.send(build(alerta, self._url, fim=fim, blocks=False), classify)
