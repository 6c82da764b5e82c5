"""Acceptance: one file a promise, over HTTP and WebSocket only."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.servidor import Servidor, serving


@pytest.fixture
async def servidor(tmp_path: Path) -> AsyncIterator[Servidor]:
    """A running `ponte up` with an empty database."""
    async with serving(tmp_path / "dados") as running:
        yield running


@pytest.fixture
async def http(servidor: Servidor) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of it with the admin key."""
    async with servidor.http() as client:
        yield client
