"""Settings of Discord, read from PONTE_DISCORD__*."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DiscordSettings(BaseModel):
    """The connector is off while `webhook_url` is missing; the URL is the secret."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be the secret

    webhook_url: SecretStr | None = Field(
        None, description="Webhook, https://discord.com/api/webhooks/..., thread_id allowed"
    )
