"""Channels: the doors to the platforms on which people and the shop write to each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ponte.domain.evento import EventoDeCanal
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
