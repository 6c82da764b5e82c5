"""Fields: kinds of setting that many connectors have, read alike by all."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr


def pieces(texto: str) -> list[str]:
    """Return what stands between commas, without blanks."""
    return [peca.strip() for peca in texto.split(",") if peca.strip()]


def _split(valor: object) -> object:
    return pieces(valor) if isinstance(valor, str) else valor


def _no_slash(valor: object) -> object:
    return valor.rstrip("/") if isinstance(valor, str) else valor


# An address, without the slash at its end.
Url = Annotated[str, BeforeValidator(_no_slash), Field(pattern=r"^https?://")]
# Secrets that are valid at once, comma-separated.
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_split)]
