"""Settings of TikTok, read from PONTE_TIKTOK__*.

Two apps may stand behind one shop: one for videos, one for direct messages. Each signs
its webhooks with its own secret, so every secret set here is valid for a webhook.
"""

from pydantic import Field, SecretStr

from ponte.ports.fields import Ajustes, Id, Secrets, Url

BASE_URL = "https://open.tiktokapis.com"
BUSINESS_BASE_URL = "https://business-api.tiktok.com"


class TiktokSettings(Ajustes):
    """The connector is off while nothing could come in or go out."""

    base_url: Url = Field(BASE_URL, description="Content Posting API, TikTok's or a stand-in")
    business_base_url: Url | None = Field(
        None,
        description="Business Messaging API; where BASE_URL stands if that was changed,"
        f" else {BUSINESS_BASE_URL}",
    )
    client_key: SecretStr | None = Field(
        None, description="App in the developer portal, for sessions of videos"
    )
    client_secret: SecretStr | None = Field(
        None, description="Secret of the app in the developer portal; it signs its webhooks"
    )
    app_id: Id = Field(None, description="Business Messaging app (client_id)")
    app_secret: SecretStr | None = Field(
        None, description="Its secret; it renews tokens and signs its webhooks"
    )
    webhook_secrets: Secrets = Field(
        (), description="Further secrets that sign webhooks, comma-separated; keep the old one"
    )
    business_id: Id = Field(None, description="open_id of the Business Account that writes")
    access_token: SecretStr | None = Field(None, description="Its token; not needed beside a"
                                           " refresh token")  # fmt: skip
    refresh_token: SecretStr | None = Field(
        None, description="The refresh token it was first given; the newest is kept encrypted"
    )
    max_skew_s: float = Field(
        300, gt=0, description="Oldest signature accepted, seconds; TikTok names five minutes"
    )

    @property
    def business_url(self) -> str:
        """Return where the Business API stands."""
        if self.business_base_url is not None:
            return self.business_base_url
        return BUSINESS_BASE_URL if self.base_url == BASE_URL else self.base_url

    @property
    def secrets(self) -> list[str]:
        """Return every secret that may have signed a webhook."""
        own = [x for x in (self.client_secret, self.app_secret) if x is not None]
        return [x.get_secret_value() for x in (*own, *self.webhook_secrets)]

    @property
    def can_send(self) -> bool:
        """Tell whether messages can go out."""
        renews = bool(self.refresh_token and self.app_id and self.app_secret)
        return bool(self.business_id) and (self.access_token is not None or renews)

    @property
    def is_on(self) -> bool:
        """Tell whether anything can come in or go out."""
        return bool(self.secrets) or self.can_send
