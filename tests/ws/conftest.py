"""A hub over a database of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.ws.cena import Cena, cena_em


@pytest.fixture
async def cena(tmp_path: Path) -> AsyncIterator[Cena]:
    async with cena_em(tmp_path) as pronta:
        yield pronta
