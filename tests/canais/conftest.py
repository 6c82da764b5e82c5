"""A Ponte with one account on TikTok that takes videos."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.simulators.tiktok import SimuladorTiktok
from ponte.testing import FrozenClock, embedded
from tests.canais.videoteca import Casa


@pytest.fixture
async def casa(tmp_path: Path) -> AsyncIterator[Casa]:
    clock = FrozenClock()
    tiktok = SimuladorTiktok(now=lambda: clock.ms / 1000)
    env = tiktok.env(await tiktok.start())
    async with embedded(tmp_path / "dados", env=env, papeis=(), clock=clock) as ponte:
        found = Casa(ponte, tiktok, clock)
        await found.session()
        yield found
    await tiktok.stop()
