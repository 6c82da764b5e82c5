"""Connectors: the register. A dotted path each, so that nothing switched off is imported."""

CONNECTORS: dict[str, str] = {
    "rappi": "ponte.connectors.rappi:connector",
    "telegram": "ponte.connectors.telegram:connector",
    "whatsapp": "ponte.connectors.whatsapp:connector",
    "chatwoot": "ponte.connectors.chatwoot:connector",
    "whatsapp_cloud": "ponte.connectors.whatsapp_cloud:connector",
    "instagram": "ponte.connectors.instagram:connector",
    "facebook": "ponte.connectors.facebook:connector",
    "tiktok": "ponte.connectors.tiktok:connector",
    "x": "ponte.connectors.x:connector",
    "slack": "ponte.connectors.slack:connector",
    "discord": "ponte.connectors.discord:connector",
    "webhook": "ponte.connectors.webhook:connector",
    "log": "ponte.connectors.log:connector",
    "apprise": "ponte.connectors.apprise:connector",
}
