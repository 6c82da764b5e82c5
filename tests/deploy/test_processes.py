"""A process without the web role tells of itself, where a port is named for that."""

import re
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.servidor import free_port
from tests.cli.terminal import Terminal, new_terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return new_terminal(tmp_path, monkeypatch)


@pytest.mark.parametrize("papel", ["worker", "scheduler"])
def test_a_process_without_the_web_role_gives_its_numbers_and_nothing_else(
    terminal: Terminal, papel: str
) -> None:
    env = {"PONTE_METRICS_PORT": str(terminal.porta)}

    with terminal.running(papel, **env) as process, terminal.client(process) as client:
        numbers = client.get("/metrics", headers={"Accept": "text/plain"})
        stranger = httpx2.get(f"{client.base_url}/metrics")
        answers = [client.get(path).status_code for path in ("/health/live", "/health/ready")]
        order = client.post("/pedido", json={"itens": []})

    assert "ponte_set_aside_open 0.0" in numbers.text
    assert (numbers.status_code, stranger.status_code, order.status_code) == (200, 401, 404)
    assert answers == [200, 200]


def test_without_a_port_a_worker_listens_nowhere(terminal: Terminal) -> None:
    with terminal.running("worker"):
        terminal.wait_text("worker", "papéis: worker")

        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"http://127.0.0.1:{terminal.porta}/health/live")

    assert "Números em" not in terminal.text("worker")


def test_a_workers_own_numbers_tell_what_it_did_for_the_web(terminal: Terminal) -> None:
    numbers = free_port()
    produto = {"nome": "Arroz", "preco": "25.90", "quantidade": 9, "motivo": "contagem"}

    with (
        terminal.running("web") as process,
        terminal.running("worker", PONTE_METRICS_PORT=str(numbers)),
        terminal.client(process) as client,
    ):
        client.put("/estoque/ARROZ", json=produto).raise_for_status()
        item = {"produto_id": "ARROZ", "quantidade": 1}
        numero = client.post("/pedido", json={"itens": [item]}).json()["numero"]
        terminal.wait_text("worker", f"pedido {numero} concluído")
        texts = [
            client.get(url, headers={"Accept": "text/plain"}).text
            for url in ("/metrics", f"http://127.0.0.1:{numbers}/metrics")
        ]

    concluded = [
        re.findall(r'^ponte_facts_total\{tipo="pedido.concluido"\} (\S+)', text, re.MULTILINE)
        for text in texts
    ]
    assert concluded == [[], ["1.0"]]
