"""A stand-in of X for each test, its clock frozen."""

from collections.abc import AsyncIterator

import pytest

from ponte.connectors.x.settings import XSettings
from ponte.settings import connector_values
from ponte.simulators.x import SimuladorX
from ponte.testing import FrozenClock
from tests.connectors.lent import NOW_MS, lending
from tests.connectors.x.caso import Caso


@pytest.fixture
async def caso() -> AsyncIterator[Caso]:
    clock = FrozenClock(NOW_MS)
    simulador = SimuladorX(now=lambda: clock.ms / 1000)
    env = simulador.env(await simulador.start())
    settings = XSettings.model_validate(connector_values("x", env))
    async with lending(now_ms=clock) as lent:
        yield Caso(simulador, settings, lent.deps, clock)
    await simulador.stop()
