"""Channels: the doors to the platforms on which people and the shop write to each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from ponte.domain.evento import EventoDeCanal, Midia
from ponte.domain.mensagem import Mensagem


class Channel(Protocol):
    """A platform on which people are written to. One call is one try; the step owns the tries."""

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what the platform would, before anything is stored; pure, no I/O.

        Raises:
            DadosInvalidos: a tipo it can't carry, a text too long, an address it can't have.
        """

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send it; return the platform's id. Raises `OutsideError` when it was not taken."""


class Typist(Protocol):
    """A channel that can show that an answer is being written."""

    async def show_typing(self, destinatario: str, *, instancia: str | None) -> None:
        """Show it for a moment; raises `OutsideError` when the platform did not take it."""


class Listener(Protocol):
    """A channel whose buttons wait, once pressed, until somebody says that it was heard."""

    async def acknowledge(self, chave: str) -> None:
        """Say it of a press, by the key under which it came; twice is harmless.

        Raises:
            OutsideError: the platform did not hear it.
        """


@runtime_checkable
class Downloader(Protocol):
    """A channel that can be asked for the bytes of a medium that somebody sent."""

    async def download(
        self, midia: Midia, /, *, message_id: str, instancia: str | None
    ) -> tuple[bytes, str]:
        """Return the bytes and their type.

        Raises:
            OutsideError: the platform does not have them (any more).
        """


@runtime_checkable
class ConversationDownloader(Protocol):
    """A `Downloader` whose platform wants to know the conversation as well."""

    async def download_of(
        self, midia: Midia, /, *, conversa: str, message_id: str
    ) -> tuple[bytes, str]:
        """Return the bytes and their type; raises as `Downloader.download`."""


@dataclass(frozen=True, slots=True)
class Inscricao:
    """How a platform tells of what comes.

    Args:
        url: Where it posts; None while it keeps everything until somebody asks.
        esperam: How much was not taken yet.
        falha: Why its last post failed, None when it did not.
        falha_em_ms: When that was, epoch milliseconds.
    """

    url: str | None
    esperam: int = 0
    falha: str | None = None
    falha_em_ms: int | None = None


class Reception(Protocol):
    """A platform that is told where to post or, while it is not, keeps what comes until asked.

    `asks` is False where the installation leaves asking to another program. Every call raises
    `OutsideError`.
    """

    asks: bool

    async def subscribe(self, url: str) -> None:
        """Make it post to an address, what it kept included.

        Raises:
            ConfiguracaoInvalida: a setting is missing by which its posts would be known.
        """

    async def unsubscribe(self) -> None:
        """Make it keep what comes again; nothing that waits is lost."""

    async def subscription(self) -> Inscricao:
        """Ask it where it posts, and how that goes."""

    async def fetch(self, *, desde: int | None, espera_s: float) -> Sequence[tuple[int, bytes]]:
        """Return what waits as (number, body), oldest first; wait so long for the first.

        Asking for what comes `desde` a number confirms all before it.

        Raises:
            ConflitoDeEstado: it posts to an address, or somebody else asks.
        """


class History(Protocol):
    """A channel whose past can be read, so that an outage leaves no gap."""

    async def pull(self, *, desde_ms: int) -> Sequence[EventoDeCanal]:
        """Return what came since then, oldest first; what is known already is harmless.

        Raises:
            OutsideError: the platform did not tell.
        """


EstadoInstancia = Literal["aberta", "conectando", "fechada", "recusada", "desconhecida"]


@dataclass(frozen=True, slots=True)
class Instancia:
    """One paired telephone as its server tells it; `motivo` is why it is not open."""

    nome: str
    estado: EstadoInstancia
    numero: str | None = None
    perfil: str | None = None
    motivo: str | None = None


@dataclass(frozen=True, slots=True)
class Pareamento:
    """What a telephone needs to pair; every part None while the server has none yet.

    `codigo` is the text of the QR code, `imagem` its PNG in base64 without a data URI's
    head, `codigo_pareamento` the eight characters to type instead. A code lives
    `validade_s` seconds.
    """

    instancia: Instancia
    codigo: str | None = field(default=None, repr=False)
    imagem: str | None = field(default=None, repr=False)
    codigo_pareamento: str | None = field(default=None, repr=False)
    validade_s: float = 45.0


class Pairing(Protocol):
    """A platform whose accounts are telephones that pair by a QR code.

    Every call raises `OutsideError`; one of class `gone` when there is no such instance.
    """

    async def instances(self) -> Sequence[Instancia]:
        """Return every instance that the key may see."""

    async def create(self, nome: str, *, numero: str | None, webhook: str | None) -> Pareamento:
        """Make an instance whose events come to `webhook`, and begin to pair it.

        `numero` (digits with country code) asks for a pairing code as well.
        """

    async def pair(self, nome: str, *, numero: str | None) -> Pareamento:
        """Return a fresh code; the instance alone when it is open already."""

    async def state(self, nome: str) -> Instancia:
        """Ask the server how an instance is."""

    async def logout(self, nome: str) -> None:
        """Unpair the telephone; harmless when it is unpaired."""

    async def delete(self, nome: str) -> None:
        """Remove the instance."""

    async def set_webhook(self, nome: str, url: str) -> None:
        """Make its events come to an address."""

    async def set_chatwoot(self, nome: str, ajustes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let the server itself mirror an instance to Chatwoot; return what it stored."""
