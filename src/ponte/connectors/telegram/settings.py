"""Settings of Telegram, read from PONTE_TELEGRAM__*."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


def _no_slash(valor: object) -> object:
    return valor.rstrip("/") if isinstance(valor, str) else valor


def _as_text(valor: object) -> object:
    return str(valor) if isinstance(valor, int) else valor


class TelegramSettings(BaseModel):
    """The connector is off while `bot_token` or `chat_id` is missing."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be the secret

    bot_token: SecretStr | None = Field(None, description="Token that @BotFather gives the bot")
    chat_id: Annotated[str | None, BeforeValidator(_as_text)] = Field(
        None, description="Chat that gets the alertas: a number (groups are negative) or @channel"
    )
    base_url: Annotated[str, BeforeValidator(_no_slash), Field(pattern=r"^https?://")] = Field(
        "https://api.telegram.org", description="Bot API server, one's own or Telegram's"
    )

    def method_url(self, method: str) -> str:
        """Return the URL of a method; it carries the token, so it is never shown."""
        token = self.bot_token.get_secret_value() if self.bot_token else ""
        return f"{self.base_url}/bot{token}/{method}"
