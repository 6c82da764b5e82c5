"""The writer outlives whatever a service does to it, and asks the engine for little."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from ponte.store import outbox
from ponte.store.db import Database, Rota, Tx
from ponte.store.sqlite import SqliteDatabase, connect
from tests.store.motores import opened


@pytest.fixture
async def db(engine: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(
        engine, tmp_path / "ponte.db", rotas=lambda _: [Rota("p", "f")], now_ms=lambda: 1000
    ) as database:
        yield database


async def test_a_batch_that_answers_for_too_few_fails_and_the_writer_goes_on(
    db: Database,
) -> None:
    async def forgets(tx: Tx, _items: Sequence[str]) -> list[str]:
        await tx.execute("INSERT INTO meta VALUES ('half', 'x')")
        return []

    async def read(tx: Tx) -> object:
        return await tx.fetch_one("SELECT 1 FROM meta WHERE chave = 'half'")

    with pytest.raises(ValueError, match="zip"):
        await db.batch(forgets, "a")

    assert await db.transact(read) is None


@pytest.mark.sqlite
async def test_a_claim_does_not_look_through_the_whole_backlog(db: SqliteDatabase) -> None:
    plans: list[str] = []
    con = connect(db.path, readonly=True)
    for mortes in ("f.mortes > 0", "f.mortes = 0"):
        sql = outbox._HEAD.format(mortes=mortes)
        plans += [row[3] for row in con.execute(f"EXPLAIN QUERY PLAN {sql}", ("f", 1, 1))]
    con.close()

    assert any("fila_suspeita" in plan for plan in plans)
    assert not any("SCAN" in plan or "TEMP B-TREE" in plan for plan in plans)
