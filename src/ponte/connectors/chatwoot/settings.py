"""Settings of Chatwoot, read from PONTE_CHATWOOT__*."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
)

from ponte.ports.fields import Ajustes, Secrets, Url, pieces

CANAIS = frozenset({"whatsapp", "instagram", "facebook", "tiktok", "telegram", "x"})


def _split(valor: Any) -> Any:
    return pieces(valor) if isinstance(valor, str) else valor


class ChatwootSettings(Ajustes):
    """The connector is off while it can neither be called nor let anything in."""

    base_url: Url = Field(
        "https://app.chatwoot.com", description="Your Chatwoot, or the hosted one"
    )
    api_token: SecretStr | None = Field(
        None, description="Access token of an agent or of a bot (Profile settings)"
    )
    account_id: int | None = Field(None, gt=0, description="Number in the address of Chatwoot")
    inbox_id: int | None = Field(None, gt=0, description="The API channel inbox that is mirrored")
    channels: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (), description="Canais whose conversations are mirrored, comma-separated; all when empty"
    )
    forward: Literal["agents", "all"] = Field(
        "agents",
        description="What goes to the customer: what people write there, or also what bots"
        " and automatic templates (a survey) say",
    )
    sign: bool = Field(False, description="Begin what goes to the customer with who writes")
    webhook_secrets: Secrets = Field(
        (),
        description="Secrets of the inbox's webhook, comma-separated; each also opens the"
        " address /webhooks/chatwoot/<secret>, for a version that signs nothing",
    )
    signature: Literal["check", "log"] = Field(
        "check",
        description="log: a wrong signature is only logged where the secret stands in the"
        " address, while setting up",
    )
    max_skew_s: float | None = Field(
        None, gt=0, description="Oldest signature accepted, seconds; any when missing"
    )

    @field_validator("channels")
    @classmethod
    def _known(cls, valores: tuple[str, ...]) -> tuple[str, ...]:
        if not CANAIS.issuperset(valores):
            msg = f"of {', '.join(sorted(CANAIS))} alone"
            raise ValueError(msg)
        return valores

    @property
    def can_call(self) -> bool:
        """Tell whether conversations can be mirrored there."""
        return bool(self.api_token and self.account_id and self.inbox_id)

    @property
    def is_on(self) -> bool:
        """Tell whether anything can go out or come in."""
        return self.can_call or bool(self.webhook_secrets)

    def url(self, path: str) -> str:
        """Return the address of a call of the application API."""
        return f"{self.base_url}/api/v1/accounts/{self.account_id}{path}"
