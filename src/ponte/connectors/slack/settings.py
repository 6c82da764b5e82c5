"""Settings of Slack, read from PONTE_SLACK__*."""

from pydantic import BaseModel, Field, SecretStr


class SlackSettings(BaseModel):
    """The connector is off while `webhook_url` is missing; the URL is the secret."""

    webhook_url: SecretStr | None = Field(
        None, description="Incoming webhook, https://hooks.slack.com/services/..."
    )
