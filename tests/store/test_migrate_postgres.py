"""The server's migrations: the same tables as the file's, once, by whoever is first."""

import asyncio
import re
import sqlite3
from pathlib import Path

import asyncpg
import pytest

from ponte.errors import ConfiguracaoInvalida
from ponte.store import pg_migrate
from ponte.store.migrate import load, migrate

pytestmark = pytest.mark.postgres


async def _all(engine: str, sql: str) -> list[asyncpg.Record]:
    con = await asyncpg.connect(engine)
    try:
        return list(await con.fetch(sql))
    finally:
        await con.close()


async def _empty(engine: str) -> None:
    await _all(engine, "DROP SCHEMA public CASCADE")
    await _all(engine, "CREATE SCHEMA public")


def test_both_engines_have_the_same_files() -> None:
    assert [m.nome for m in load("postgres")] == [m.nome for m in load("sqlite")]


async def test_both_engines_have_the_same_tables_and_columns(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "ponte.db"
    migrate(path)
    con = sqlite3.connect(path)
    tables = [r[0] for r in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    ours = {
        (table, row[1])
        for table in tables
        if not table.startswith("sqlite_")
        for row in con.execute(f"PRAGMA table_info({table})")
    }
    con.close()

    rows = await _all(
        engine,
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public'",
    )

    # The number of a pedido is a sequence there.
    assert ours - {("contadores", "pedido_numero")} == {(r[0], r[1]) for r in rows}


async def test_all_text_is_compared_by_its_bytes(engine: str) -> None:
    rows = await _all(
        engine,
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name <> 'migracoes'"
        " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'",
    )

    assert rows == []


async def test_of_processes_that_start_at_once_one_migrates(engine: str) -> None:
    await _empty(engine)

    done = await asyncio.gather(*(pg_migrate.migrate(engine) for _ in range(4)))

    assert sorted(done) == [[], [], [], [m.nome for m in load("postgres")]]
    assert len(await _all(engine, "SELECT 1 FROM meta WHERE chave = 'epoca'")) == 1


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("UPDATE migracoes SET hash = 'other' WHERE numero = 1", "0001_inicio"),
        ("INSERT INTO migracoes VALUES (9999, 'x', 'x', 'x')", "9999"),
    ],
)
async def test_a_changed_past_and_a_newer_database_are_refused(
    engine: str, sql: str, named: str
) -> None:
    await _all(engine, sql)

    with pytest.raises(ConfiguracaoInvalida, match=re.escape(named)):
        await pg_migrate.migrate(engine)


async def test_the_audit_trail_can_be_neither_changed_nor_deleted(engine: str) -> None:
    await _all(
        engine,
        "INSERT INTO auditoria (em, autor, acao, alvo, dados) VALUES (1, 'a', 'b', 'c', '{}')",
    )

    for sql in ("UPDATE auditoria SET autor = 'x'", "DELETE FROM auditoria", "TRUNCATE auditoria"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await _all(engine, sql)
