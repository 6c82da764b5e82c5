"""A door without work behind it: a Ponte of its own for each test, and keys with scopes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ponte.testing import Embedded, FrozenClock, embedded

MakeKey = Callable[..., Awaitable[tuple[str, str]]]


@pytest.fixture
async def porta(data_dir: Path, clock: FrozenClock) -> AsyncIterator[Embedded]:
    """A Ponte with no worker and a clock that moves when told to."""
    async with embedded(data_dir, papeis=(), clock=clock) as running:
        yield running


@pytest.fixture
def new_key(porta: Embedded) -> MakeKey:
    """Make a key over HTTP; gives (id, key)."""

    async def make(*escopos: str, **campos: str) -> tuple[str, str]:
        body = {"nome": "teste", "escopos": list(escopos), **campos}
        answer = await porta.http.post("/chaves", json=body)
        answer.raise_for_status()
        return answer.json()["id"], answer.json()["chave"]

    return make
