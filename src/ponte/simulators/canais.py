"""Canais: the register of stand-ins of messaging platforms; one line adds one.

Each is imported when it is wanted. What the demonstration, `ponte demo NAME` and the
tests of months need of a stand-in stands here and in `Plataforma`; a stand-in adds
`write(pessoa, texto)`, by which somebody writes to the shop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from ponte.simulators.caos import Caos


class Simulador(Protocol):
    """A stand-in of a platform on which people write."""

    caos: Caos
    mensagens: Any

    async def start(self, host: str = ..., port: int = ...) -> str: ...

    async def stop(self) -> None: ...

    async def write(self, pessoa: str, texto: str, /) -> str: ...

    def aim(self, url: str) -> None: ...

    def env(self, url: str) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class Registro:
    """One stand-in: where its class is, its port when run by hand, and its people's addresses.

    `pessoa` makes the address of person number n, as the platform writes it; `demo` says
    whether the demonstration runs it.
    """

    caminho: str
    porta: int
    pessoa: Callable[[int], str]
    demo: bool = True


def _numero(n: int) -> str:
    return f"55119{10_000_000 + n:08d}"


def _id(n: int) -> str:
    return str(700_000_100 + n)


SIMULADORES: dict[str, Registro] = {
    "whatsapp": Registro("whatsapp:SimuladorWhatsApp", 9120, _numero),
    # The demonstration's WhatsApp is Evolution's: one canal, one way in.
    "whatsapp_cloud": Registro("whatsapp_cloud:SimuladorWhatsAppCloud", 8086, _numero, demo=False),
    "telegram": Registro("telegram:SimuladorTelegram", 8081, _id),
    "tiktok": Registro("tiktok:SimuladorTiktok", 8085, "cliente{}".format),
    "instagram": Registro("instagram:SimuladorInstagram", 8087, _id),
    "facebook": Registro("facebook:SimuladorFacebook", 8088, _id),
    "x": Registro("x:SimuladorX", 8090, _id),
}


def make(nome: str, **kwargs: Any) -> Simulador:
    """Make one stand-in; raises `KeyError` when there is none of that name."""
    module, _, attribute = SIMULADORES[nome].caminho.partition(":")
    found = getattr(import_module(f"ponte.simulators.{module}"), attribute)
    made: Simulador = found(**kwargs)
    return made
