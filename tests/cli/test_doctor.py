"""`ponte doctor` finds what is wrong, mends what is safe, and packs nothing secret."""

import contextlib
import socket
import sqlite3
import threading
import zipfile
from contextlib import closing
from typing import Any

import pytest

from tests.cli.terminal import KEY, Terminal


def findings(terminal: Terminal, *args: str) -> dict[str, Any]:
    said = terminal.run("doctor", "--json", *args)
    exames = {e["nome"]: e for e in said.json["exames"]}
    assert said.code == (0 if all(e["ok"] for e in exames.values()) else 3)
    return exames


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bad(exames: dict[str, Any]) -> set[str]:
    return {nome for nome, e in exames.items() if not e["ok"]}


def test_a_machine_without_an_installation_is_well(terminal: Terminal) -> None:
    exames = findings(terminal)

    assert bad(exames) == set()
    assert {"disco", "gravação", "arquivos", "exposição", "porta", "banco"} <= set(exames)


def test_a_running_installation_is_well(loja: Terminal) -> None:
    loja.banco.chmod(0o600)  # made by a command of this process, under its umask
    with loja.running("up") as process, loja.client(process):
        loja.wait_text("up", "concluído")
        exames = findings(loja)

    assert bad(exames) == set(), exames
    assert "worker" in exames["fila"]["texto"]
    assert "Ponte responde" in exames["porta"]["texto"]
    assert exames["conector log"]["ok"]


def test_work_that_nobody_does_is_found(loja: Terminal) -> None:
    exames = findings(loja)

    assert "fila" in bad(exames)
    assert "papéis vivos: nenhum" in exames["fila"]["texto"]


def test_open_files_are_found_and_mended(loja: Terminal) -> None:
    master = loja.dados / "chave.mestra"
    master.chmod(0o644)

    before, after = findings(loja), findings(loja, "--fix")

    assert "arquivos" in bad(before)
    assert str(master.relative_to(loja.folder)) in before["arquivos"]["texto"]
    assert "arquivos" not in bad(after)
    assert master.stat().st_mode & 0o777 == 0o600


def test_a_database_of_an_older_ponte_is_found_and_mended(terminal: Terminal) -> None:
    terminal.dados.mkdir()
    with closing(sqlite3.connect(terminal.banco)) as con:
        con.execute("VACUUM")

    before = findings(terminal)
    dry = terminal.run("migrate", "--dry-run", "--json")
    after = findings(terminal, "--fix")

    assert "esquema" in bad(before)
    assert (dry.code, dry.json["pendentes"][0][:4]) == (3, "0001")
    assert "esquema" not in bad(after)
    assert terminal.ok("migrate", "--json").json["aplicadas"] == []


def test_a_newer_database_is_not_touched(loja: Terminal) -> None:
    with closing(sqlite3.connect(loja.banco)) as con:
        con.execute("INSERT INTO migracoes VALUES (9999, 'futuro', 'x', 'x')")
        con.commit()

    exames, said = findings(loja), loja.run("migrate")

    assert "banco" in bad(exames)
    assert (said.code, "9999" in said.err) == (2, True)


def test_a_clock_before_the_last_fact_is_found(loja: Terminal) -> None:
    with closing(sqlite3.connect(loja.banco)) as con:
        con.execute("UPDATE fatos SET em = em + 3600000")
        con.commit()

    assert "relógio" in bad(findings(loja))


def test_a_damaged_database_is_found(loja: Terminal) -> None:
    loja.banco.write_bytes(b"nada disso" * 1000)

    exames = findings(loja)

    assert "banco" in bad(exames)
    assert "restore" in exames["banco"]["tente"]


def test_somebody_else_on_the_port_is_found(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", terminal.porta)):
        exames = findings(terminal)

    assert "porta" in bad(exames)


def test_an_address_open_to_others_is_found(terminal: Terminal) -> None:
    terminal.patch.setenv("PONTE_HOST", "0.0.0.0")  # noqa: S104 - it must be found

    assert "exposição" in bad(findings(terminal))


def test_a_connector_that_does_not_answer_is_found(loja: Terminal) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    for name, value in {
        "BASE_URL": url,
        "BASE_URL_NEW": url,
        "CLIENT_ID": "x",
        "CLIENT_SECRET": "segredo-canario-0001",
        "WEBHOOK_SECRETS": "segredo-canario-0002",
    }.items():
        loja.patch.setenv(f"PONTE_RAPPI__{name}", value)

    exames = findings(loja)

    assert "conector rappi" in bad(exames)
    assert "canario" not in str(exames)


def test_engines_that_are_away_are_found_and_told_in_words(terminal: Terminal) -> None:
    closed = free_port()
    terminal.patch.setenv("PONTE_QUEUE_URL", f"amqp://loja:segredo-canario@127.0.0.1:{closed}/")
    terminal.patch.setenv("PONTE_STREAM_URL", f"kafka://127.0.0.1:{closed},127.0.0.1:{closed}")

    exames = findings(terminal)
    said = terminal.run("doctor")

    assert {"motor da fila", "motor do stream"} <= bad(exames)
    assert f"RabbitMQ em 127.0.0.1:{closed}: ninguém escuta ali" in said.out
    assert "Kafka em 127.0.0.1:" in said.out
    assert "ligar o RabbitMQ, ou corrigir PONTE_QUEUE_URL" in said.out
    assert "ligar o Kafka, ou corrigir PONTE_STREAM_URL" in said.out
    assert "canario" not in said.out + said.err


@pytest.mark.parametrize(
    ("url", "words"),
    [("mqtt://127.0.0.1:1", "deve começar por um de"), ("kafka://sem-porta", "não é um endereço")],
)
def test_an_address_that_names_no_engine_is_found(url: str, words: str, terminal: Terminal) -> None:
    terminal.patch.setenv("PONTE_STREAM_URL", url)

    said = terminal.run("doctor")

    assert said.code == 3
    assert "✘ motor do stream: PONTE_STREAM_URL" in said.out
    assert words in said.out


def test_something_else_at_an_engines_address_is_found(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answerer = threading.Thread(target=_hang_up, args=(server,))
        answerer.start()
        terminal.patch.setenv("PONTE_QUEUE_URL", f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        exames = findings(terminal)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        answerer.join(20)

    assert "motor da fila" in bad(exames)
    assert "quem responde não é um Redis" in exames["motor da fila"]["texto"]


def _hang_up(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            server.accept()[0].close()


def test_without_an_engine_the_queue_is_the_database(terminal: Terminal) -> None:
    exames = findings(terminal)

    assert exames["motor da fila"]["ok"]
    assert "motor do stream" not in exames


def test_the_bundle_has_what_helps_and_no_secret(loja: Terminal) -> None:
    canaries = {
        "PONTE_RAPPI__CLIENT_SECRET": "segredo-canario-0001",
        "PONTE_MASTER_KEY": "c0ffee" * 10 + "c0ff",
        "PONTE_REDIS_URL": "redis://:senha-canario@127.0.0.1",
    }
    for name, value in canaries.items():
        loja.patch.setenv(name, value)
    loja.ok("pedidos", "create", "ARROZ-5KG=1", "--documento", "529.982.247-25")

    loja.run("doctor", "--bundle", "pacote.zip")

    with zipfile.ZipFile(loja.folder / "pacote.zip") as pacote:
        text = "".join(pacote.read(name).decode() for name in pacote.namelist())
        names = set(pacote.namelist())
    assert names == {"exame.json", "versoes.json", "configuracao.json", "banco.json"}
    assert '"pedidos": 2' in text
    assert "PONTE_RAPPI__CLIENT_SECRET" in text
    for secret in (KEY, "52998224725", "canario", canaries["PONTE_MASTER_KEY"]):
        assert secret not in text
    assert (loja.folder / "pacote.zip").stat().st_mode & 0o777 == 0o600


def test_the_status_of_an_installation_that_does_not_run_says_so(loja: Terminal) -> None:
    said = loja.run("status")
    data = loja.run("status", "--json").json

    assert (said.code, "parado" in said.out) == (3, True)
    assert (data["rodando"], data["pedidos"]["recebido"]) == (False, 1)
    assert data["produtos_abaixo_do_minimo"] == 1
