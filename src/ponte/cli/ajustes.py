"""Ajustes: the settings of a command, with what is wrong in them said in one sentence."""

from typing import Any

from pydantic import ValidationError

from ponte.cli.saida import USO, Parada
from ponte.settings import Settings


def read(**given: Any) -> Settings:
    """Return Ponte's settings; `given` are the flags that were used, None where not.

    Raises:
        Parada: a setting is wrong; says which.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise Parada(
            "Configuração inválida",
            causa=explain(error),
            tente="corrigir a variável no ambiente ou no .env (veja .env.example)",
            codigo=USO,
        ) from error


def explain(error: ValidationError) -> str:
    """Name each setting that is wrong, without its value: that may be a key."""
    return "; ".join(
        f"PONTE_{'__'.join(str(part) for part in e['loc']).upper()}: {e['msg']}"
        for e in error.errors(include_input=False, include_url=False)
    )
