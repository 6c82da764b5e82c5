"""Webhook: what X's deliveries are checked by, and the proof that keeps them coming.

X asks for it on registration and each hour; a wrong one ends the webhook at once.
"""

from collections.abc import Callable

from ponte.connectors.x.settings import XSettings
from ponte.connectors.x.verify import sign, verify
from ponte.ports import Pedido2xx, WebhookRequest

_MAX_TOKEN = 1_024  # chosen: the real ones have about 50 characters


class XWebhook:
    """Verify and answer one delivery; pure."""

    def __init__(self, settings: XSettings) -> None:
        self._secrets = settings.secrets

    def verify(self, request: WebhookRequest, *, now_ms: int) -> bool:
        del now_ms  # no time is signed
        return verify(request.headers, request.body, self._secrets)

    def reply(self, _request: WebhookRequest, *, aberta: Callable[[str], bool | None]) -> Pedido2xx:
        del aberta  # X asks of no shop
        return Pedido2xx()

    def challenge(self, request: WebhookRequest, *, now_ms: int) -> dict[str, str] | None:
        """Return the proof, by the newest secret; None when nothing was asked."""
        del now_ms
        token = request.query.get("crc_token", "")
        if not token or len(token) > _MAX_TOKEN or not self._secrets:
            return None
        return {"response_token": sign(token.encode(), self._secrets[0])}
