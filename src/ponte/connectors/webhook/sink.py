"""Sink: one alerta becomes one post."""

from ponte.connectors.webhook.build import build
from ponte.connectors.webhook.classify import classify
from ponte.connectors.webhook.settings import WebhookSettings
from ponte.domain.alerta import Alerta
from ponte.ports import Deps


class WebhookSink:
    """Post alertas to one URL."""

    def __init__(self, settings: WebhookSettings, deps: Deps) -> None:
        self._url = settings.url.get_secret_value() if settings.url else ""
        self._secret = settings.secret.get_secret_value() if settings.secret else ""
        self._http = deps.http("webhook")
        self._now_ms = deps.now_ms

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        """Post one notice.

        Raises:
            OutsideError: It was not taken.
        """
        request = build(alerta, self._url, secret=self._secret, now_ms=self._now_ms(), fim=fim)
        await self._http.send(request, classify)
