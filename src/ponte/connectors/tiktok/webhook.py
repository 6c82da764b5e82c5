"""Webhook: what TikTok's deliveries are checked by and answered with.

Only 200 counts as taken. The developer portal may ask by GET for a challenge, which is
answered as it came; it is no secret and proves nothing but that somebody listens.
"""

import re
from collections.abc import Callable
from typing import Any

from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.connectors.tiktok.verify import verify
from ponte.ports import Pedido2xx, WebhookRequest

_CHALLENGE = re.compile(r"[A-Za-z0-9._~+/=-]{1,256}\Z")  # chosen: tokens, and no markup


class TiktokWebhook:
    """Verify and answer one delivery; pure."""

    def __init__(self, settings: TiktokSettings) -> None:
        self._secrets = settings.secrets
        self._max_skew_s = settings.max_skew_s

    def verify(self, request: WebhookRequest, *, now_ms: int) -> bool:
        return verify(
            request.headers,
            request.body,
            self._secrets,
            now_ms=now_ms,
            max_skew_s=self._max_skew_s,
        )

    def reply(self, _request: WebhookRequest, *, aberta: Callable[[str], bool | None]) -> Pedido2xx:
        del aberta  # TikTok asks of no shop
        return Pedido2xx()

    def challenge(self, request: WebhookRequest, *, now_ms: int) -> str | dict[str, Any] | None:
        del now_ms
        asked = request.query.get("challenge", "")
        return asked if _CHALLENGE.match(asked) else None
