"""Settings of X, read from PONTE_X__*."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


def _secrets(valor: object) -> object:
    if isinstance(valor, str):
        return [peca.strip() for peca in valor.split(",") if peca.strip()]
    return valor


def _no_slash(valor: object) -> object:
    return valor.rstrip("/") if isinstance(valor, str) else valor


class XSettings(BaseModel):
    """The connector is off while no secret could verify what X sends."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be the secret

    base_url: Annotated[str, BeforeValidator(_no_slash), Field(pattern=r"^https?://")] = Field(
        "https://api.x.com", description="API, X's or a stand-in"
    )
    consumer_secret: Annotated[tuple[SecretStr, ...], BeforeValidator(_secrets)] = Field(
        (),
        description="The app's API secret, which signs its webhooks; several comma-separated, "
        "the newest first, while one is replaced",
    )

    @property
    def secrets(self) -> list[str]:
        """Return every secret that may have signed a webhook."""
        return [secret.get_secret_value() for secret in self.consumer_secret]
