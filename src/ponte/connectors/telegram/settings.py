"""Settings of Telegram, read from PONTE_TELEGRAM__*."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from ponte.ports.fields import Ajustes, Id, Secrets, Url


def _bot_name(valor: object) -> object:
    """Read `@name` as `name`."""
    return valor.strip().removeprefix("@") or None if isinstance(valor, str) else valor


class TelegramSettings(Ajustes):
    """The connector is off while `bot_token` is missing; alertas need `chat_id` as well."""

    bot_token: SecretStr | None = Field(None, description="Token that @BotFather gives the bot")
    chat_id: Id = Field(
        None, description="Chat that gets the alertas: a number (groups are negative) or @channel"
    )
    base_url: Url = Field(
        "https://api.telegram.org", description="Bot API server, one's own or Telegram's"
    )
    bot_username: Annotated[str | None, BeforeValidator(_bot_name)] = Field(
        None, description="The bot's own name, which messages to it don't tell"
    )
    webhook_secrets: Secrets = Field(
        (), description="Every secret_token valid now, comma-separated"
    )
    polling: bool = Field(
        default=True,
        description="Fetch what people write while no webhook is set; false where another"
        " program reads this bot",
    )

    @property
    def bot_id(self) -> str | None:
        """The bot's number, which is the first part of its token."""
        token = self.bot_token.get_secret_value() if self.bot_token else ""
        return token.partition(":")[0] or None

    def method_url(self, method: str) -> str:
        """Return the URL of a method; it carries the token, so it is never shown."""
        token = self.bot_token.get_secret_value() if self.bot_token else ""
        return f"{self.base_url}/bot{token}/{method}"
