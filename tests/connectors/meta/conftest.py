"""Each test that asks for a `rede` runs on Instagram and on Messenger."""

import pytest

from tests.connectors.meta.redes import REDES, RedeDeTeste


@pytest.fixture(params=sorted(REDES))
def rede(request: pytest.FixtureRequest) -> RedeDeTeste:
    return REDES[request.param]
