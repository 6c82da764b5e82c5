"""Settings of WhatsApp through Evolution API, read from PONTE_WHATSAPP__*.

Secrets that may be several stand comma-separated in one line, the newest first.
"""

from urllib.parse import quote

from pydantic import Field, SecretStr

from ponte.ports.fields import Ajustes, Secrets, Url


class WhatsAppSettings(Ajustes):
    """The connector is off while `base_url` or `api_key` is missing."""

    base_url: Url | None = Field(None, description="Evolution API server, as http://127.0.0.1:8080")
    api_key: SecretStr | None = Field(
        None, description="Its global key; an instance's own token sees that instance alone"
    )
    instance: str | None = Field(None, description="Instance that sends where none is named")
    webhook_secrets: Secrets = Field(
        (),
        description="Bearer of the authorization header, or last part of the webhook's path;"
        " every one valid now, comma-separated",
    )
    jwt_key: Secrets = Field(
        (), description="Key of the webhook's JWT (header jwt_key); several, comma-separated"
    )
    buttons: bool = Field(
        default=False,
        description="Quick replies as buttons, which WhatsApp often blocks, not as numbered text",
    )

    @property
    def is_on(self) -> bool:
        """Tell whether the server can be called."""
        return bool(self.base_url and self.api_key)

    @property
    def key_header(self) -> dict[str, str]:
        """Return the header that opens the server."""
        return {"apikey": self.api_key.get_secret_value() if self.api_key else ""}

    def url(self, route: str, instancia: str = "") -> str:
        """Return the address of a call, such as `message/sendText`, for an instance."""
        part = quote(instancia, safe="")
        if not part.strip("."):  # a name of dots alone would lead to another call
            part = part.replace(".", "%2E")
        end = f"/{part}" if part else ""
        return f"{self.base_url or ''}/{route}{end}"
