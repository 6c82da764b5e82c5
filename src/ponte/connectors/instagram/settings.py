"""Settings of Instagram, read from PONTE_INSTAGRAM__*."""

from ponte.connectors.meta.envio import MessagingSettings


class InstagramSettings(MessagingSettings):
    """The connector is off while it has neither a secret nor a token."""
