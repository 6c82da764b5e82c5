"""A server's database is copied while Ponte works and put back whole, as a file's is."""

import asyncio
import os
import re
import stat
import threading
import time
from importlib import resources
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.cli.terminal import KEY, Terminal
from tests.postgres import Cluster

# Processes start and end here: seconds, on a crowded machine many.
pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
CSV = "produto_id;nome;preco;quantidade;minimo\nARROZ-5KG;Arroz 5 kg;25,90;4000;5\n"
CORPO = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}


@pytest.fixture
def servidor(
    terminal: Terminal, engine: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """A terminal whose Ponte stores on a server with a product and an order that waits."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{cluster.bin}")
    monkeypatch.setenv("PONTE_DATABASE_URL", engine)
    terminal.env["PONTE_DATABASE_URL"] = engine
    (terminal.folder / "produtos.csv").write_text(CSV)
    terminal.ok("estoque", "import", "produtos.csv", "-y")
    terminal.ok("pedidos", "create", "ARROZ-5KG=2", "--externo", "A-1")
    return terminal


def asked(url: str, *sql: str) -> Any:
    """Run statements and return what the last one answers."""

    async def ask() -> Any:
        con = await asyncpg.connect(url)
        try:
            for each in sql[:-1]:
                await con.execute(each)
            return [tuple(row) for row in await con.fetch(sql[-1])]
        finally:
            await con.close()

    return asyncio.run(ask())


def another(cluster: Cluster, engine: str) -> str:
    """Return the address of an empty database that is gone with the cluster."""
    name = f"{engine.rpartition('/')[2]}_outro"
    asked(cluster.url("postgres"), f"CREATE DATABASE {name}", "SELECT 1")
    return cluster.url(name)


def test_a_copy_while_orders_come_in_holds_all_that_were_answered(
    servidor: Terminal, engine: str, cluster: Cluster
) -> None:
    copia = servidor.folder / "copia.dump"
    with servidor.running("up") as process, servidor.client(process) as http:
        acked: list[str] = []
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                acked.append(http.post("/pedido", json=CORPO).json()["id"])

        writer = threading.Thread(target=write)
        writer.start()
        while len(acked) < 20:
            time.sleep(0.01)
        before = len(acked)
        servidor.ok("backup", "--to", str(copia), "--json")
        stop.set()
        writer.join()
        refused = servidor.run("restore", str(copia), "-y")
    novo = another(cluster, engine)
    servidor.patch.setenv("PONTE_DATABASE_URL", novo)

    restored = servidor.ok("restore", str(copia), "--json").json

    kept = {row[0] for row in asked(novo, "SELECT id FROM pedidos")}
    assert (refused.code, "está rodando" in refused.err) == (2, True)
    assert set(acked[:before]) <= kept
    assert (restored["ok"], restored["guardado"]) == (True, None)
    assert cluster.password not in restored["banco"]
    epoca = "SELECT valor FROM meta WHERE chave = 'epoca'"
    assert asked(novo, epoca) == [(restored["epoca"],)] != asked(engine, epoca)
    servidor.ok("verify")


def test_work_that_somebody_had_in_hand_is_free_after_a_restore(
    servidor: Terminal, engine: str
) -> None:
    held = (
        "UPDATE fila SET lease = 'l', lease_ate = 9000000000000, dono = 'morto', tentativas = 1",
        "INSERT INTO instancias VALUES ('morto', 'worker', 'h', 1, 1, 1)",
    )
    asked(engine, *held, "SELECT 1")
    servidor.ok("backup", "--to", "copia.dump")

    servidor.ok("restore", "copia.dump", "-y")
    free = asked(engine, "SELECT lease, dono, enviada_em, tentativas, mortes FROM fila")
    with servidor.running("up") as process, servidor.client(process):
        servidor.wait_text("up", "pedido 1001 concluído")

    assert set(free) == {(None, None, None, 0, 0)}
    assert asked(engine, "SELECT 1 FROM instancias WHERE id = 'morto'") == []


def test_a_restore_asks_first_and_keeps_what_it_replaces(servidor: Terminal, engine: str) -> None:
    servidor.ok("backup", "--to", "copia.dump")
    servidor.ok("pedidos", "create", "ARROZ-5KG=1", "--externo", "DEPOIS")
    count = "SELECT COUNT(*) FROM pedidos"

    unasked = servidor.run("restore", "copia.dump")
    untouched = asked(engine, count)
    guardado = servidor.ok("restore", "copia.dump", "-y", "--json").json["guardado"]
    restored = asked(engine, count)
    servidor.ok("restore", guardado, "-y")

    assert (unasked.code, untouched, restored) == (2, [(2,)], [(1,)])
    assert asked(engine, count) == [(2,)]


def test_a_copy_is_private_and_holds_no_key_of_the_installation(
    servidor: Terminal, cluster: Cluster
) -> None:
    said = servidor.ok("backup", "--to", "copia.dump")
    pasta = servidor.ok("backup", "--to", ".", "--json").json
    again = servidor.run("backup", "--to", "copia.dump")

    text = (servidor.folder / "copia.dump").read_bytes()
    assert stat.S_IMODE((servidor.folder / "copia.dump").stat().st_mode) == 0o600
    assert KEY.encode() not in text
    assert cluster.password.encode() not in text
    assert "chave.mestra" in said.err
    assert Path(pasta["arquivo"]).suffix == ".dump"
    assert again.code == 2


def test_what_is_no_copy_of_this_database_changes_nothing(
    servidor: Terminal, engine: str, cluster: Cluster
) -> None:
    servidor.ok("backup", "--to", "copia.dump")
    whole = (servidor.folder / "copia.dump").read_bytes()
    (servidor.folder / "metade.dump").write_bytes(whole[: len(whole) // 2])
    (servidor.folder / "arquivo.db").write_bytes(b"SQLite format 3\0")
    (servidor.folder / "texto.dump").write_text("nada disso")
    alheio = another(cluster, engine)
    asked(alheio, "CREATE TABLE coisas (a int)", "SELECT 1")

    names = ("metade.dump", "arquivo.db", "texto.dump", "nenhum.dump")
    codes = [servidor.run("restore", name, "-y").code for name in names]
    servidor.patch.setenv("PONTE_DATABASE_URL", alheio)
    foreign = servidor.run("restore", "copia.dump", "-y")
    empty = servidor.run("backup", "--to", "alheio.dump")

    assert codes == [1, 2, 1, 2]
    assert asked(engine, "SELECT COUNT(*) FROM pedidos") == [(1,)]
    assert (foreign.code, "outras tabelas" in foreign.err) == (2, True)
    assert (empty.code, (servidor.folder / "alheio.dump").exists()) == (2, False)
    assert list(servidor.folder.glob(".*.parcial")) == []


def test_a_copy_of_a_newer_ponte_is_refused_and_changes_nothing(
    servidor: Terminal, engine: str
) -> None:
    asked(engine, "INSERT INTO migracoes VALUES (9999, 'x', 'x', 'x')", "SELECT 1")
    servidor.ok("backup", "--to", "nova.dump")
    asked(engine, "DELETE FROM migracoes WHERE numero = 9999", "SELECT 1")

    said = servidor.run("restore", "nova.dump", "-y")

    assert (said.code, "9999" in said.err) == (2, True)
    assert asked(engine, "SELECT COUNT(*) FROM migracoes WHERE numero = 9999") == [(0,)]


def back_to_the_first() -> list[str]:
    """Return what undoes every migration but the first."""
    folder = Path(str(resources.files("ponte.store") / "migrations" / "postgres"))
    later = "".join(f.read_text() for f in folder.glob("*.sql") if not f.name.startswith("0001"))
    tables = re.findall(r"^CREATE TABLE (\w+)", later, re.MULTILINE)
    indexes = re.findall(r"^CREATE (?:UNIQUE )?INDEX (\w+)", later, re.MULTILINE)
    return [
        f"DROP TABLE {', '.join(tables)}",
        *(f"DROP INDEX IF EXISTS {index}" for index in indexes),
    ]


def test_a_copy_of_an_older_ponte_is_brought_up_to_date(servidor: Terminal, engine: str) -> None:
    asked(engine, *back_to_the_first(), "DELETE FROM migracoes WHERE numero > 1", "SELECT 1")
    servidor.ok("backup", "--to", "velha.dump")
    servidor.ok("migrate")

    restored = servidor.ok("restore", "velha.dump", "-y", "--json").json

    assert restored["ok"]
    assert servidor.ok("migrate", "--dry-run", "--json").json["pendentes"] == []
    assert asked(engine, "SELECT COUNT(*) FROM mensagens") == [(0,)]


@pytest.mark.parametrize(
    ("version", "words"), [(None, "Falta o programa pg_dump"), ("9.6.1", "o daqui é o 9")]
)
def test_a_missing_or_old_program_is_named_with_what_to_install(
    servidor: Terminal, version: str | None, words: str
) -> None:
    folder = servidor.folder / "bin"
    folder.mkdir()
    if version:
        program = folder / "pg_dump"
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    servidor.patch.setenv("PATH", str(folder))

    said = servidor.run("backup", "--to", "copia.dump")

    assert said.code == 2
    assert words in said.err
    assert "postgresql-client-" in said.err
