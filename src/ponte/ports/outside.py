"""Outside: the doors to marketplaces, to who is told of alertas, and to who issues notas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ponte.domain.alerta import Alerta
from ponte.domain.nota import Nota, PedidoDaNota
from ponte.domain.origem import DocumentoNeutro


@dataclass(frozen=True, slots=True)
class Pedido2xx:
    """What a webhook answers at once: a 2xx with a body, or None for an empty JSON object."""

    corpo: dict[str, Any] = field(default_factory=dict)
    store: bool = True


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A raw inbound request; `headers` lower-cased.

    `evento` is the last part of the path, empty where there is none: the name of an
    event, or the secret where the platform signs nothing.
    """

    evento: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class WebhookReceiver(Protocol):
    """Verifies and answers a platform's webhook; pure, no I/O."""

    def verify(self, request: WebhookRequest, *, now_ms: int) -> bool:
        """Tell whether the raw bytes carry a valid signature or secret."""

    def reply(self, request: WebhookRequest, *, aberta: Callable[[str], bool | None]) -> Pedido2xx:
        """Return the answer and whether to store the body.

        `aberta(loja)` tells whether that shop takes orders, None when it is unknown here.
        """


class Challenged(Protocol):
    """A receiver that must prove on a GET that it is whom the platform looks for."""

    def challenge(self, request: WebhookRequest, *, now_ms: int) -> str | dict[str, Any] | None:
        """Return the proof, text or a JSON object; None when who asks is not the platform."""


class OrderSource(Protocol):
    """A marketplace whose documents become pedidos."""

    def parse(self, evento: str, corpo: bytes) -> Sequence[DocumentoNeutro]:
        """Translate a stored body into neutral documents; raises `Permanente` when it can't."""

    def filial(self, loja: str | None) -> str | None:
        """Return the filial of a platform's shop, or None when it is not mapped."""

    async def take(self, pedido_externo: str, *, loja: str | None) -> None:
        """Accept an order on the platform; raises `OutsideError`. Taking it twice is harmless."""

    async def pull(self) -> Sequence[tuple[str, bytes]]:
        """Fetch (evento, body) of orders that a webhook may have missed."""

    async def switch(self, *, loja: str, on: Sequence[str], off: Sequence[str]) -> None:
        """Switch products on and off in a shop, by SKU, any number of them."""

    def lojas(self) -> Mapping[str, str]:
        """Return platform shop -> filial_id, for the shops set up here."""


class AlertSink(Protocol):
    """Somebody to tell. One call is one try; the step owns the tries."""

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        """Deliver one notice, or its end; raises `OutsideError` when it was not taken."""


class FiscalIssuer(Protocol):
    """Numbers notas. Pure: the counter and the row are written by the caller's transaction."""

    cnpj: str
    modelo: int
    serie: int

    def build(self, pedido: PedidoDaNota, *, numero: int, em_ms: int, codigo: str) -> Nota:
        """Return the nota of a pedido for a reserved number; same arguments, same key."""
