"""Group commit: each caller is answered after its own commit, and alone if it fails."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncpg
import orjson
import pytest

from ponte.errors import ArmazenamentoIndisponivel, ConflitoDeEstado
from ponte.events import MensagemPublicada, WebhookRecebido
from ponte.store.db import Commit, Database, Rota, Tx
from tests.store.motores import opened

UNIQUE = (sqlite3.IntegrityError, asyncpg.UniqueViolationError)


@pytest.fixture
async def db(engine: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with _open(engine, tmp_path) as database:
        yield database


def _open(engine: str, folder: Path) -> AbstractAsyncContextManager[Database]:
    return opened(
        engine, folder / "ponte.db", rotas=lambda _: [Rota("p", "f")], now_ms=lambda: 1000
    )


async def _write(tx: Tx, chave: str) -> str:
    await tx.execute("INSERT INTO meta VALUES (?, 'x')", (chave,))
    return chave


async def _chaves(tx: Tx) -> set[str]:
    return {row[0] for row in await tx.fetch("SELECT chave FROM meta WHERE valor = 'x'")}


async def test_a_result_comes_after_its_commit_and_another_process_sees_it(
    db: Database, engine: str, tmp_path: Path
) -> None:
    async with _open(engine, tmp_path) as other:
        await db.transact(_write, "a")

        assert await other.read(_chaves) == {"a"}


async def test_one_that_fails_leaves_nothing_and_its_neighbours_stay(db: Database) -> None:
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


async def test_numbers_of_a_rolled_back_fact_are_given_back(db: Database) -> None:
    commits: list[Commit] = []
    db.on_commit(commits.append)

    async def put(tx: Tx, texto: str) -> None:
        tx.put(MensagemPublicada(de="x", texto=texto))
        if texto == "bad":
            message = "no"
            raise ConflitoDeEstado(message)

    await db.transact(put, "one")
    await asyncio.gather(db.transact(put, "bad"), return_exceptions=True)
    await asyncio.gather(
        *(db.transact(put, texto) for texto in ("two", "bad", "three")), return_exceptions=True
    )

    fatos = [f for c in commits for f in c.fatos]
    assert [(f.pos, f.seq) for f in fatos] == [(1, 1), (2, 2), (3, 3)]
    assert [orjson.loads(f.dados)["texto"] for f in fatos] == ["one", "two", "three"]


async def test_a_bad_item_does_not_sink_its_batch(db: Database) -> None:
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
    assert sum(isinstance(r, UNIQUE) for r in results) == 1
    assert await db.read(_chaves) == {"a", "dup", "b"}
    assert max(groups) > 1


async def test_those_that_wait_share_a_commit(db: Database) -> None:
    commits: list[Commit] = []
    db.on_commit(commits.append)

    async def put(tx: Tx, i: int) -> None:
        tx.put(WebhookRecebido(webhook_id=str(i), conector="c", evento="e"))

    await asyncio.gather(*(db.transact(put, i) for i in range(200)))

    assert sum(len(c.fatos) for c in commits) == 200
    assert len(commits) < 50
    assert [f.pos for c in commits for f in c.fatos] == list(range(1, 201))


async def test_awaiting_the_outside_with_a_transaction_open_is_refused(
    db: Database,
) -> None:
    async def calls_out(tx: Tx) -> None:
        await _write(tx, "a")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="other than its tx"):
        await db.transact(calls_out)

    assert await db.read(_chaves) == set()


@pytest.mark.sqlite
async def test_a_failed_commit_is_said_to_be_unknown_and_the_next_one_works(
    db: Database,
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


async def test_two_processes_number_facts_without_holes_in_the_order_of_their_commits(
    db: Database, engine: str, tmp_path: Path
) -> None:
    async def put(tx: Tx, texto: str) -> None:
        tx.put(MensagemPublicada(de="x", texto=texto))

    async with _open(engine, tmp_path) as other:
        seen: list[int] = []
        work = asyncio.gather(*(d.transact(put, str(i)) for i in range(200) for d in (db, other)))
        while not work.done():
            seen += await db.read(_after, seen[-1] if seen else 0)
        await work
        seen += await db.read(_after, seen[-1] if seen else 0)

    # Who always asks for what is after the last it saw has seen everything.
    assert seen == list(range(1, 401))


async def _after(tx: Tx, pos: int) -> list[int]:
    rows = await tx.fetch("SELECT pos FROM fatos WHERE pos > ? ORDER BY pos", (pos,))
    return [row[0] for row in rows]


@pytest.mark.sqlite
async def test_a_change_by_another_process_is_noticed_and_an_own_one_is_not(
    db: Database, tmp_path: Path
) -> None:
    await db.transact(_write, "own")
    unnoticed = await db.changed_behind()

    stranger = sqlite3.connect(tmp_path / "ponte.db")
    stranger.execute("INSERT INTO meta VALUES ('foreign', 'x')")
    stranger.commit()
    stranger.close()

    assert not unnoticed
    assert await db.changed_behind()
    assert not await db.changed_behind()


async def test_rows_survive_in_chunks_of_any_size(db: Database) -> None:
    for size in (1, 3, 64, 65, 200, 1000):

        async def insert(tx: Tx, size: int = size) -> int:
            return await tx.insert_many(
                "meta (chave, valor)", [(f"{size}-{i}", "x") for i in range(size)]
            )

        assert await db.transact(insert) == size

    assert len(await db.read(_chaves)) == 1333
