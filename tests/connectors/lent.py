"""What the runtime lends a connector, and the alertas and answers that tests hand it."""

import json
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ponte.connectors import CONNECTORS
from ponte.domain.alerta import Alerta, Severidade
from ponte.ports import Connector, Deps
from ponte.resilience.breaker import CircuitBreaker
from ponte.resilience.exchange import Answer
from ponte.resilience.http import Http

HERE = Path(__file__).parent
NOW_MS = 1_767_225_600_000  # 2026-01-01 00:00:00 UTC, 31/12/2025 21:00:00 in São Paulo

ESTOQUE_BAIXO = Alerta(
    id="019b0000-0000-7000-8000-000000000001",
    nome="estoque_baixo",
    severidade=Severidade.AVISO,
    titulo="Estoque baixo",
    texto="Café <500g> & Filtro (7891): 3 un. na filial 1, mínimo 5.",
    origem="estoque",
    labels={"produto_id": "7891", "filial_id": "1"},
    criado_em=NOW_MS,
    ultimo_em=NOW_MS,
)


@dataclass(eq=False)
class Tokens:
    """The token store as its door promises it, in memory."""

    kept: dict[str, tuple[str, int]] = field(default_factory=dict)

    async def get(self, nome: str) -> tuple[str, int] | None:
        return self.kept.get(nome)

    async def put(self, nome: str, segredo: str, *, expira_em_ms: int) -> None:
        self.kept[nome] = (segredo, expira_em_ms)

    async def claim(self, nome: str, segredo: str, *, expira_em_ms: int) -> bool:
        return self.kept.setdefault(nome, (segredo, expira_em_ms)) == (segredo, expira_em_ms)

    async def delete(self, nome: str) -> None:
        self.kept.pop(nome, None)


@dataclass
class Lent:
    """One `Http` a destination, as the runtime keeps them; its breaker stays out of the way."""

    https: dict[str, Http] = field(default_factory=dict)
    failures_to_open: int = 1000
    now_ms: Callable[[], int] = lambda: NOW_MS

    def http(self, nome: str) -> Http:
        breaker = CircuitBreaker(self.failures_to_open, name=nome)
        return self.https.setdefault(nome, Http(nome, breaker=breaker))

    @property
    def deps(self) -> Deps:
        return Deps(http=self.http, tokens=Tokens(), now_ms=self.now_ms)

    async def aclose(self) -> None:
        for http in self.https.values():
            await http.aclose()


def lending(**kwargs: Any) -> "aclosing[Lent]":
    return aclosing(Lent(**kwargs))


def connector_named(name: str) -> Connector:
    module, _, attribute = CONNECTORS[name].partition(":")
    connector = getattr(__import__(module, fromlist=[attribute]), attribute)
    assert isinstance(connector, Connector)
    return connector


def recorded(name: str, file: str) -> Answer:
    """Return a recorded answer of a platform: status, headers, body as JSON or text."""
    raw = json.loads((HERE / name / "fixtures" / file).read_text())
    return answer(raw["status"], raw["body"], headers=raw["headers"])


def answer(status: int, body: object = None, *, headers: Mapping[str, str] | None = None) -> Answer:
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    return Answer(status, {k.lower(): v for k, v in (headers or {}).items()}, text.encode())


def responses(name: str) -> list[str]:
    """Return the recorded answers of a platform, by file name."""
    return sorted(path.name for path in (HERE / name / "fixtures").glob("response_*.json"))


def expected(name: str) -> dict[str, dict[str, Any]]:
    """Return what each recorded answer means."""
    meaning: dict[str, dict[str, Any]] = json.loads(
        (HERE / name / "fixtures" / "expected.json").read_text()
    )
    return meaning
