"""Webhook: how deliveries of Facebook Messenger are verified, answered and subscribed to."""

from ponte.connectors.meta.envio import MetaWebhook


class FacebookWebhook(MetaWebhook):
    """Verify and answer one delivery; pure."""
