"""Helpdesk: the door to where the shop's people read and answer what customers write."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ponte.domain.evento import EventoDeCanal

Situacao = Literal["open", "resolved", "pending", "snoozed"]
Lado = Literal["incoming", "outgoing"]
Progresso = Literal["sent", "delivered", "read", "failed"]


@dataclass(frozen=True, slots=True)
class Pessoa:
    """A customer as the help desk is to know them; `telefone` in E.164, None where unknown."""

    identificador: str
    source_id: str
    nome: str
    telefone: str | None = None


@dataclass(frozen=True, slots=True)
class Anexo:
    """One file of a message."""

    nome: str
    mime: str
    dados: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Escrita:
    """One message to post; its `source_id` tells every reader that Ponte wrote it.

    `responde_a` is the help desk's own id of the message that it quotes.
    """

    texto: str
    lado: Lado
    source_id: str
    responde_a: str | None = None
    anexos: Sequence[Anexo] = ()


class Helpdesk(Protocol):
    """Where conversations are shown to people. Each call is one try; the step owns the tries.

    Every call raises `OutsideError`; one of class `gone` when what it names was deleted there.
    """

    @property
    def nome(self) -> str:
        """Return the connector's name, by which it is paused and looked after."""

    def mirrors(self, canal: str) -> bool:
        """Tell whether the conversations of a canal are shown there."""

    def speaks(self, evento: EventoDeCanal) -> bool:
        """Tell whether an event is of the inbox that is mirrored, and not of another."""

    def delivers(self, evento: EventoDeCanal) -> bool:
        """Tell whether a message that was written there goes to the customer."""

    @property
    def signs(self) -> bool:
        """Tell whether the customer is told who writes."""

    async def contact(self, pessoa: Pessoa) -> str:
        """Find or make a customer who can be written to in the inbox; return the id."""

    async def rename(self, contato: str, nome: str) -> None:
        """Tell a customer's name, which was not known before."""

    async def conversations(self, contato: str, *, source_id: str) -> Sequence[tuple[str, str]]:
        """Return id and status of a customer's conversations in the inbox, the newest first."""

    async def open(self, contato: str, *, source_id: str, situacao: Situacao) -> str:
        """Make a conversation; return its id."""

    async def write(self, conversa: str, escrita: Escrita) -> str | None:
        """Post a message; return its id."""

    async def find(self, conversa: str, source_id: str) -> str | None:
        """Return the id of a message that was posted lately, None when it was not."""

    async def recent(self, conversa: str) -> Sequence[EventoDeCanal]:
        """Return the newest messages of a conversation as their events would tell them."""

    async def report(
        self, conversa: str, mensagem: str, *, progresso: Progresso, erro: str | None
    ) -> None:
        """Tell the people there how far a message came; harmless when it was deleted."""

    async def delete(self, conversa: str, mensagem: str) -> None:
        """Take a message away; harmless when it is gone."""

    async def switch(self, conversa: str, situacao: Situacao) -> None:
        """Open, park or resolve a conversation."""
