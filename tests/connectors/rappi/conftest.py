"""Fixtures of the Rappi tests: real payloads, a stand-in on loopback, a source that calls it."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ponte.connectors.rappi.settings import RappiSettings
from ponte.connectors.rappi.source import RappiSource
from ponte.ports import Deps
from ponte.resilience.http import Http
from ponte.simulators.rappi import SimuladorRappi

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass
class Relogio:
    """A clock that moves when it is told to."""

    ms: int = 1_790_000_000_000

    def __call__(self) -> int:
        return self.ms


@dataclass
class Tokens:
    """The token store as its door promises it, in memory."""

    now_ms: Callable[[], int]
    guardados: dict[str, tuple[str, int]] = field(default_factory=dict)

    async def get(self, nome: str) -> tuple[str, int] | None:
        found = self.guardados.get(nome)
        return found if found and found[1] > self.now_ms() else None

    async def put(self, nome: str, segredo: str, *, expira_em_ms: int) -> None:
        self.guardados[nome] = (segredo, expira_em_ms)

    async def claim(self, nome: str, segredo: str, *, expira_em_ms: int) -> bool:
        if await self.get(nome) is not None:
            return False
        await self.put(nome, segredo, expira_em_ms=expira_em_ms)
        return True

    async def delete(self, nome: str) -> None:
        self.guardados.pop(nome, None)


@dataclass
class Mesa:
    """A source and all that it was given."""

    url: str
    relogio: Relogio = field(default_factory=Relogio)
    https: list[Http] = field(default_factory=list)
    tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.relogio)

    def source(self, **settings: Any) -> RappiSource:
        given: dict[str, Any] = {
            "base_url": self.url,
            "base_url_new": self.url,
            "client_id": "ponte-simulador",
            "client_secret": SecretStr("segredo-do-simulador"),
            **settings,
        }
        deps = Deps(http=self.open_http, tokens=self.tokens, now_ms=self.relogio)
        return RappiSource(RappiSettings(**given), deps)

    def open_http(self, nome: str) -> Http:
        self.https.append(Http(nome))
        return self.https[-1]


@pytest.fixture
def sample() -> Callable[[str], str]:
    return lambda name: (FIXTURES / name).read_text(encoding="utf-8")


@pytest.fixture
def pedido_minimo(sample: Callable[[str], str]) -> dict[str, Any]:
    documento: dict[str, Any] = json.loads(sample("new_order_2026_minimal.json"))
    return documento


@pytest.fixture
async def simulador() -> AsyncIterator[SimuladorRappi]:
    simulador = SimuladorRappi()
    yield simulador
    await simulador.stop()


@pytest.fixture
def mesa_parada() -> Mesa:
    """A source for what needs no call."""
    return Mesa("http://rappi.test")


@pytest.fixture
async def mesa(simulador: SimuladorRappi) -> AsyncIterator[Mesa]:
    mesa = Mesa(await simulador.start())
    yield mesa
    for http in mesa.https:
        await http.aclose()
