"""Settings of Discord, read from PONTE_DISCORD__*."""

from pydantic import BaseModel, Field, SecretStr


class DiscordSettings(BaseModel):
    """The connector is off while `webhook_url` is missing; the URL is the secret."""

    webhook_url: SecretStr | None = Field(
        None, description="Webhook, https://discord.com/api/webhooks/..., thread_id allowed"
    )
