"""Webhook: what Meta's deliveries to WhatsApp are checked by and answered with."""

from collections.abc import Callable

from ponte.connectors.meta.verify import challenge, verify
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.ports import Pedido2xx, WebhookRequest


class WhatsAppCloudWebhook:
    """Verify and answer one delivery, and the proof that a subscription asks for; pure."""

    def __init__(self, settings: WhatsAppCloudSettings) -> None:
        self._secrets = [secret.get_secret_value() for secret in settings.app_secret]
        word = settings.verify_token
        self._verify_token = word.get_secret_value() if word else None

    def verify(self, request: WebhookRequest, *, now_ms: int) -> bool:  # noqa: ARG002 - no time is signed
        return verify(request.headers, request.body, self._secrets)

    def reply(self, request: WebhookRequest, *, aberta: Callable[[str], bool | None]) -> Pedido2xx:  # noqa: ARG002 - the same for every body
        return Pedido2xx()

    def challenge(self, request: WebhookRequest, *, now_ms: int) -> str | None:  # noqa: ARG002 - no time is asked
        return challenge(request.query, self._verify_token)
