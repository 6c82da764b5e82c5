"""Processes that serve: they start fast, say where they are, and leave cleanly."""

import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import httpx2
import orjson
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ponte.cli.processo import Terminal as Letreiro
from tests.cli.terminal import Terminal

PRODUTO = {"quantidade": 7, "motivo": "abertura", "nome": "Arroz 5 kg", "preco": "25.90"}
PEDIDO = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 3}]}


def test_up_serves_works_and_tells_each_step(terminal: Terminal) -> None:
    with terminal.running("up") as process, terminal.client(process) as http:
        http.put("/estoque/ARROZ-5KG", json=PRODUTO).raise_for_status()
        novo = http.post("/pedido", json=PEDIDO).json()

        terminal.wait_text("up", rf"pedido {novo['numero']} concluído")
        after = http.get("/estoque/ARROZ-5KG").json()["quantidade"]

    said = (terminal.folder / "up.out").read_text()
    assert after == 4
    assert f"pedido {novo['numero']} recebido: api, 1 item, R$ 77,70" in said
    assert "estoque ARROZ-5KG filial 1: 7 → 4" in said
    assert f"nota 1 série 1 emitida: pedido {novo['numero']}" in said
    assert "alerta aviso: Estoque baixo" in said


def test_the_first_start_makes_a_key_shows_it_once_and_hints(terminal: Terminal) -> None:
    del terminal.env["PONTE_API_KEY"]
    with terminal.running("up"):
        terminal.wait_text("up", "Instalação vazia")
    first = terminal.text("up")
    key = (terminal.dados / "admin.key").read_text().strip()
    with terminal.running("up"):
        terminal.wait_text("up", "chave .*admin.key")
    second = terminal.text("up")

    assert first.count(key) == 1
    assert key not in second
    assert "curl -X POST" in first
    assert (terminal.dados / "admin.key").stat().st_mode & 0o077 == 0
    assert (terminal.dados / "ponte.db").stat().st_mode & 0o077 == 0


def test_roles_work_as_processes_of_their_own(terminal: Terminal) -> None:
    with (
        terminal.running("web") as web,
        terminal.running("worker"),
        terminal.running("scheduler"),
        terminal.client(web) as http,
    ):
        http.put("/estoque/ARROZ-5KG", json=PRODUTO).raise_for_status()
        with connect(f"ws://127.0.0.1:{terminal.porta}/ws") as ws:
            novo = http.post("/pedido", json=PEDIDO).json()
            frames = [orjson.loads(ws.recv(timeout=20))["tipo"] for _ in range(3)]
        terminal.wait_text("worker", rf"pedido {novo['numero']} concluído")
        stored = http.get(f"/pedidos/{novo['id']}").json()
        status = terminal.ok("status", "--json").json

    assert stored["status"] == "concluido"
    assert frames[0] == "pedido.recebido"
    assert "concluído" not in terminal.text("web")
    assert (status["rodando"], status["pronto"]) == (True, True)
    assert not (terminal.dados / "admin.key").exists()


def test_sigterm_answers_what_was_accepted_and_closes_sockets_with_1012(
    terminal: Terminal,
) -> None:
    process = terminal.process("up")
    with terminal.client(process) as http:
        http.put("/estoque/ARROZ-5KG", json=PRODUTO | {"quantidade": 10_000}).raise_for_status()
        answers: list[int] = []
        stop = threading.Event()
        buyer = threading.Thread(target=_buy, args=(terminal.porta, answers, stop))
        with connect(f"ws://127.0.0.1:{terminal.porta}/ws/estoque") as ws:
            ws.recv(timeout=10)
            buyer.start()
            while len(answers) < 20:
                time.sleep(0.01)

            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            code = process.wait(20)
            took_s = time.monotonic() - began
            with contextlib.suppress(ConnectionClosed):
                while True:
                    ws.recv(timeout=5)
        stop.set()
        buyer.join()

    assert (code, ws.close_code) == (143, 1012)
    assert took_s < 20
    assert set(answers) == {202}
    kept = terminal.ok("pedidos", "list", "--json").json["total"]
    assert kept >= len(answers)


def _buy(porta: int, answers: list[int], stop: threading.Event) -> None:
    key = {"Authorization": "Bearer chave-de-teste-sem-valor-0123456789-abcd"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{porta}", headers=key) as http:
        while not stop.is_set():
            try:
                answers.append(http.post("/pedido", json=PEDIDO).status_code)
            except httpx2.TransportError:
                return  # not accepted any more


def test_ctrl_c_ends_with_130(terminal: Terminal) -> None:
    process = terminal.process("up")
    terminal.wait_text("up", "papéis")

    process.send_signal(signal.SIGINT)

    assert process.wait(25) == 130


@pytest.mark.parametrize("papel", ["up", "web", "worker", "scheduler"])
def test_sigterm_ends_every_role_with_143(papel: str, terminal: Terminal) -> None:
    process = terminal.process(papel)
    terminal.wait_text(papel, "papéis")

    process.send_signal(signal.SIGTERM)

    assert process.wait(25) == 143


def refused(terminal: Terminal, *args: str, **env: str) -> str:
    """Return what a serving command says when it can't start; it must be exit 2, two lines."""
    for name, value in env.items():
        terminal.patch.setenv(name, value)
    said = terminal.run(*args)
    assert (said.code, said.out) == (2, ""), said
    assert len(said.err.splitlines()) == 2, said
    assert said.err.startswith("Erro: ")
    assert "\nTente: " in said.err
    return said.err


def test_a_port_in_use_is_one_clear_sentence(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", terminal.porta)):
        process = terminal.process("up")
        code = process.wait(30)

    said = terminal.text("up")
    assert (code, len(said.splitlines())) == (2, 2)
    assert f"127.0.0.1:{terminal.porta}" in said
    assert "Tente: outra porta com --port" in said


def test_a_data_dir_that_can_not_be_written_is_one_clear_sentence(terminal: Terminal) -> None:
    (terminal.folder / "arquivo").write_text("")

    said = refused(terminal, "up", PONTE_DATA_DIR="arquivo/dados")

    assert "PONTE_DATA_DIR" in said


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"PONTE_PORT": "abc"}, "PONTE_PORT"),
        ({"PONTE_API_KEY": "curta"}, "PONTE_API_KEY"),
        ({"PONTE_DATABASE_URL": "postgresql://x"}, "PONTE_DATABASE_URL"),
        ({"PONTE_RAPPI__STORES": "sem-filial"}, "PONTE_RAPPI__STORES"),
    ],
)
def test_a_bad_setting_is_named(env: dict[str, str], words: str, terminal: Terminal) -> None:
    assert words in refused(terminal, "worker", **env)


def test_an_address_open_to_others_needs_tls_or_a_proxy(terminal: Terminal) -> None:
    process = terminal.process("up", "--host", "0.0.0.0")  # noqa: S104 - it must be refused

    assert process.wait(30) == 2
    assert "PONTE_TLS_CERT" in terminal.text("up")


def test_events_come_as_json_where_that_is_asked_for(loja: Terminal) -> None:
    with loja.running("up", "--json"):
        loja.wait_text("up", "pedido.concluido")

    facts = [json.loads(line) for line in (loja.folder / "up.out").read_text().splitlines()]

    assert {"nota.emitida", "pedido.concluido"} <= {f["tipo"] for f in facts}


def test_a_terminal_that_nobody_reads_stops_nothing() -> None:
    held, said = threading.Event(), list[int]()
    letreiro = Letreiro()
    letreiro.write(lambda: _stall(held))

    for n in range(5000):  # a blocking write would stay here for ever
        letreiro.write(lambda n=n: said.append(n))  # type: ignore[misc]
    held.set()
    letreiro.close()

    assert said[:10] == list(range(10))
    assert len(said) < 5000


def _stall(until: threading.Event) -> None:
    until.wait(5)


# ---------------------------------------------------------------- a running server, from outside


def test_commands_talk_to_the_running_server_with_a_key(loja: Terminal) -> None:
    with loja.running("up") as process, loja.client(process):
        loja.wait_text("up", "concluído")
        served = loja.ok("pedidos", "list", "--json").json
        live = loja.process("listen", "--salas", "pedidos", "--limite", "1", "--json")
        loja.wait_text("listen", "Ouvindo: pedidos")
        loja.ok("pedidos", "create", "ARROZ-5KG=1")
        assert live.wait(30) == 0
        loja.patch.setenv("PONTE_API_KEY", "uma-chave-errada-de-quarenta-caracteres-")
        denied = loja.run("pedidos", "list")
        deaf = loja.run("listen", "--salas", "pedidos", "--limite", "1")

    frame = json.loads((loja.folder / "listen.out").read_text())
    assert served["itens"][0]["status"] == "concluido"
    assert frame["tipo"] == "pedido.recebido"
    assert (denied.code, deaf.code) == (5, 5)
    assert "PONTE_API_KEY" in denied.err


def test_the_key_may_lie_in_a_file(loja: Terminal) -> None:
    key_file = Path("chave.txt")
    key_file.write_text("chave-de-teste-sem-valor-0123456789-abcd\n")
    with loja.running("up") as process, loja.client(process):
        loja.patch.delenv("PONTE_API_KEY")
        without = loja.run("pedidos", "list")
        loja.patch.setenv("PONTE_KEY_FILE", str(key_file))
        found = loja.ok("pedidos", "list", "--json").json
        loja.patch.setenv("PONTE_KEY_FILE", "nenhum.txt")
        missing = loja.run("pedidos", "list")

    assert (without.code, found["total"], missing.code) == (5, 1, 5)


def test_listening_needs_a_server(terminal: Terminal) -> None:
    said = terminal.run("listen")
    watch = terminal.run("estoque", "watch")

    assert (said.code, watch.code) == (4, 4)


def test_a_listener_comes_back_without_a_gap(loja: Terminal) -> None:
    with loja.running("up") as process, loja.client(process):
        loja.wait_text("up", "concluído")
        listener = loja.process("listen", "--salas", "estoque", "--json")
        loja.wait_text("listen", "Ouvindo: estoque")
        loja.ok("estoque", "set", "CAFE-500G", "30", "--motivo", "1")
        loja.wait_text("listen", '"quantidade":30')
    loja.ok("estoque", "set", "CAFE-500G", "31", "--motivo", "enquanto parado")

    with loja.running("up") as process, loja.client(process):
        try:
            loja.wait_text("listen", '"quantidade":31')
            assert "Conexão caída" in loja.text("listen")
        finally:
            _end(listener)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.wait(10)
