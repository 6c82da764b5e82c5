"""Settings of X, read from PONTE_X__*."""

from pydantic import Field, SecretStr

from ponte.ports.fields import Ajustes, Id, Secrets, Url


class XSettings(Ajustes):
    """The connector is off while nothing could come in or go out."""

    base_url: Url = Field("https://api.x.com", description="API, X's or a stand-in")
    consumer_secret: Secrets = Field(
        (),
        description="The app's API secret, which signs its webhooks; several comma-separated, "
        "the newest first, while one is replaced",
    )
    user_id: Id = Field(None, description="The account that writes, as digits")
    client_id: Id = Field(None, description="The app's OAuth 2.0 client")
    client_secret: SecretStr | None = Field(
        None, description="Its secret; a public client has none"
    )
    refresh_token: SecretStr | None = Field(
        None, description="The refresh token it was first given; the newest is kept encrypted"
    )
    access_token: SecretStr | None = Field(
        None, description="Its token; not needed beside a refresh token"
    )
    mensagens_em_15_min: int = Field(
        15, ge=1, le=10_000, description="Messages in 15 minutes that the app's plan allows"
    )
    bearer_token: SecretStr | None = Field(
        None, description="The app's own token; with WEBHOOK the webhook looks after itself"
    )
    webhook: str | None = Field(
        None,
        pattern=r"^https://[^/:@?#]+(/[^?#]*)?$",
        description="Where X reaches /webhooks/x: https, without a port",
    )

    @property
    def secrets(self) -> list[str]:
        """Return every secret that may have signed a webhook."""
        return [secret.get_secret_value() for secret in self.consumer_secret]

    @property
    def can_send(self) -> bool:
        """Tell whether messages can go out."""
        renews = self.refresh_token is not None and self.client_id is not None
        return self.user_id is not None and (self.access_token is not None or renews)

    @property
    def is_on(self) -> bool:
        """Tell whether anything can come in or go out."""
        return bool(self.secrets) or self.can_send
