"""Webhook: how deliveries of Instagram are verified, answered and subscribed to."""

from ponte.connectors.meta.envio import MetaWebhook


class InstagramWebhook(MetaWebhook):
    """Verify and answer one delivery; pure."""
