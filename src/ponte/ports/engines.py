"""Engines: the doors to what moves and keeps: brokers, streams, helpers, secrets."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ponte.resilience.disjuntores import Mural
from ponte.resilience.partilha import Contador


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

    async def claim(self, nome: str, segredo: str, *, expira_em_ms: int) -> bool:
        """Store a secret where there is none; False where one is that did not expire."""

    async def delete(self, nome: str) -> None:
        """Forget a secret; harmless when there is none."""
