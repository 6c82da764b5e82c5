"""A backup taken while Ponte works is whole, and a restore loses nothing that was in it."""

import sqlite3
import stat
import threading
import time
from contextlib import closing
from pathlib import Path

from tests.cli.terminal import KEY, Terminal


def scalar(banco: Path, sql: str) -> object:
    with closing(sqlite3.connect(banco)) as con:
        return con.execute(sql).fetchone()[0]


def test_a_backup_while_orders_come_in_is_consistent_and_restores(loja: Terminal) -> None:
    copia = loja.folder / "copia.db"
    corpo = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
    with loja.running("up") as process, loja.client(process) as http:
        acked: list[str] = []
        writing = threading.Event()

        def write() -> None:
            while not writing.is_set():
                acked.append(http.post("/pedido", json=corpo).json()["id"])

        writer = threading.Thread(target=write)
        writer.start()
        while len(acked) < 20:
            time.sleep(0.01)
        before = len(acked)
        taken = loja.ok("backup", "--to", str(copia), "--json").json
        writing.set()
        writer.join()
        refused = loja.run("restore", str(copia), "-y")
    loja.ok("pedidos", "create", "ARROZ-5KG=1", "--externo", "DEPOIS")
    epoca = scalar(loja.banco, "SELECT valor FROM meta WHERE chave = 'epoca'")

    restored = loja.ok("restore", str(copia), "-y", "--json").json

    with closing(sqlite3.connect(loja.banco)) as con:
        kept = {row[0] for row in con.execute("SELECT id FROM pedidos")}
        afterwards = con.execute(
            "SELECT COUNT(*) FROM pedidos WHERE pedido_externo = 'DEPOIS'"
        ).fetchone()[0]
    assert (refused.code, "está rodando" in refused.err) == (2, True)
    assert set(acked[:before]) <= kept
    assert afterwards == 0
    assert restored["ok"] is True
    assert restored["epoca"] != epoca
    assert scalar(loja.banco, "SELECT valor FROM meta WHERE chave = 'epoca'") == restored["epoca"]
    assert taken["bytes"] > 0
    kept_aside = Path(restored["guardado"])
    assert scalar(kept_aside, "SELECT COUNT(*) FROM pedidos WHERE pedido_externo = 'DEPOIS'") == 1
    loja.ok("verify")


def test_a_restored_installation_serves_and_drains_its_queue(loja: Terminal) -> None:
    loja.ok("backup", "--to", "copia.db")
    loja.ok("restore", "copia.db", "-y")

    with loja.running("up") as process, loja.client(process):
        loja.wait_text("up", "pedido 1001 concluído")

    assert loja.ok("pedidos", "show", "A-1", "--json").json["status"] == "concluido"


def test_a_backup_is_private_and_says_what_is_not_in_it(loja: Terminal) -> None:
    said = loja.ok("backup", "--to", "copia.db")
    into_folder = loja.ok("backup", "--to", ".", "--json").json

    mode = stat.S_IMODE((loja.folder / "copia.db").stat().st_mode)

    assert mode == 0o600
    assert "chave.mestra" in said.err
    assert Path(into_folder["arquivo"]).is_file()
    assert KEY not in (loja.folder / "copia.db").read_bytes().decode("latin-1")


def test_a_backup_never_replaces_a_file_unasked(loja: Terminal) -> None:
    (loja.folder / "copia.db").write_text("de outro")

    refused = loja.run("backup", "--to", "copia.db")
    kept = (loja.folder / "copia.db").read_text()
    loja.ok("backup", "--to", "copia.db", "-y")

    assert (refused.code, kept) == (2, "de outro")
    assert scalar(loja.folder / "copia.db", "SELECT COUNT(*) FROM pedidos") == 1


def test_what_is_no_backup_is_not_restored(loja: Terminal) -> None:
    (loja.folder / "texto.db").write_text("nada disso" * 200)
    with closing(sqlite3.connect(loja.folder / "outro.db")) as con:
        con.execute("CREATE TABLE coisas (a)")
    before = scalar(loja.banco, "SELECT COUNT(*) FROM pedidos")

    codes = [loja.run("restore", name, "-y").code for name in ("texto.db", "outro.db", "nenhum.db")]

    assert codes == [1, 2, 2]
    assert scalar(loja.banco, "SELECT COUNT(*) FROM pedidos") == before
    assert [p.name for p in loja.dados.glob(".ponte.db.*")] == []


def test_a_restore_asks_before_it_replaces(loja: Terminal) -> None:
    loja.ok("backup", "--to", "copia.db")
    loja.ok("pedidos", "create", "ARROZ-5KG=1")

    said = loja.run("restore", "copia.db")

    assert said.code == 2
    assert scalar(loja.banco, "SELECT COUNT(*) FROM pedidos") == 2


def test_an_empty_machine_can_be_filled_from_a_backup(loja: Terminal) -> None:
    loja.ok("backup", "--to", "copia.db")
    loja.patch.setenv("PONTE_DATA_DIR", "outra-maquina")

    restored = loja.ok("restore", "copia.db", "--json").json

    assert restored["guardado"] is None
    assert loja.ok("pedidos", "list", "--json").json["total"] == 1
