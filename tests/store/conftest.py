"""Fixtures of the stores."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from ponte.store.db import Database, Rota
from tests.store.motores import Process, opened


@pytest.fixture
def process(engine: str) -> Process:
    """Open the database as one more process does."""

    def another() -> AbstractAsyncContextManager[Database]:
        return opened(
            engine, Path(), rotas=lambda _: [Rota("p", "f")], now_ms=lambda: 1_700_000_000_000
        )

    return another


@pytest.fixture
async def db(process: Process) -> AsyncIterator[Database]:
    """Open the database in one process; a file that wants another kind has its own."""
    async with process() as database:
        yield database
