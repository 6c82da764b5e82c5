"""Fields: kinds of setting that many connectors have, read alike by all."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator


def pieces(texto: str) -> list[str]:
    """Return what stands between commas, without blanks."""
    return [peca.strip() for peca in texto.split(",") if peca.strip()]


def _split(valor: object) -> object:
    return pieces(valor) if isinstance(valor, str) else valor


def _no_slash(valor: object) -> object:
    return valor.rstrip("/") if isinstance(valor, str) else valor


def _as_text(valor: object) -> object:
    return str(valor) if isinstance(valor, int) and not isinstance(valor, bool) else valor


class Ajustes(BaseModel):
    """Settings of a connector; an empty variable is one that is not set."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be a secret

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, valores: object) -> object:
        if not isinstance(valores, dict):
            return valores
        return {k: v for k, v in valores.items() if v != ""}


# What a platform calls somebody: digits stay text.
Id = Annotated[str | None, BeforeValidator(_as_text)]
# An address, without the slash at its end.
Url = Annotated[str, BeforeValidator(_no_slash), Field(pattern=r"^https?://")]
# Secrets that are valid at once, comma-separated.
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_split)]
