"""One writer, group commit: each caller is answered after its own commit, and alone if it fails."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from ponte.errors import ArmazenamentoIndisponivel, ConflitoDeEstado
from ponte.events import MensagemPublicada, WebhookRecebido
from ponte.store.db import Commit, Rota, Tx
from ponte.store.migrate import migrate
from ponte.store.sqlite import SqliteDatabase


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    path = tmp_path / "ponte.db"
    migrate(path)
    database = SqliteDatabase(path, rotas=lambda _: [Rota("p", "f")], now_ms=lambda: 1000)
    yield database
    await database.close()


async def _write(tx: Tx, chave: str) -> str:
    await tx.execute("INSERT INTO meta VALUES (?, 'x')", (chave,))
    return chave


async def _chaves(tx: Tx) -> set[str]:
    return {row[0] for row in await tx.fetch("SELECT chave FROM meta WHERE valor = 'x'")}


async def test_a_result_comes_after_its_commit_and_another_connection_sees_it(
    db: SqliteDatabase,
) -> None:
    await db.transact(_write, "a")

    other = sqlite3.connect(db.path)

    assert other.execute("SELECT COUNT(*) FROM meta WHERE chave = 'a'").fetchone() == (1,)
    other.close()


async def test_one_that_fails_leaves_nothing_and_its_neighbours_stay(db: SqliteDatabase) -> None:
    async def bad(tx: Tx) -> None:
        await _write(tx, "bad")
        tx.put(MensagemPublicada(de="x", texto="never"))
        message = "no"
        raise ConflitoDeEstado(message)

    results = await asyncio.gather(
        db.transact(_write, "a"),
        db.transact(bad),
        db.transact(_write, "b"),
        return_exceptions=True,
    )

    assert results[0] == "a"
    assert isinstance(results[1], ConflitoDeEstado)
    assert results[2] == "b"
    assert await db.read(_chaves) == {"a", "b"}


async def test_numbers_of_a_rolled_back_fact_are_given_back(db: SqliteDatabase) -> None:
    async def put(tx: Tx, texto: str) -> int | None:
        seq = tx.put(MensagemPublicada(de="x", texto=texto)).seq
        if texto == "bad":
            message = "no"
            raise ConflitoDeEstado(message)
        return seq

    first = await db.transact(put, "one")
    await asyncio.gather(db.transact(put, "bad"), return_exceptions=True)
    together = await asyncio.gather(
        db.transact(put, "two"),
        db.transact(put, "bad"),
        db.transact(put, "three"),
        return_exceptions=True,
    )

    assert (first, together[0], together[2]) == (1, 2, 3)


async def test_a_bad_item_does_not_sink_its_batch(db: SqliteDatabase) -> None:
    groups: list[int] = []

    async def many(tx: Tx, items: Sequence[str]) -> list[str | Exception]:
        groups.append(len(items))
        for item in items:
            await _write(tx, item)  # the second "dup" breaks the primary key
        return list(items)

    results = await asyncio.gather(
        *(db.batch(many, i) for i in ("a", "dup", "dup", "b")), return_exceptions=True
    )

    assert [r for r in results if isinstance(r, str)] == ["a", "dup", "b"]
    assert sum(isinstance(r, sqlite3.IntegrityError) for r in results) == 1
    assert await db.read(_chaves) == {"a", "dup", "b"}
    assert max(groups) > 1


async def test_those_that_wait_share_a_commit(db: SqliteDatabase) -> None:
    commits: list[Commit] = []
    db.on_commit(commits.append)

    async def put(tx: Tx, i: int) -> None:
        tx.put(WebhookRecebido(webhook_id=str(i), conector="c", evento="e"))

    await asyncio.gather(*(db.transact(put, i) for i in range(200)))

    assert sum(len(c.fatos) for c in commits) == 200
    assert len(commits) < 50
    assert [f.pos for c in commits for f in c.fatos] == list(range(1, 201))


async def test_awaiting_the_outside_with_a_transaction_open_is_refused(
    db: SqliteDatabase,
) -> None:
    async def calls_out(tx: Tx) -> None:
        await _write(tx, "a")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="other than its tx"):
        await db.transact(calls_out)

    assert await db.read(_chaves) == set()


async def test_a_failed_commit_is_said_to_be_unknown_and_the_next_one_works(
    db: SqliteDatabase,
) -> None:
    async def fill(tx: Tx) -> None:
        await tx.execute("PRAGMA max_page_count = 1")
        await tx.execute("INSERT INTO meta VALUES ('big', ?)", ("y" * 10_000_000,))

    with pytest.raises(ArmazenamentoIndisponivel):
        await db.transact(fill)

    async def allow(tx: Tx) -> None:
        await tx.execute("PRAGMA max_page_count = 1073741823")

    await db.transact(allow)
    assert await db.transact(_write, "after") == "after"


async def test_two_databases_on_one_file_number_facts_without_holes(
    db: SqliteDatabase,
) -> None:
    other = SqliteDatabase(db.path, rotas=lambda _: [], now_ms=lambda: 1000)

    async def put(tx: Tx, texto: str) -> int | None:
        return tx.put(MensagemPublicada(de="x", texto=texto)).seq

    seqs = await asyncio.gather(*(d.transact(put, str(i)) for i in range(50) for d in (db, other)))
    await other.close()

    assert sorted(s for s in seqs if s is not None) == list(range(1, 101))


async def test_a_change_by_another_process_is_noticed_and_an_own_one_is_not(
    db: SqliteDatabase,
) -> None:
    await db.transact(_write, "own")
    unnoticed = await db.changed_behind()

    stranger = sqlite3.connect(db.path)
    stranger.execute("INSERT INTO meta VALUES ('foreign', 'x')")
    stranger.commit()
    stranger.close()

    assert not unnoticed
    assert await db.changed_behind()
    assert not await db.changed_behind()


async def test_rows_survive_in_chunks_of_any_size(db: SqliteDatabase) -> None:
    for size in (1, 3, 64, 65, 200, 1000):

        async def insert(tx: Tx, size: int = size) -> int:
            return await tx.insert_many(
                "meta (chave, valor)", [(f"{size}-{i}", "x") for i in range(size)]
            )

        assert await db.transact(insert) == size

    assert len(await db.read(_chaves)) == 1333
