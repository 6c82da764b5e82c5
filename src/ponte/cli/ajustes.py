"""Ajustes: the settings of a command, with what is wrong in them said in one sentence."""

import difflib
from typing import Any

from pydantic import ValidationError

from ponte.cli.saida import USO, Parada
from ponte.errors import ConfiguracaoInvalida
from ponte.settings import ClienteSettings, Settings, environment, names_of

TESTES = "PONTE_TEST_"  # the tests' own switches, which Ponte never reads


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


def unread() -> list[str]:
    """Say each PONTE_* that nothing reads, with the nearest name that something does.

    A misspelled setting changes nothing and says nothing by itself, so that its
    operator believes in what is not so.
    """
    given = {name.upper() for name, valor in environment().items() if valor}
    strange = sorted(
        name
        for name in given - names_of(Settings) - names_of(ClienteSettings)
        if name.startswith("PONTE_") and not name.startswith(TESTES)
    )
    if not strange:
        return []
    known = names_of(Settings) | names_of(ClienteSettings) | _of_connectors()
    return [_unread(name, known) for name in strange if name not in known]


def _unread(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"{name} não é lida por ninguém" + (f"; talvez {near[0]}" if near else "")


def _of_connectors() -> set[str]:
    # Imports every connector, which only a strange name is worth.
    from ponte.runtime.build import connector_names, load_connector  # noqa: PLC0415

    names = set()
    for nome in connector_names():
        try:
            settings = load_connector(nome).settings
        except (ConfiguracaoInvalida, ImportError):
            continue  # a foreign connector that is broken is not what was asked about
        names |= names_of(settings, f"PONTE_{nome.upper()}__")
    return names
