"""Tokens at rest: unreadable without the key, bound to their name, gone when they expire."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.errors import ConfiguracaoInvalida
from ponte.store.db import Database, Tx
from ponte.store.tokens import EncryptedTokens, forget, load_key
from tests.store.motores import opened

SECRET = "canary-token-value"


@pytest.fixture
async def db(engine: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(
        engine, tmp_path / "ponte.db", rotas=lambda _: [], now_ms=lambda: 1000
    ) as database:
        yield database


async def _stored(tx: Tx) -> bytes:
    return b"".join([row[0] for row in await tx.fetch("SELECT cifrado FROM tokens")])


def _on_disk(folder: Path) -> bytes:
    return b"".join(f.read_bytes() for f in folder.iterdir() if f.name.startswith("ponte.db"))


async def test_a_token_comes_back_and_is_unreadable_on_the_disk(
    db: Database, tmp_path: Path
) -> None:
    tokens = EncryptedTokens(db, load_key(tmp_path / "chave"))

    await tokens.put("rappi", SECRET, expira_em_ms=2000)

    assert await tokens.get("rappi") == (SECRET, 2000)
    assert SECRET.encode() not in await db.read(_stored) + _on_disk(tmp_path)


async def test_another_key_or_another_name_reads_nothing(db: Database, tmp_path: Path) -> None:
    tokens = EncryptedTokens(db, load_key(tmp_path / "chave"))
    await tokens.put("rappi", SECRET, expira_em_ms=2000)

    stranger = EncryptedTokens(db, load_key(tmp_path / "outra"))

    async def move(tx: Tx) -> None:
        await tx.execute("INSERT INTO tokens SELECT 'ifood', cifrado, expira_em FROM tokens")

    await db.transact(move)

    assert await stranger.get("rappi") is None
    assert await tokens.get("ifood") is None


async def test_an_expired_or_deleted_token_is_none(db: Database, tmp_path: Path) -> None:
    tokens = EncryptedTokens(db, load_key(tmp_path / "chave"))
    await tokens.put("old", SECRET, expira_em_ms=999)
    await tokens.put("gone", SECRET, expira_em_ms=2000)

    await tokens.delete("gone")

    assert await tokens.get("old") is None
    assert await tokens.get("gone") is None


async def test_a_right_is_given_to_one_until_it_expires(db: Database, tmp_path: Path) -> None:
    tokens = EncryptedTokens(db, load_key(tmp_path / "chave"))
    await tokens.put("old", "first", expira_em_ms=999)

    given = [await tokens.claim("right", dono, expira_em_ms=2000) for dono in ("a", "b")]
    over = await tokens.claim("old", "second", expira_em_ms=2000)

    assert (given, over) == ([True, False], True)
    assert await tokens.get("right") == ("a", 2000)
    assert await tokens.get("old") == ("second", 2000)


async def test_all_secrets_of_an_account_are_forgotten_and_no_other(
    db: Database, tmp_path: Path
) -> None:
    tokens = EncryptedTokens(db, load_key(tmp_path / "chave"))
    for nome in ("x:10:a", "x:10:b", "x:100:a", "x:1_:a"):
        await tokens.put(nome, SECRET, expira_em_ms=2000)

    gone = await db.transact(_forget, "x:10:")

    kept = [nome for nome in ("x:10:a", "x:10:b", "x:100:a", "x:1_:a") if await tokens.get(nome)]
    assert (gone, kept) == (2, ["x:100:a", "x:1_:a"])


async def _forget(tx: Tx, inicio: str) -> int:
    return await forget(tx, inicio=inicio)


def test_the_key_file_is_for_its_owner_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chave"

    key = load_key(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path) == key
    path.write_bytes(b"short")
    with pytest.raises(ConfiguracaoInvalida, match="32 bytes"):
        load_key(path)
