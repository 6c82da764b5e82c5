"""Hubs: the platforms on which people write, and which connectors and destinations serve them.

A hub may have two connectors behind it, and a connector two destinations: its messages
and its alertas are limited apart. A destination may have parts, `whatsapp:loja-centro`,
as a server has telephones.
"""

from collections.abc import Iterable

from ponte.context import Context, Ligado
from ponte.errors import NaoEncontrado
from ponte.resilience.http import Http

HUBS = ("whatsapp", "instagram", "facebook", "tiktok", "telegram", "x")
# No hub, but looked after as one: where conversations are mirrored.
CONHECIDOS = (*HUBS, "chatwoot")


def hub_of(ligado: Ligado) -> str:
    """Return the hub that a connector serves."""
    return ligado.connector.canal or ligado.connector.name


def serving(ctx: Context, hub: str) -> list[Ligado]:
    """Return the connectors that are on and carry the messages of a hub, or mirror them."""
    doors = (c for c in ctx.ligados.values() if c.channel is not None or c.helpdesk is not None)
    return [c for c in doors if hub_of(c) == hub]


def destinations(ctx: Context, hub: str) -> list[Http]:
    """Return where the calls of a hub go; a destination's own name stands for itself.

    Raises:
        NaoEncontrado: neither a hub nor a destination has that name.
    """
    connectors = [n for n, c in ctx.ligados.items() if hub_of(c) == hub]
    found = [http for name, http in ctx.destinos.items() if _owner(name, ctx.ligados) in connectors]
    if found or hub in HUBS:
        return found
    http = destination(ctx, hub)
    if http is None:
        raise NaoEncontrado("Hub", hub)
    return [http]


def destination(ctx: Context, nome: str) -> Http | None:
    """Return a destination, or the part of one, by its name; None where there is no such one."""
    whole, _, part = nome.partition(":")
    http = ctx.destinos.get(whole)
    return http.partes.all().get(part) if http is not None and part else http


def told_of(ctx: Context, nome: str) -> Http | None:
    """Return the same of a name that another process told, a part that is new here included."""
    whole, _, part = nome.partition(":")
    http = ctx.destinos.get(whole)
    return http.partes.get(part) if http is not None and part else http


def every(https: Iterable[Http]) -> list[Http]:
    """Return destinations, and behind each its parts."""
    return [
        found
        for http in https
        for found in (http, *dict(sorted(http.partes.all().items())).values())
    ]


def behind(ctx: Context, destino: str) -> str:
    """Return the hub whose calls go to a destination, or to a part of one."""
    owner = _owner(destino.partition(":")[0], ctx.ligados)
    ligado = ctx.ligados.get(owner)
    return owner if ligado is None else hub_of(ligado)


def _owner(destino: str, connectors: Iterable[str]) -> str:
    """Return the connector that calls a destination: `telegram` of `telegram_mensagens`."""
    begins = [n for n in connectors if destino == n or destino.startswith(f"{n}_")]
    return max(begins, key=len, default=destino)
