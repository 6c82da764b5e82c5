"""Settings of Facebook Messenger, read from PONTE_FACEBOOK__*."""

from ponte.connectors.meta.envio import MessagingSettings


class FacebookSettings(MessagingSettings):
    """The connector is off while it has neither a secret nor a token."""
