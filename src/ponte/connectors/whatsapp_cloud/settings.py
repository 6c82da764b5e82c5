"""Settings of the WhatsApp Cloud API, read from PONTE_WHATSAPP_CLOUD__*."""

from typing import Annotated

from pydantic import Field, SecretStr

from ponte.ports.fields import Ajustes, Id, Secrets, Url


class WhatsAppCloudSettings(Ajustes):
    """Every field may be missing; without an app secret no webhook verifies.

    Without a token or a phone number id nothing goes out.
    """

    base_url: Url = Field(
        "https://graph.facebook.com", description="Graph API, Meta's or a stand-in's"
    )
    api_version: Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+$")] = Field(
        "v25.0", description="Version of the Graph API; one lives about two years"
    )
    access_token: SecretStr | None = Field(None, description="Token of a system user")
    phone_number_id: Id = Field(
        None, description="Meta's id of the shop's number, not the number itself"
    )
    app_secret: Secrets = Field(
        (), description="Secret of the app, which signs webhooks; every one valid now, by commas"
    )
    verify_token: SecretStr | None = Field(
        None, description="Word chosen for the subscription's proof"
    )

    @property
    def is_on(self) -> bool:
        """Tell whether anything can come in or go out."""
        return bool(self.app_secret) or self.sends

    @property
    def sends(self) -> bool:
        """Tell whether anything can go out."""
        return bool(self.access_token and self.phone_number_id)

    def url(self, path: str = "") -> str:
        """Return the address of the shop's number, or of something below it."""
        return f"{self.base_url}/{self.api_version}/{self.phone_number_id}{path}"

    @property
    def headers(self) -> dict[str, str]:
        """Return what proves a call."""
        token = self.access_token.get_secret_value() if self.access_token else ""
        return {"Authorization": f"Bearer {token}"}
