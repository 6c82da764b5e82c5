"""Webhook: what Chatwoot's deliveries are checked by.

Chatwoot waits five seconds, tries once and then shows the agent's message as failed: so
the answer is at once, and what became of the message is told later by a call.
"""

from collections.abc import Callable

import structlog

from ponte.connectors.chatwoot.settings import ChatwootSettings
from ponte.connectors.chatwoot.verify import is_signed, opens, verify
from ponte.ports import Pedido2xx, WebhookRequest

log = structlog.get_logger(__name__)


class ChatwootWebhook:
    """Verify one delivery; pure."""

    def __init__(self, settings: ChatwootSettings) -> None:
        self._settings = settings
        self._secrets = [x.get_secret_value() for x in settings.webhook_secrets]

    def verify(self, request: WebhookRequest, *, now_ms: int) -> bool:
        """Tell whether it comes from the Chatwoot of these settings.

        What is signed must be signed well. What is not signed, or signed by a secret that
        the operator is still looking for (`signature=log`), must name a secret in its address.
        """
        named = opens(request.evento, self._secrets)
        if not is_signed(request.headers):
            return named
        signed = verify(
            request.headers,
            request.body,
            self._secrets,
            now_ms=now_ms,
            max_skew_s=self._settings.max_skew_s,
        )
        if signed or self._settings.signature == "check" or not named:
            return signed
        log.warning("chatwoot signature does not match", conector="chatwoot")
        return True

    def reply(self, _request: WebhookRequest, *, aberta: Callable[[str], bool | None]) -> Pedido2xx:
        """Answer a plain 200; there is nothing that Chatwoot wants to know."""
        del aberta
        return Pedido2xx()
