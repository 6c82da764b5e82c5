"""Settings of X, read from PONTE_X__*."""

from pydantic import BaseModel, ConfigDict, Field

from ponte.ports.fields import Secrets, Url


class XSettings(BaseModel):
    """The connector is off while no secret could verify what X sends."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be the secret

    base_url: Url = Field("https://api.x.com", description="API, X's or a stand-in")
    consumer_secret: Secrets = Field(
        (),
        description="The app's API secret, which signs its webhooks; several comma-separated, "
        "the newest first, while one is replaced",
    )

    @property
    def secrets(self) -> list[str]:
        """Return every secret that may have signed a webhook."""
        return [secret.get_secret_value() for secret in self.consumer_secret]
