"""A Ponte with one account on TikTok that takes videos."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.canais.videoteca import Casa, opened


@pytest.fixture
async def casa(tmp_path: Path) -> AsyncIterator[Casa]:
    async with opened(tmp_path / "dados") as found:
        yield found
