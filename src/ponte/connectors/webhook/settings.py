"""Settings of the webhook, read from PONTE_WEBHOOK__*."""

import base64

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from ponte.connectors.webhook.sign import PREFIX


class WebhookSettings(BaseModel):
    """The connector is off while `url` is missing; without `secret` nothing is signed."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be the secret

    url: SecretStr | None = Field(None, description="Where alertas are posted")
    secret: SecretStr | None = Field(
        None, description="Signs each post; whsec_ and base64, or any text taken as it is"
    )

    @field_validator("secret")
    @classmethod
    def _readable(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text.startswith(PREFIX):
            try:
                base64.b64decode(text.removeprefix(PREFIX), validate=True)
            except ValueError:  # not ASCII, or not base64
                raise ValueError("base64 expected after whsec_") from None
        return value
