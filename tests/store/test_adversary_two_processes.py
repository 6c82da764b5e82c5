"""Two processes on one file: what one commits, the other notices, whatever it does meanwhile."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.events import MensagemPublicada
from ponte.store.db import Rota, Tx
from ponte.store.migrate import migrate
from ponte.store.sqlite import SqliteDatabase
from ponte.store.tokens import load_key


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[SqliteDatabase, SqliteDatabase]]:
    path = tmp_path / "ponte.db"
    migrate(path)
    one, other = (
        SqliteDatabase(path, rotas=lambda _: [Rota("p", "f")], now_ms=lambda: 1000)
        for _ in range(2)
    )
    yield one, other
    await one.close()
    await other.close()


async def _put(tx: Tx) -> None:
    tx.put(MensagemPublicada(de="x", texto="y"))


async def _write(tx: Tx) -> None:
    await tx.execute("UPDATE contadores SET id = id")


async def test_a_foreign_fact_just_before_an_own_commit_is_noticed(
    two: tuple[SqliteDatabase, SqliteDatabase],
) -> None:
    one, other = two
    one.foreign_change()

    await other.transact(_put)
    await one.transact(_write)

    assert one.foreign_change()
    assert not one.foreign_change()


async def test_a_foreign_fact_just_after_an_own_commit_is_noticed(
    two: tuple[SqliteDatabase, SqliteDatabase],
) -> None:
    one, other = two
    await one.transact(_put)
    one.foreign_change()

    await one.transact(_put)
    await other.transact(_put)

    assert one.foreign_change()
    assert not one.foreign_change()


async def test_own_commits_are_not_taken_for_anothers(
    two: tuple[SqliteDatabase, SqliteDatabase],
) -> None:
    one, other = two
    await other.transact(_put)
    await one.transact(_write)
    one.foreign_change()

    await one.transact(_put)
    await one.transact(_write)

    assert not one.foreign_change()


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
