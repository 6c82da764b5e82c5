"""Context: what every handler and route may use, built once by the runtime."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ponte.ports import (
    Ajudante,
    AlertSink,
    Broker,
    Channel,
    Connector,
    FiscalIssuer,
    OrderSource,
    TokenStore,
    WebhookReceiver,
)
from ponte.rastro import Rastreador
from ponte.resilience.http import Http
from ponte.resilience.partilha import Cotas
from ponte.settings import Settings
from ponte.store.db import Database
from ponte.telemetry import Telemetry
from ponte.ws import Hub


@dataclass(frozen=True)
class Ligado:
    """A connector that is switched on, with the doors it opened."""

    connector: Connector
    settings: Any
    orders: OrderSource | None = None
    alerts: AlertSink | None = None
    webhook: WebhookReceiver | None = None
    channel: Channel | None = None
    probe: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Context:
    """The whole inside. `instancia` names this process in leases and logs.

    `conhecidos` are the connectors that this version has, on or off; `ligados` are on.
    `rastreador` collects spans, where somebody wants them. `ajudante` and the rates that
    processes share through it (`cotas`) are there where a Redis is set. `destinos` are all that
    is called outside, by name.
    """

    settings: Settings
    db: Database
    broker: Broker
    hub: Hub
    issuer: FiscalIssuer
    tokens: TokenStore
    telemetry: Telemetry
    ligados: Mapping[str, Ligado]
    instancia: str
    now_ms: Callable[[], int]
    conhecidos: frozenset[str] = frozenset()
    rastreador: Rastreador | None = None
    ajudante: Ajudante | None = None
    cotas: Cotas | None = None
    destinos: Mapping[str, Http] = field(default_factory=dict)

    def source(self, canal: str) -> OrderSource | None:
        """Return the order source of a canal, when it is on."""
        ligado = self.ligados.get(canal)
        return ligado.orders if ligado else None

    def channels(self) -> dict[str, Channel]:
        """Return the channels that are on, by name."""
        return {n: c.channel for n, c in self.ligados.items() if c.channel is not None}

    def sinks(self) -> dict[str, AlertSink]:
        """Return the alert sinks that are on, by name."""
        return {n: c.alerts for n, c in self.ligados.items() if c.alerts is not None}
