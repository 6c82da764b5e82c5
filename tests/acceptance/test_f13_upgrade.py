"""F13: an upgrade in the middle of the work loses nothing, on both engines."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ponte.store import pg_migrate
from ponte.store.migrate import HISTORY, Migracao, load, statements
from ponte.store.provas import prove
from ponte.testing import embedded
from tests.espera import until

GRAVADO = Path(__file__).parents[1] / "store" / "gravado" / "fila_0001.sql"
FALHA = "01935e0a-0005-7000-8000-000000000001"
RECORD = "INSERT INTO migracoes VALUES (1, '{nome}', '{hash}', '2024-11-24 12:00:00')"
EPOCA = "INSERT INTO meta VALUES ('epoca', 'x')"


def old_file(path: Path, inicio: Migracao) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as con:
        con.execute("PRAGMA journal_mode = WAL")
        for sql in [HISTORY, *statements(inicio.sql), EPOCA]:
            con.execute(sql)
        con.execute(RECORD.format(nome=inicio.nome, hash=inicio.hash))
        con.executescript(GRAVADO.read_text())
        con.execute("UPDATE contadores SET pos=6, seq=6, seq_publico=6, seq_estoque=1, fila=5")
        con.execute("UPDATE contadores SET pedido_numero = 1005")
        con.commit()


async def old_server(url: str, inicio: Migracao) -> None:
    con = await asyncpg.connect(url)
    try:
        for sql in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", HISTORY, inicio.sql):
            await con.execute(sql)
        await con.execute(EPOCA)
        await con.execute(RECORD.format(nome=inicio.nome, hash=inicio.hash))
        await con.execute(GRAVADO.read_text())
        await con.execute(
            "UPDATE contadores SET pos=6, seq=6, seq_publico=6, seq_estoque=1, fila=5"
        )
        await con.execute("SELECT setval('pedidos_numero', 1005), setval("
                          "pg_get_serial_sequence('movimentos', 'id'), 1)")  # fmt: skip
    finally:
        await con.close()


@pytest.fixture
async def antiga(data_dir: Path, engine: str) -> Path:
    """The data of the first version, five orders on their way, on this test's engine."""
    inicio = load(pg_migrate.ENGINE if engine else "sqlite")[0]
    if engine:
        await old_server(engine, inicio)
    else:
        old_file(data_dir / "ponte.db", inicio)
    return data_dir


@pytest.mark.timeout(180)  # two waits of up to a minute, on a crowded machine
async def test_a_backlog_of_the_version_before_is_worked_off(
    data_dir: Path, antiga: Path, engine: str
) -> None:
    assert antiga == data_dir
    async with embedded(data_dir) as ponte:

        async def done(*numeros: int) -> Any:
            page = await ponte.get("/pedidos", status="concluido")
            return sorted(p["numero"] for p in page["itens"]) == list(numeros)

        await until(lambda: done(1001, 1002, 1003, 1005), seconds=60)
        aside = await ponte.get(f"/falhas/{FALHA}")
        answer = await ponte.http.post(f"/falhas/{FALHA}/reprocessar")
        await until(lambda: done(1001, 1002, 1003, 1004, 1005), seconds=60)

        assert (aside["situacao"], answer.status_code) == ("aberta", 200)
        novo = await ponte.http.post(
            "/pedido", json={"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
        )
        assert novo.json()["numero"] == 1006
        resultados = await ponte.ctx.db.read(prove, "postgres" if engine else "sqlite")
        assert [r.exemplos for r in resultados if r.achados] == []
        assert {r.nome: r.examinados for r in resultados}["estoque_soma"] == 1
        assert await ponte.ctx.db.read(epoca) == "4820b40fa0be"


async def epoca(tx: Any) -> str:
    row = await tx.fetch_one("SELECT valor FROM meta WHERE chave = 'epoca'")
    return str(row[0])
