"""`ponte doctor` greets the engines that the settings name, and says why one does not let it in."""

from pathlib import Path

import pytest

from tests.brokers.engines import HOST, Engine
from tests.cli.terminal import new_terminal

pytestmark = pytest.mark.timeout(120)  # the first to ask for an engine waits for its start


def test_an_engine_that_answers_is_well(
    server: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = new_terminal(tmp_path, monkeypatch)
    monkeypatch.setenv("PONTE_QUEUE_URL", server.url)
    monkeypatch.setenv("PONTE_STREAM_URL", server.url)

    exames = {e["nome"]: e for e in terminal.run("doctor", "--json").json["exames"]}

    assert exames["motor da fila"]["ok"], exames
    assert exames["motor do stream"]["ok"], exames
    assert HOST in exames["motor da fila"]["texto"]


@pytest.mark.parametrize("name", ["rabbitmq", "redis"])
def test_a_wrong_password_is_said_and_not_shown(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Engine = request.getfixturevalue(name)
    scheme, _, rest = server.url.partition("://")
    terminal = new_terminal(tmp_path, monkeypatch)
    place = rest.rpartition("@")[2]
    monkeypatch.setenv("PONTE_QUEUE_URL", f"{scheme}://guest:errada-canario@{place}")

    said = terminal.run("doctor")

    assert said.code == 3
    assert "usuário ou senha recusados" in said.out
    assert "canario" not in said.out + said.err


def test_a_vhost_that_is_not_there_is_said(
    rabbitmq: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = new_terminal(tmp_path, monkeypatch)
    monkeypatch.setenv("PONTE_QUEUE_URL", f"{rabbitmq.url}nenhum")

    said = terminal.run("doctor")

    assert "o vhost não existe" in said.out
