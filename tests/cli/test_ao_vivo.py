"""Commands that look at a running Ponte or keep it busy: listen, top, demo; and its first lines."""

import json
import re
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.cli.terminal import Terminal

LONGE = "Asia/Kathmandu"  # five hours and three quarters from UTC, like no other


class Receptor:
    """A receiver on a free port: keeps bodies, answers what it was told to, in turn."""

    def __init__(self, answers: list[int]) -> None:
        self.bodies: list[Any] = []
        receptor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                receptor.bodies.append(json.loads(self.rfile.read(size)))
                self.send_response(answers.pop(0) if answers else 204)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/fatos"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def answers() -> list[int]:
    return []


@pytest.fixture
def receptor(answers: list[int]) -> Iterator[Receptor]:
    receptor = Receptor(answers)
    yield receptor
    receptor.close()


def heard(loja: Terminal, *args: str, orders: int = 1) -> int:
    """Listen to orders while some come in, three facts each; return the listener's exit code."""
    live = loja.process("listen", "--salas", "pedidos", "--limite", str(orders * 3), *args)
    loja.wait_text("listen", "Ouvindo: pedidos")
    for _ in range(orders):
        loja.ok("pedidos", "create", "ARROZ-5KG=1")
    return live.wait(60)


def test_listen_tells_the_hour_of_the_operators_clock(loja: Terminal) -> None:
    with loja.running("up") as process, loja.client(process) as http:
        loja.wait_text("up", "concluído")
        loja.env["PONTE_TZ"] = LONGE
        assert heard(loja) == 0
        [newest, *_] = http.get("/pedidos").json()["itens"]

    hours = re.findall(r"^(\d\d:\d\d):\d\d  pedido", loja.text("listen"), re.MULTILINE)
    minute = int(newest["recebido_em"][14:16])
    assert len(hours) == 2  # received and invoiced; the nota's line begins otherwise
    # The minutes differ by three quarters of an hour from UTC, give or take the test itself.
    assert (int(hours[0][3:]) - minute) % 60 in {45, 46, 47}


def test_listen_hands_each_fact_on_in_its_order(loja: Terminal, receptor: Receptor) -> None:
    with loja.running("up") as process, loja.client(process):
        loja.wait_text("up", "concluído")
        code = heard(loja, "--forward-to", receptor.url, orders=2)

    tipos = [body["tipo"] for body in receptor.bodies]
    seqs = [body["seq"] for body in receptor.bodies]
    assert code == 0
    assert sorted(tipos) == sorted(["pedido.recebido", "nota.emitida", "pedido.concluido"] * 2)
    assert seqs == sorted(seqs)
    assert loja.text("listen").count("→ 204 em") == 6


def test_listen_tries_again_and_says_what_was_not_taken(
    loja: Terminal, receptor: Receptor, answers: list[int]
) -> None:
    answers += [503, 204, 422]
    with loja.running("up") as process, loja.client(process):
        loja.wait_text("up", "concluído")
        code = heard(loja, "--forward-to", receptor.url)

    tipos = [body["tipo"] for body in receptor.bodies]
    assert code == 3
    assert tipos == ["pedido.recebido", "pedido.recebido", *tipos[2:]]
    assert sorted(tipos[2:]) == ["nota.emitida", "pedido.concluido"]
    assert "NÃO repassado: HTTP 422" in loja.text("listen")
    assert "1 fatos não foram repassados" in loja.text("listen")


def test_top_shows_one_screen_of_what_happens_now(loja: Terminal) -> None:
    with loja.running("up") as process, loja.client(process):
        loja.wait_text("up", "concluído")
        screen = loja.ok("top", "--once").out
        figures = loja.ok("top", "--once", "--json").json
        stream = loja.process("top", "--interval", "0.2", "--json")
        loja.wait_text("top", r"(?s)\n.*\n")
        stream.send_signal(signal.SIGINT)
        code = stream.wait(30)

    lines = (loja.folder / "top.out").read_text().splitlines()
    assert "1 concluido" in screen
    assert "pedidos/min" in screen
    assert figures["pronto"] is True
    assert figures["requisicoes_por_s"] > 0  # its own looks, if nobody else's
    assert figures["paginas_ligadas"] == 0
    assert {json.loads(line)["pedidos"]["concluido"] for line in lines} == {1}
    assert code == 130


def test_customers_come_into_an_empty_running_ponte(terminal: Terminal) -> None:
    with terminal.running("up") as process, terminal.client(process) as http:
        done = terminal.ok("demo", "--rate", "50", "--limite", "10", "--json").json
        orders = http.get("/pedidos").json()["total"]
        again = terminal.ok("demo", "--rate", "50", "--limite", "5", "--json").json
        after = http.get("/pedidos").json()["total"]

    assert (done["aceitos"], orders) == (10, 10)
    assert (again["aceitos"], after) == (5, 15)


def test_customers_that_are_sent_home_are_counted_and_told_by_the_exit_code(
    terminal: Terminal,
) -> None:
    with terminal.running("up") as process, terminal.client(process):
        crowd = terminal.process("demo", "--rate", "20")
        terminal.wait_text("up", r"pedido \d+ recebido")
        crowd.send_signal(signal.SIGTERM)
        code = crowd.wait(30)

    assert code == 143
    assert "aceitos" in terminal.text("demo")


def test_a_shop_with_products_of_its_own_is_asked_for_first(loja: Terminal) -> None:
    with loja.running("up") as process, loja.client(process) as http:
        said = loja.run("demo", "--limite", "1")
        total = http.get("/estoque").json()["total"]

    assert (said.code, total) == (2, 2)
    assert "já tem 2 produtos" in said.err
    assert "-y" in said.err


def test_customers_who_misbehave_are_answered_as_promised(terminal: Terminal) -> None:
    with terminal.running("up") as process, terminal.client(process) as http:
        done = terminal.ok("demo", "--rate", "100", "--limite", "60", "--caos", "--json").json
        orders = http.get("/pedidos").json()["total"]
        ready = http.get("/health/ready")

    assert orders == done["aceitos"]
    assert done["recusados"] > 0
    assert done["repetidos"] > 0
    assert done["desligados"] > 0
    assert (done["inesperados"], done["sem_resposta"]) == (0, 0)
    assert ready.is_success


def test_a_demonstration_opens_its_shop_in_one_line(terminal: Terminal) -> None:
    del terminal.env["PONTE_API_KEY"]
    with terminal.running("up", "--demo", "--rate", "5"):
        terminal.wait_text("up", r"pedido \d+ concluído")

    said = (terminal.folder / "up.out").read_text()
    opening, _, _ = said.partition("recebido")
    assert "estoque: 126 quantidades alteradas de uma vez" in opening
    assert ": 0 → " not in said


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("PONTE_PROT", "PONTE_PORT"),
        ("PONTE_LIMITES__CONECOES", "PONTE_LIMITES__CONEXOES"),
        ("PONTE_TELEGRAM__BOT_TOKN", "PONTE_TELEGRAM__BOT_TOKEN"),
        ("PONTE_TELEGRM__BOT_TOKEN", "PONTE_TELEGRAM__BOT_TOKEN"),
    ],
)
def test_a_setting_that_nothing_reads_is_named_with_the_nearest(
    name: str, near: str, terminal: Terminal
) -> None:
    terminal.env[name] = "segredo-de-mentira"
    terminal.patch.setenv(name, "segredo-de-mentira")

    with terminal.running("worker"):
        terminal.wait_text("worker", "papéis")
    exam = terminal.run("doctor", "--json")

    warning = f"{name} não é lida por ninguém; talvez {near}"
    [found] = [e for e in exam.json["exames"] if e["nome"] == "variáveis"]
    assert f"Aviso: {warning}." in terminal.text("worker")
    assert (exam.code, found["ok"], found["texto"]) == (3, False, warning)
    assert "segredo-de-mentira" not in terminal.text("worker") + exam.out


def test_settings_of_env_files_count_and_known_ones_are_no_news(terminal: Terminal) -> None:
    (terminal.folder / ".env").write_text("PONTE_NADA_DISSO=1\nPONTE_SLACK__WEBHOOK_URL=\n")
    terminal.patch.setenv("PONTE_EMITENTE__UF", "RJ")
    terminal.patch.setenv("PONTE_URL", "http://127.0.0.1:9")
    terminal.patch.setenv("PONTE_TEST_ENGINES", "required")

    exam = terminal.run("doctor", "--json").json["exames"]

    [found] = [e for e in exam if e["nome"] == "variáveis"]
    assert found["texto"] == "PONTE_NADA_DISSO não é lida por ninguém"
