"""A process without the web role tells of itself, where a port is named for that."""

from pathlib import Path

import httpx2
import pytest

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
