"""From a file to a server: every row, every number, or nothing."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ponte.errors import ArmazenamentoIndisponivel
from ponte.events import PedidoCancelado
from ponte.store import mudanca
from ponte.store.db import Rota, Tx
from ponte.store.migrate import load, migrate
from ponte.store.mudanca import DestinoOcupado, MudancaFalhou, OrigemAtrasada, OrigemOcupada
from tests.store.motores import opened

pytestmark = pytest.mark.postgres
AGORA = 1_764_000_000_000
TEXTO = "açaí\t'\"\\ 🍇\n\\N"  # what quoting gets wrong
FATO = PedidoCancelado(
    pedido_id="p1",
    numero=7,
    canal="api",
    filial_id="1",
    total="9.90",
    itens=[],
    em="2026-11-24T12:00:00.000Z",
    motivo="teste",
    devolvido=True,
)


def value_of(kind: str, *, n: int) -> Any:
    """Return a value of a column's kind, the odd ones first."""
    if kind == "BLOB":
        return bytes([0, 255, 92, n % 256])
    if kind == "REAL":
        return (0.1, -1.5e300, 1e-9)[n % 3]
    return n if kind == "INTEGER" else f"{TEXTO}{n}"


def fill(path: Path, *, rows: int) -> dict[str, int]:
    """Put rows into every table that has none, whatever its columns; return how many."""
    counts = {}
    with closing(sqlite3.connect(path)) as con:
        tables = [
            row[0] for row in con.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for table in tables:
            if table in {"migracoes", "instancias", "contadores"} or table.startswith("sqlite"):
                continue
            columns = con.execute(f"PRAGMA table_info({table})").fetchall()
            marks = ", ".join("?" * len(columns))
            con.executemany(
                f"INSERT INTO {table} VALUES ({marks})",  # noqa: S608 - own names
                [
                    [
                        None if not needed and not key and n % 2 else value_of(kind, n=n)
                        for _, _, kind, needed, _, key in columns
                    ]
                    for n in range(1, rows + 1)
                ],
            )
            counts[table] = con.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608
        con.commit()
    return counts


@pytest.fixture
def arquivo(tmp_path: Path) -> Path:
    path = tmp_path / "ponte.db"
    migrate(path)
    return path


async def rows_of(engine: str, sql: str) -> list[tuple[Any, ...]]:
    con = await asyncpg.connect(engine)
    try:
        return [tuple(row) for row in await con.fetch(sql)]
    finally:
        await con.close()


def read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as con:
        return con.execute(sql).fetchall()


async def test_every_row_of_every_table_arrives_as_it_was(arquivo: Path, engine: str) -> None:
    counts = fill(arquivo, rows=mudanca.ROWS + 3)

    moved = await mudanca.move(arquivo, engine)

    assert moved == counts | {"contadores": 1}
    for sql in (
        "SELECT id, valores, em FROM (SELECT em AS id, valores, em FROM medicoes) m ORDER BY 1",
        "SELECT chave, valor FROM meta ORDER BY chave",
        "SELECT nome, cifrado, expira_em FROM tokens ORDER BY nome",
        "SELECT id, valor FROM amostras ORDER BY id",
        "SELECT id, corpo, motivo FROM webhooks ORDER BY id",
        "SELECT dono, chave, corpo, local FROM idempotencia ORDER BY id",
    ):
        assert await rows_of(engine, sql) == read(arquivo, sql)


async def test_all_numbers_go_on_where_they_were(arquivo: Path, engine: str) -> None:
    def rotas(_: Any) -> Sequence[Rota]:
        return (Rota("x.y", "trabalho"),)

    async def one(tx: Tx) -> Sequence[int]:
        tx.put(FATO)
        await tx.insert_many("auditoria (em, autor, acao, alvo, dados)", [(1, "a", "b", "c", "{}")])
        return await tx.next_numeros(2)

    async with opened("", arquivo, rotas=rotas, now_ms=lambda: AGORA) as db:
        before = [await db.transact(one) for _ in range(3)][-1]

    await mudanca.move(arquivo, engine)
    async with opened(engine, arquivo, rotas=rotas, now_ms=lambda: AGORA) as db:
        after = await db.transact(one)

    assert list(after) == [before[-1] + 1, before[-1] + 2]
    numbers = await rows_of(engine, "SELECT pos, seq, seq_publico FROM fatos ORDER BY pos")
    old = read(arquivo, "SELECT pos, seq, seq_publico FROM fatos ORDER BY pos")
    assert numbers[:3] == old
    assert numbers[3][:2] == (4, old[-1][1] + 1)
    assert [r[0] for r in await rows_of(engine, "SELECT id FROM fila ORDER BY id")] == [1, 2, 3, 4]
    assert await rows_of(engine, "SELECT MAX(id) FROM auditoria") == [(4,)]
    epoca = "SELECT valor FROM meta WHERE chave = 'epoca'"
    assert await rows_of(engine, epoca) == read(arquivo, epoca)


async def test_work_that_was_in_hand_or_sent_waits_again(arquivo: Path, engine: str) -> None:
    with closing(sqlite3.connect(arquivo)) as con:
        con.execute(
            "INSERT INTO fila VALUES (1, 1, 'p', 'f', 'l', 5, 6, 3, 1, 'lease', 9, 'dono', NULL)"
        )
        con.execute("INSERT INTO leases VALUES ('agenda', 'morto', 7, 9000000000000)")
        con.execute("INSERT INTO instancias VALUES ('morto', 'all', 'h', 1, 1, 1)")
        con.commit()

    await mudanca.move(arquivo, engine)

    held = "SELECT enviada_em, tentativas, mortes, lease, dono FROM fila"
    assert await rows_of(engine, held) == [(None, 2, 1, None, None)]
    assert await rows_of(engine, "SELECT token, ate FROM leases") == [(7, 0)]
    assert await rows_of(engine, "SELECT id FROM instancias") == []


async def test_a_database_with_rows_is_refused_and_stays(arquivo: Path, engine: str) -> None:
    fill(arquivo, rows=1)
    await rows_of(engine, "INSERT INTO lapides VALUES ('a', 'b', 'c', 1)")

    with pytest.raises(DestinoOcupado) as refused:
        await mudanca.move(arquivo, engine)

    assert refused.value.tabela == "lapides"
    assert await rows_of(engine, "SELECT COUNT(*) FROM pedidos") == [(0,)]


async def test_a_file_that_somebody_writes_to_is_refused(arquivo: Path, engine: str) -> None:
    with closing(sqlite3.connect(arquivo)) as con:
        con.execute("BEGIN IMMEDIATE")

        with pytest.raises(OrigemOcupada):
            await mudanca.move(arquivo, engine)

    await mudanca.move(arquivo, engine)


async def test_a_file_of_an_older_version_is_refused(arquivo: Path, engine: str) -> None:
    last = load()[-1].numero
    with closing(sqlite3.connect(arquivo)) as con:
        con.execute("DELETE FROM migracoes WHERE numero = ?", (last,))
        con.commit()

    with pytest.raises(OrigemAtrasada):
        await mudanca.move(arquivo, engine)


@pytest.mark.parametrize("bad", ["text\0null", b"no text"])
async def test_a_value_that_the_server_can_not_hold_stops_all_of_it(
    arquivo: Path, engine: str, bad: str | bytes
) -> None:
    fill(arquivo, rows=3)
    with closing(sqlite3.connect(arquivo)) as con:
        con.execute("UPDATE webhooks SET motivo = ?", (bad,))
        con.commit()

    with pytest.raises(MudancaFalhou, match="webhooks"):
        await mudanca.move(arquivo, engine)

    assert await rows_of(engine, "SELECT COUNT(*) FROM pedidos") == [(0,)]


async def test_a_move_that_dies_half_way_leaves_an_empty_database(
    arquivo: Path, engine: str
) -> None:
    fill(arquivo, rows=10)
    await rows_of(
        engine,
        "CREATE FUNCTION cai() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$",
    )
    last = (
        "CREATE TRIGGER cai BEFORE INSERT ON webhooks"
        " FOR EACH ROW WHEN (NEW.recebido_em = 7) EXECUTE FUNCTION cai()"
    )
    await rows_of(engine, last)

    with pytest.raises(ArmazenamentoIndisponivel):
        await mudanca.move(arquivo, engine)

    assert await rows_of(engine, "SELECT COUNT(*) FROM fatos") == [(0,)]
    await rows_of(engine, "DROP TRIGGER cai ON webhooks")
    assert (await mudanca.move(arquivo, engine))["webhooks"] == 10


async def test_rows_that_did_not_arrive_as_sent_are_not_committed(
    arquivo: Path, engine: str
) -> None:
    fill(arquivo, rows=10)
    await rows_of(
        engine,
        "CREATE FUNCTION muda() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.saldo := NEW.saldo + 1; RETURN NEW; END $$",
    )
    await rows_of(
        engine,
        "CREATE TRIGGER muda BEFORE INSERT ON movimentos"
        " FOR EACH ROW WHEN (NEW.id = 7) EXECUTE FUNCTION muda()",
    )

    with pytest.raises(MudancaFalhou, match="movimentos"):
        await mudanca.move(arquivo, engine)

    assert await rows_of(engine, "SELECT COUNT(*) FROM movimentos") == [(0,)]
