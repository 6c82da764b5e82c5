"""Settings of Instagram, read from PONTE_INSTAGRAM__*."""

from typing import Any, Literal

from pydantic import Field, model_validator

from ponte.connectors.meta.envio import MessagingSettings

HOST = "https://graph.instagram.com"


class InstagramSettings(MessagingSettings):
    """The connector is off while it has neither a secret nor a token."""

    login: Literal["facebook", "instagram"] = Field(
        "facebook", description="Who gave the token; one of Instagram Login ends and is renewed"
    )

    @model_validator(mode="before")
    @classmethod
    def _follow_login(cls, valores: Any) -> Any:
        """Take the host from who gave the token, and the other way about; blanks say nothing."""
        if not isinstance(valores, dict):
            return valores
        login, base_url = valores.get("login"), valores.get("base_url")
        if login == "instagram" and not base_url:
            return {**valores, "base_url": HOST}
        if not login and str(base_url or "").startswith(HOST):
            return {**valores, "login": "instagram"}
        return valores
