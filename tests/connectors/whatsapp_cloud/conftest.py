"""The stand-in and the channel that tests of the channel ask for."""

from collections.abc import AsyncIterator

import pytest

from tests.connectors.whatsapp_cloud.caso import Caso, opened


@pytest.fixture
async def caso() -> AsyncIterator[Caso]:
    async with opened() as caso:
        yield caso
