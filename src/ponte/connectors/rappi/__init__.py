"""Rappi: the first order source; a manifest and a translator.

An order comes by webhook (the address names the event), is accepted within four
minutes, and lowers the estoque; a product that runs out is switched off in the
application. Rappi has no numeric stock: an item is on or off.
Source: https://dev-portal.rappi.com
"""

from ponte.connectors.rappi.parse import parse_file
from ponte.connectors.rappi.settings import RappiSettings
from ponte.connectors.rappi.source import RappiSource
from ponte.connectors.rappi.webhook import RappiWebhook
from ponte.ports import Connector, Deps

__all__ = ["connector"]


async def _probe(settings: RappiSettings, deps: Deps) -> None:
    await RappiSource(settings, deps).probe()


connector = Connector(
    name="rappi",
    title="Rappi",
    settings=RappiSettings,
    source_url="https://dev-portal.rappi.com",
    quality="gold",
    is_on=lambda settings: bool(settings.is_on),
    webhook=RappiWebhook,
    orders=RappiSource,
    parse_file=parse_file,
    probe=_probe,
)
