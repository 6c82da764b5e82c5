"""One command takes an installation from its file to a server, with all that still waits."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.terminal import Terminal
from tests.postgres import Cluster

# Processes start and end here: seconds, on a crowded machine many.
pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
CORPO = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
MESMA = {"Idempotency-Key": "chave-de-teste-1"}


@pytest.fixture
def em_arquivo(loja: Terminal) -> Terminal:
    """A shop in a file: the engine's address is for the target alone."""
    loja.patch.delenv("PONTE_DATABASE_URL", raising=False)
    return loja


def content(path: Path) -> str:
    with closing(sqlite3.connect(path)) as con:
        return "\n".join(con.iterdump())


def follow(http: httpx2.Client) -> list[Any]:
    """Return all facts, in order."""
    return list(http.get("/eventos", params={"limite": 100}).json()["itens"])


def test_an_installation_goes_on_where_it_was(
    em_arquivo: Terminal, engine: str, cluster: Cluster
) -> None:
    loja = em_arquivo
    with loja.running("web") as process, loja.client(process) as http:
        first = http.post("/pedido", json=CORPO, headers=MESMA).json()
        refused = loja.run("migrate", "--to", engine)
        facts = follow(http)
    before = content(loja.banco)

    moved = loja.run("migrate", "--to", engine, "--json")

    assert (refused.code, "está rodando" in refused.err) == (2, True)
    assert moved.code == 0, moved
    assert moved.json["ok"]
    assert moved.json["tabelas"]["pedidos"] == 2
    assert moved.json["linhas"] == sum(moved.json["tabelas"].values())
    assert "PONTE_DATABASE_URL=postgresql://127.0.0.1" in moved.err
    assert cluster.password not in moved.out + moved.err
    assert content(loja.banco) == before
    loja.patch.setenv("PONTE_DATABASE_URL", engine)
    loja.env["PONTE_DATABASE_URL"] = engine
    with loja.running("up") as process, loja.client(process) as http:
        loja.wait_text("up", rf"pedido {first['numero']} concluído")
        again = http.post("/pedido", json=CORPO, headers=MESMA).json()
        novo = http.post("/pedido", json=CORPO).json()
        after = follow(http)
    assert again["id"] == first["id"]
    assert novo["numero"] == first["numero"] + 1
    known = [fato["id"] for fato in facts]
    assert [fato["id"] for fato in after if fato["id"] in known] == known
    assert loja.ok("pedidos", "show", "A-1", "--json").json["status"] == "concluido"
    loja.ok("verify")


def test_what_is_not_fit_for_it_is_said_and_nothing_is_moved(
    em_arquivo: Terminal, engine: str, cluster: Cluster
) -> None:
    loja = em_arquivo
    wrong = loja.run("migrate", "--to", "mysql://x/y")
    both = loja.run("migrate", "--to", engine, "--dry-run")
    away = loja.run("migrate", "--to", "postgresql://u:canary@127.0.0.1:1/x")
    loja.patch.setenv("PGPASSWORD", cluster.password)  # it need not stand in the command
    first = loja.run("migrate", "--to", engine.replace(f":{cluster.password}@", "@"))
    second = loja.run("migrate", "--to", engine)
    loja.patch.setenv("PONTE_DATABASE_URL", engine)
    there = loja.run("migrate", "--to", engine)

    assert [said.code for said in (wrong, both, away, first, second, there)] == [2, 2, 4, 0, 2, 2]
    assert "não está vazio" in second.err
    assert "já está em um servidor" in there.err
    assert "canary" not in away.err


def test_without_a_file_there_is_nothing_to_move(terminal: Terminal, engine: str) -> None:
    terminal.patch.delenv("PONTE_DATABASE_URL", raising=False)

    said = terminal.run("migrate", "--to", engine)

    assert (said.code, "Não há banco" in said.err) == (2, True)
    assert not terminal.banco.exists()
