"""A whole Ponte behind its own server, on the loop that it runs on in earnest."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.aovivo.servida import Servida, servida_em


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def ponte(tmp_path: Path) -> AsyncIterator[Servida]:
    async with servida_em(tmp_path) as pronta:
        yield pronta
