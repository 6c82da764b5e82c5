"""Conectores: a connector of the register as a script uses it, with no server and no database.

Its settings come from arguments, else from the environment, as the server reads them. What
is lent to it lives as long as the process: tokens that it renews are kept in memory alone.
"""

import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from ponte.connectors import CONNECTORS
from ponte.errors import ConfiguracaoInvalida
from ponte.ports import Connector, Deps
from ponte.resilience.breaker import CircuitBreaker
from ponte.resilience.http import Http
from ponte.settings import connector_values, environment, validated

Needs = Sequence[Sequence[str]]  # all of these, one of each


def load(nome: str) -> Connector:
    """Return a connector by its name.

    Raises:
        ConfiguracaoInvalida: the register has none.
    """
    if nome not in CONNECTORS:
        raise ConfiguracaoInvalida(f"No connector is called {nome}")
    module, _, attribute = CONNECTORS[nome].partition(":")
    connector: Connector = getattr(import_module(module), attribute)
    return connector


def settings_of(connector: Connector, given: Mapping[str, Any]) -> BaseModel:
    """Return a connector's settings: what is given, over the environment and `.env`.

    Raises:
        ConfiguracaoInvalida: a name it doesn't know, or a value it can't have.
    """
    unknown = sorted(given.keys() - connector.settings.model_fields.keys())
    if unknown:
        raise ConfiguracaoInvalida(f"{connector.title} has no setting {', '.join(unknown)}")
    values: dict[str, Any] = {**connector_values(connector.name, environment()), **given}
    try:
        return validated(connector.settings, values)
    except ValidationError as error:
        wrong = "; ".join(
            f"{variable(connector.name, str(x['loc'][0]) if x['loc'] else '')}: {x['msg']}"
            for x in error.errors(include_input=False, include_url=False)
        )
    raise ConfiguracaoInvalida(wrong)  # outside the block: pydantic's error may show the input


def missing(nome: str, settings: BaseModel, needs: Needs) -> list[str]:
    """Return the variables that are not set and must be; ` or ` between those of one need."""
    return [
        " or ".join(variable(nome, campo) for campo in campos)
        for campos in needs
        if not any(_is_set(getattr(settings, campo)) for campo in campos)
    ]


def variable(nome: str, campo: str) -> str:
    """Return the name of a setting in the environment."""
    return f"PONTE_{nome.upper()}__{campo.upper()}"


def _is_set(valor: object) -> bool:
    return bool(valor.get_secret_value() if isinstance(valor, SecretStr) else valor)


class Lender:
    """What a connector is lent: an `Http` for each destination, and tokens in memory.

    Args:
        failures_to_open: Failures in a row that open the breaker of an `Http`.
    """

    def __init__(self, failures_to_open: int = 5) -> None:
        self._failures_to_open = failures_to_open
        self._https: dict[str, Http] = {}

    def deps(self) -> Deps:
        """Return what one account is lent: its tokens are nobody else's."""
        return Deps(http=self._http, tokens=_Tokens(), now_ms=_now_ms)

    async def aclose(self) -> None:
        """Close the connections; the next call opens new ones."""
        for http in self._https.values():
            await http.aclose()

    def _http(self, nome: str) -> Http:
        if nome not in self._https:
            breaker = CircuitBreaker(self._failures_to_open, name=nome)
            self._https[nome] = Http(nome, breaker=breaker)
        return self._https[nome]


class _Tokens:
    """`TokenStore` in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, int]] = {}

    async def get(self, nome: str) -> tuple[str, int] | None:
        found = self._kept.get(nome)
        return found if found is not None and found[1] > _now_ms() else None

    async def put(self, nome: str, segredo: str, *, expira_em_ms: int) -> None:
        self._kept[nome] = (segredo, expira_em_ms)

    async def claim(self, nome: str, segredo: str, *, expira_em_ms: int) -> bool:
        if await self.get(nome) is not None:
            return False
        await self.put(nome, segredo, expira_em_ms=expira_em_ms)
        return True

    async def delete(self, nome: str) -> None:
        self._kept.pop(nome, None)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
