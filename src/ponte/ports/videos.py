"""Videos: the door to a platform on which the shop publishes videos."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ponte.domain.video import EstadoVideo, Postagem, Privacidade


class Chave(Protocol):
    """The token of one account."""

    async def get(self, *, refused: str | None = None) -> str:
        """Return one that is good now, another one than was refused."""


@dataclass(frozen=True, slots=True)
class Criador:
    """What an account may do just now; `max_s` is its longest video, None where unknown."""

    privacidades: Sequence[Privacidade] = ()
    max_s: int | None = None
    sem_comentarios: bool = False
    sem_dueto: bool = False
    sem_costura: bool = False


@dataclass(frozen=True, slots=True)
class Inicio:
    """A publication that was begun; whoever knows `envio_url` may write its bytes."""

    publish_id: str
    envio_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Trecho:
    """One piece of a file on its way: from its byte `primeiro` on, of `total`."""

    dados: bytes = field(repr=False)
    primeiro: int
    total: int
    mime: str


@dataclass(frozen=True, slots=True)
class Andamento:
    """How far a publication is; `recebidos` bytes are there, None where it does not say."""

    estado: EstadoVideo
    motivo: str | None = None
    post_id: str | None = None
    recebidos: int | None = None


class Publisher(Protocol):
    """A platform that takes videos. One call is one try.

    Each raises `OutsideError`, whose detail ends in the platform's own code.
    """

    async def creator(self, chave: Chave) -> Criador:
        """Ask what the account may do; to be asked right before each post."""

    async def begin(self, chave: Chave, postagem: Postagem) -> Inicio:
        """Begin a publication; of an address this is all, and it goes on by itself."""

    async def put(self, envio_url: str, trecho: Trecho) -> None:
        """Send one piece; once more is harmless."""

    async def status(self, chave: Chave, publish_id: str) -> Andamento:
        """Ask how far a publication is."""
