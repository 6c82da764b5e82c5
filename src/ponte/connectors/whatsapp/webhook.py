"""Webhook: what Evolution's deliveries are checked by and answered with.

Evolution tries ten times unless it is answered 400, 401, 403, 404 or 422, and keeps its
tries in memory alone, so every delivery that can be stored is answered 2xx at once. With
`byEvents` the last part of the path is an event's name (`messages-upsert`), which is no
secret and is simply not equal to one.
"""

from collections.abc import Callable

from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.connectors.whatsapp.verify import HEADER, verify, verify_jwt
from ponte.ports import Pedido2xx, WebhookRequest


class WhatsAppWebhook:
    """Verify and answer one delivery; pure."""

    def __init__(self, settings: WhatsAppSettings) -> None:
        self._secrets = [x.get_secret_value() for x in settings.webhook_secrets]
        self._keys = [x.get_secret_value() for x in settings.jwt_key]

    def verify(self, request: WebhookRequest, *, now_ms: int) -> bool:
        authorization = request.headers.get(HEADER, "")
        path_secret = request.evento.partition("/")[0]
        by_secret = verify(authorization, path_secret, secrets=self._secrets)
        return verify_jwt(authorization, self._keys, now_ms=now_ms) or by_secret

    def reply(self, request: WebhookRequest, *, aberta: Callable[[str], bool | None]) -> Pedido2xx:  # noqa: ARG002 - the door's shape
        return Pedido2xx()
