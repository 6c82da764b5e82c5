"""Connector: the manifest from which everything generic derives, and what it is lent."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from ponte.domain.evento import EventoDeCanal
from ponte.domain.limites import Limites
from ponte.ports.channels import Channel, Pairing, Reception
from ponte.ports.engines import TokenStore
from ponte.ports.helpdesk import Helpdesk
from ponte.ports.outside import AlertSink, OrderSource, WebhookReceiver
from ponte.ports.sessions import Renewal
from ponte.ports.videos import Publisher
from ponte.resilience.classes import Verdict
from ponte.resilience.destino import Rede
from ponte.resilience.exchange import Answer
from ponte.resilience.http import Http

Qualidade = Literal["bronze", "silver", "gold"]


@dataclass(frozen=True, slots=True)
class Deps:
    """What the runtime lends a connector.

    `redes` are networks that addresses of callers may lead to beside the public internet.
    """

    http: Callable[[str], Http]
    tokens: TokenStore
    now_ms: Callable[[], int]
    redes: Sequence[Rede] = ()


@dataclass(frozen=True, slots=True)
class Connector:
    """The manifest: everything generic derives from it.

    `name` is the webhook path, the settings prefix (PONTE_<NAME>__), the metric
    label, the breaker and the limiter. A factory gets the validated settings and
    `Deps`; it is None where the connector does not implement that door.

    `alerts_on` tells whether a connector that is on also knows whom to tell of alertas.

    `messages_on` tells whether a connector that is on can carry messages as well: else it
    has neither channel nor probe, and its canal is off.

    A platform of messages has `parse`: it never raises, and gives back every event of a
    body, a person's unknown message included. It is lent the settings alone, for what a
    body doesn't say (a bot's own name); `classify` and `limites` need nothing. `canal`
    is where people write, when several connectors serve the same.

    `licence_notice` is what a licence wants shown where the connector is set up.

    `probe` asks the platform how it is; it returns when a key ends that could not be renewed
    (epoch milliseconds), which works still, else None.
    """

    name: str
    title: str
    settings: type[BaseModel]
    source_url: str
    quality: Qualidade = "bronze"
    is_on: Callable[[Any], bool] = lambda _settings: True
    alerts_on: Callable[[Any], bool] = lambda _settings: True
    messages_on: Callable[[Any], bool] = lambda _settings: True
    webhook: Callable[[Any], WebhookReceiver] | None = None
    orders: Callable[[Any, Deps], OrderSource] | None = None
    alerts: Callable[[Any, Deps], AlertSink] | None = None
    channel: Callable[[Any, Deps], Channel] | None = None
    parse_file: Callable[[str, str | None], object] | None = None
    parse: Callable[[bytes, Any], Sequence[EventoDeCanal]] | None = None
    classify: Callable[[Answer], Verdict] | None = None
    limites: Limites | None = None
    canal: str | None = None
    pairing: Callable[[Any, Deps], Pairing] | None = None
    reception: Callable[[Any, Deps], Reception] | None = None
    renewal: Callable[[Any, Deps], Renewal] | None = None
    videos: Callable[[Any, Deps], Publisher] | None = None
    helpdesk: Callable[[Any, Deps], Helpdesk | None] | None = None
    licence_notice: str | None = None
    alert_tries: int = 5
    probe: Callable[[Any, Deps], Awaitable[int | None]] | None = None
