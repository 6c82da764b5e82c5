"""A counter where a marketplace sells."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.simulators.rappi import SimuladorRappi
from ponte.testing import embedded
from tests.conftest import stock
from tests.pedidos.balcao import LOJA, Balcao


@pytest.fixture
async def balcao(data_dir: Path) -> AsyncIterator[Balcao]:
    """A Ponte of three products with 100 units each, and the marketplace."""
    rappi = SimuladorRappi(loja=LOJA)
    async with embedded(data_dir, env=rappi.env(await rappi.start())) as ponte:
        await stock(ponte, 100)
        yield Balcao(ponte, rappi)
    await rappi.stop()
