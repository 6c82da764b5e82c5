"""Two processes on one database: each notices what the other commits, whatever it does."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from ponte.events import MensagemPublicada
from ponte.store.db import Commit, Database, ForeignChange, Rota, Tx
from ponte.store.tokens import load_key
from tests.store.motores import opened

Two = tuple[Database, Database]


@pytest.fixture
async def two(engine: str, tmp_path: Path) -> AsyncIterator[Two]:
    def process() -> AbstractAsyncContextManager[Database]:
        return opened(
            engine, tmp_path / "ponte.db", rotas=lambda _: [Rota("p", "f")], now_ms=lambda: 1000
        )

    async with process() as one, process() as other:
        yield one, other


async def _notices(db: Database) -> ForeignChange:
    """Return what is noticed as soon as the word arrives, which a server needs a moment for."""
    async with asyncio.timeout(10):
        while True:
            found = db.foreign_change()
            if found is not None:
                return found
            await asyncio.sleep(0.01)


async def _quiet(db: Database) -> bool:
    await asyncio.sleep(0.1)
    return db.foreign_change() is None


async def _put(tx: Tx) -> None:
    tx.put(MensagemPublicada(de="x", texto="y"))


async def _write(tx: Tx) -> None:
    await tx.execute("UPDATE contadores SET id = id")


async def test_a_foreign_fact_just_before_an_own_commit_is_noticed(two: Two) -> None:
    one, other = two
    one.foreign_change()

    await other.transact(_put)
    await one.transact(_write)

    assert (await _notices(one)).filas in (None, {"f"})
    assert await _quiet(one)


async def test_a_foreign_fact_just_after_an_own_commit_is_noticed(two: Two) -> None:
    one, other = two
    await one.transact(_put)
    one.foreign_change()

    await one.transact(_put)
    await other.transact(_put)

    assert (await _notices(one)).filas in (None, {"f"})
    assert await _quiet(one)


async def test_own_commits_are_not_taken_for_anothers(two: Two) -> None:
    one, other = two
    await other.transact(_put)
    await one.transact(_write)
    await _notices(one)

    await one.transact(_put)
    await one.transact(_write)

    assert await _quiet(one)


async def test_a_queue_that_is_fed_without_a_fact_is_told_here_and_there(two: Two) -> None:
    one, other = two
    own: list[Commit] = []
    other.on_commit(own.append)

    async def feed(tx: Tx) -> None:
        await _write(tx)
        tx.feed("g")

    await other.transact(feed)

    assert (await _notices(one)).filas in (None, {"g"})
    assert [commit.filas for commit in own] == [{"g"}]


def test_nobody_ever_sees_half_a_master_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chave.mestra"
    seen: list[bytes | None] = []
    sync = os.fsync

    def looks(fd: int) -> None:
        seen.append(path.read_bytes() if path.exists() else None)
        sync(fd)

    monkeypatch.setattr(os, "fsync", looks)

    key = load_key(path)

    assert seen
    assert all(found in {None, key} for found in seen)
    assert load_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["chave.mestra"]
