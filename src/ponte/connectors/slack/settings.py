"""Settings of Slack, read from PONTE_SLACK__*."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class SlackSettings(BaseModel):
    """The connector is off while `webhook_url` is missing; the URL is the secret."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be the secret

    webhook_url: SecretStr | None = Field(
        None, description="Incoming webhook, https://hooks.slack.com/services/..."
    )
