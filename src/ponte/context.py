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
    Helpdesk,
    OrderSource,
    Pairing,
    Publisher,
    Reception,
    Renewal,
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
    renewal: Renewal | None = None
    videos: Publisher | None = None
    probe: Callable[[], Awaitable[int | None]] | None = None
    pairing: Pairing | None = None
    reception: Reception | None = None
    helpdesk: Helpdesk | None = None

    @property
    def canal(self) -> str:
        """Where people write, which several connectors may serve."""
        return self.connector.canal or self.connector.name

    def owns(self, conta: str) -> bool:
        """Tell whether an account is the one in the connector's settings."""
        names = (
            "instance", "phone_number_id", "page_id", "account_id", "business_id", "user_id",
        )  # fmt: skip
        return conta in {getattr(self.settings, name, None) for name in names}


@dataclass(frozen=True)
class Context:
    """The whole inside. `instancia` names this process in leases and logs.

    `conhecidos` are the connectors that this version has, on or off; `ligados` are on.
    `rastreador` collects spans, where somebody wants them. `ajudante` and the rates that
    processes share through it (`cotas`) are there where a Redis is set. `destinos` are all that
    is called outside, by name. `responder` answers customers in the bot's place, where the
    operator named one.
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
    responder: Callable[[Any], Awaitable[Any]] | None = None

    def source(self, canal: str) -> OrderSource | None:
        """Return the order source of a canal, when it is on."""
        ligado = self.ligados.get(canal)
        return ligado.orders if ligado else None

    def ligado(self, canal: str, instancia: str | None = None) -> Ligado | None:
        """Return the connector that sends on a canal; of several the one that has that account."""
        found = [c for c in self.ligados.values() if c.channel is not None and c.canal == canal]
        own = [c for c in found if instancia is not None and c.owns(instancia)]
        return next(iter(own or found), None)

    def channel(self, canal: str, instancia: str | None = None) -> Channel | None:
        """Return what sends on a canal, when it is on."""
        ligado = self.ligado(canal, instancia)
        return None if ligado is None else ligado.channel

    def janela_s(self, canal: str, instancia: str | None = None) -> float | None:
        """Return how long after a customer's last words the shop may write; None: always."""
        ligado = self.ligado(canal, instancia)
        limites = None if ligado is None else ligado.connector.limites
        return None if limites is None else limites.janela_s

    def channels(self) -> dict[str, Channel]:
        """Return what sends on each canal that is on."""
        return {c.canal: found for c in self.ligados.values() if (found := self.channel(c.canal))}

    def destinos_de_filas(self) -> frozenset[str]:
        """Return every name that a queue of this process may end in: connectors and canais."""
        return frozenset(self.ligados) | frozenset(self.channels())

    @property
    def helpdesk(self) -> Helpdesk | None:
        """Return where conversations are mirrored, None where nowhere."""
        found = (c.helpdesk for c in self.ligados.values() if c.helpdesk is not None)
        return next(found, None)

    def sinks(self) -> dict[str, AlertSink]:
        """Return the alert sinks that are on, by name."""
        return {n: c.alerts for n, c in self.ligados.items() if c.alerts is not None}
