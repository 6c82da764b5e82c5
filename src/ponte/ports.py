"""Ports: the doors. Everything inside knows the outside and the engines only by these.

A connector implements doors and only translates; a broker moves prompts; the
database is the truth. Nothing here has behaviour.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from ponte.domain.alerta import Alerta
from ponte.domain.mensagem import Mensagem
from ponte.domain.nota import Nota, PedidoDaNota
from ponte.domain.origem import DocumentoNeutro
from ponte.resilience.disjuntores import Mural
from ponte.resilience.http import Http
from ponte.resilience.partilha import Contador

Qualidade = Literal["bronze", "silver", "gold"]


# ---------------------------------------------------------------- engines


@dataclass(frozen=True, slots=True)
class Prompt:
    """One delivery of a broker: "there is work in this queue", never the work itself.

    The database decides which work: competing consumers can't keep a lane in
    order by themselves, so a prompt only makes the worker claim the head of one.
    """

    fila: str
    entrega_id: int
    fato_id: str
    lane: str
    envelope: bytes = b""
    receipt: object = None


class Broker(Protocol):
    """Moves prompts at least once. Confirmed means that the engine has them safe."""

    name: str
    rows_are_the_queue: bool  # True only where the database itself is the queue

    async def start(self, filas: Iterable[str] = ()) -> None:
        """Connect and declare these queues.

        Raises:
            ArmazenamentoIndisponivel: not now; what is called later tries again.
            ConfiguracaoInvalida: the engine refuses how a queue is to be.
        """

    async def publish(self, prompts: Sequence[Prompt]) -> None:
        """Hand over prompts; returns when all are confirmed, raises when any may not be."""

    def wake(self, filas: Iterable[str]) -> None:
        """Let go who waits for these queues: there may be work that no prompt tells of."""

    def wake_all(self) -> None:
        """Do so for every queue."""

    async def receive(self, fila: str, *, limit: int, timeout_s: float) -> Sequence[Prompt]:
        """Wait for work in a queue.

        Returns up to `limit` prompts; empty when the time is over or when the
        engine only says "look" (the database broker, whose rows are the queue).
        """

    async def ack(self, prompts: Sequence[Prompt]) -> None:
        """Say that the work of these prompts is committed (or is not there any more)."""

    async def nack(self, prompts: Sequence[Prompt]) -> None:
        """Give prompts back; they come again."""

    async def consumers(self, fila: str) -> int:
        """Count who is really consuming, judged by the engine."""

    async def depth(self, fila: str) -> int | None:
        """Count the prompts that the engine holds; None where the rows are the queue."""

    async def close(self) -> None:
        """Stop consuming and disconnect; what was not acked comes again elsewhere."""


@dataclass(frozen=True, slots=True)
class Registro:
    """A fact on its way to other systems: those of one topic and key stay in order.

    `envelope` is the CloudEvents JSON; `atributos` are its attributes, as headers.
    """

    topico: str
    chave: str
    envelope: bytes
    atributos: Mapping[str, str]


class Stream(Protocol):
    """Publishes facts for other systems, at least once."""

    name: str

    async def publish(self, registros: Sequence[Registro]) -> None:
        """Publish in order; returns when all are confirmed.

        Raises:
            ArmazenamentoIndisponivel: any of them may not be there; all must come again.
        """

    async def close(self) -> None:
        """Disconnect."""


# A channel and a word on it; a channel of None says that words may have been lost till now.
Ouvinte = Callable[[str | None, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AmostraCopiada:
    """One sample as others read it; `texto` is like no other sample's."""

    nome: str
    em_ms: int
    texto: bytes


@dataclass(frozen=True, slots=True)
class Medida:
    """How a helper is: its version, and its time to answer."""

    versao: str
    ms: float


class Ajudante(Contador, Mural, Protocol):
    """What may help beside the database, and whose loss changes no promise.

    Each call that needs an answer raises ArmazenamentoIndisponivel when none comes, at
    once while it is known to be away.
    """

    name: str

    @property
    def away(self) -> Sequence[str]:
        """Return the uses that it did not serve when it was last asked."""

    async def measure(self) -> Medida:
        """Ask it how it is."""

    def listen(self, ouvinte: Ouvinte) -> None:
        """Give the words of other processes to `ouvinte`, from the next `run` on."""

    async def tell(self, texto: str) -> None:
        """Say a word to the other processes; one who does not listen never hears it."""

    async def run(self) -> None:
        """Listen until cancelled."""

    async def lead(self, *, ttl_s: float) -> bool:
        """Tell whether this process is the one that copies, for so long."""

    async def place(self, nome: str) -> int | None:
        """Return up to where was copied; None where that is not known (any more)."""

    async def copy(self, copias: Mapping[str, bytes | None], *, de: int | None, ate: int) -> bool:
        """Replace copies and move the place from `de` to `ate`; False where it was moved before.

        A copy of None is taken away.
        """

    async def add_samples(self, amostras: Sequence[AmostraCopiada], *, ate: int) -> None:
        """Add samples, those that are there once more included, and move their place."""

    async def close(self) -> None:
        """Disconnect."""


class TokenStore(Protocol):
    """Keeps outside tokens encrypted at rest."""

    async def get(self, nome: str) -> tuple[str, int] | None:
        """Return (secret, expires_at_ms), or None when there is none or it expired."""

    async def put(self, nome: str, segredo: str, *, expira_em_ms: int) -> None:
        """Store or replace a secret."""

    async def delete(self, nome: str) -> None:
        """Forget a secret; harmless when there is none."""


# ---------------------------------------------------------------- outside


@dataclass(frozen=True, slots=True)
class Pedido2xx:
    """What a webhook answers at once: a 2xx with a body, or None for an empty JSON object."""

    corpo: dict[str, Any] = field(default_factory=dict)
    store: bool = True


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A raw inbound request; `headers` lower-cased, `evento` the last part of the path."""

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


class Channel(Protocol):
    """A platform on which people are written to. One call is one try; the step owns the tries."""

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what the platform would, before anything is stored; pure, no I/O.

        Raises:
            DadosInvalidos: a tipo it can't carry, a text too long, an address it can't have.
        """

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send it; return the platform's id. Raises `OutsideError` when it was not taken."""


class FiscalIssuer(Protocol):
    """Numbers notas. Pure: the counter and the row are written by the caller's transaction."""

    cnpj: str
    modelo: int
    serie: int

    def build(self, pedido: PedidoDaNota, *, numero: int, em_ms: int, codigo: str) -> Nota:
        """Return the nota of a pedido for a reserved number; same arguments, same key."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What the runtime lends a connector."""

    http: Callable[[str], Http]
    tokens: TokenStore
    now_ms: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Connector:
    """The manifest: everything generic derives from it.

    `name` is the webhook path, the settings prefix (PONTE_<NAME>__), the metric
    label, the breaker and the limiter. A factory gets the validated settings and
    `Deps`; it is None where the connector does not implement that door.
    """

    name: str
    title: str
    settings: type[BaseModel]
    source_url: str
    quality: Qualidade = "bronze"
    is_on: Callable[[Any], bool] = lambda _settings: True
    webhook: Callable[[Any], WebhookReceiver] | None = None
    orders: Callable[[Any, Deps], OrderSource] | None = None
    alerts: Callable[[Any, Deps], AlertSink] | None = None
    channel: Callable[[Any, Deps], Channel] | None = None
    parse_file: Callable[[str, str | None], object] | None = None
    alert_tries: int = 5
    probe: Callable[[Any, Deps], Awaitable[None]] | None = None
