"""The database on a server: the commands that care for it do so there too."""

import asyncio

import asyncpg
import pytest

from tests.cli.terminal import Terminal
from tests.postgres import Cluster

pytestmark = pytest.mark.postgres


@pytest.fixture
def servidor(terminal: Terminal, engine: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal whose Ponte stores on a server with a product and an order that waits."""
    monkeypatch.setenv("PONTE_DATABASE_URL", engine)
    csv = terminal.folder / "produtos.csv"
    csv.write_text("produto_id;nome;preco;quantidade;minimo\nARROZ-5KG;Arroz 5 kg;25,90;40;5\n")
    terminal.ok("estoque", "import", str(csv), "-y")
    terminal.ok("pedidos", "create", "ARROZ-5KG=2", "--externo", "A-1")
    return terminal


async def _damage(engine: str) -> None:
    con = await asyncpg.connect(engine)
    await con.execute("UPDATE estoque SET quantidade = 7")
    await con.execute("SELECT setval('pedidos_numero', 2)")
    await con.close()


def test_a_sound_database_is_proven(servidor: Terminal) -> None:
    said = servidor.run("verify", "--json")

    provas = {p["nome"]: p for p in said.json["provas"]}
    assert said.code == 0, said
    assert said.json["banco"].startswith("postgresql://127.0.0.1:")
    assert provas["recebido_na_fila"]["examinados"] == 1
    assert provas["numero_do_pedido"]["ok"]


def test_damage_is_found_by_its_row(servidor: Terminal, engine: str) -> None:
    asyncio.run(_damage(engine))

    said = servidor.run("verify", "--json")

    broken = {p["nome"]: p["exemplos"] for p in said.json["provas"] if not p["ok"]}
    assert said.code == 3
    assert broken.keys() == {"estoque_soma", "estoque_ultimo_saldo", "numero_do_pedido"}
    assert "ARROZ-5KG" in broken["estoque_soma"][0]


def test_the_doctor_looks_at_the_server_and_shows_no_password(
    servidor: Terminal, cluster: Cluster
) -> None:
    said = servidor.run("doctor", "--json")

    exames = {a["nome"]: a for a in said.json["exames"]}
    assert (exames["banco"]["ok"], exames["esquema"]["texto"]) == (True, "em dia")
    assert "esperando" in exames["fila"]["texto"]
    assert cluster.password not in said.out


def test_what_is_pending_is_said_and_applied_once(servidor: Terminal) -> None:
    assert servidor.run("migrate", "--dry-run", "--json").json["pendentes"] == []
    assert servidor.run("migrate", "--json").json["aplicadas"] == []


def test_a_server_that_is_away_is_said_with_what_to_try(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PONTE_DATABASE_URL", "postgresql://u:canary@127.0.0.1:1/x")

    for command in ("migrate", "verify"):
        said = terminal.run(command)
        assert said.code == 4
        assert "canary" not in said.err
        assert "PONTE_DATABASE_URL" in said.err


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ("password", 'senha errada, ou o usuário "ponte" não existe'),
        ("database", 'o banco "nenhum" não existe'),
        ("port", "nenhum PostgreSQL escuta neste endereço"),
    ],
)
@pytest.mark.parametrize("command", ["migrate", "doctor"])
def test_why_a_server_lets_nobody_in_is_said_in_portuguese(
    terminal: Terminal, cluster: Cluster, engine: str, change: str, cause: str, command: str
) -> None:
    wrong = {
        "password": engine.replace(cluster.password, "canary"),
        "database": engine.rpartition("/")[0] + "/nenhum",
        "port": engine.replace(f":{cluster.port}/", ":1/"),
    }
    terminal.patch.setenv("PONTE_DATABASE_URL", wrong[change])

    said = terminal.run(command)

    assert said.code != 0
    assert cause in said.out + said.err
    assert "canary" not in said.out + said.err
