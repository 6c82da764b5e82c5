"""Webhook: whether Telegram sent it, told by the secret that was set with the address.

Telegram signs nothing. It sends the secret in a header; where no header comes, the last
part of the path may be the secret instead.
Source: https://core.telegram.org/bots/api#setwebhook.
"""

import hmac
from collections.abc import Callable

from ponte.connectors.telegram.settings import TelegramSettings
from ponte.ports import Pedido2xx, WebhookRequest

HEADER = "x-telegram-bot-api-secret-token"


class TelegramWebhook:
    """Verify and answer one delivery; pure."""

    def __init__(self, settings: TelegramSettings) -> None:
        self._secrets = [x.get_secret_value().encode() for x in settings.webhook_secrets]

    def verify(self, request: WebhookRequest, *, now_ms: int) -> bool:  # noqa: ARG002
        given = request.headers.get(HEADER, request.evento).encode("utf-8", "replace")
        found = False
        for secret in self._secrets:  # every secret is tried, so that time tells nothing
            if secret:
                found |= hmac.compare_digest(secret, given)
        return found

    def reply(
        self,
        request: WebhookRequest,  # noqa: ARG002
        *,
        aberta: Callable[[str], bool | None],  # noqa: ARG002
    ) -> Pedido2xx:
        return Pedido2xx()
