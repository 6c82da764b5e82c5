"""`ponte init` makes a folder to start from: secrets of its own, and nothing replaced unasked."""

import re
import stat
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import httpx2
import pytest
import yaml
from dotenv import dotenv_values

from ponte.runtime.engines import BROKERS, STREAMS
from tests.cli.terminal import KEY, Terminal, new_terminal
from tests.deploy.conftest import ROOT
from tests.deploy.test_compose import PROFILES, SECRET, VARIABLE

WRITTEN = {
    ".env",
    "compose.yml",
    "ponte.env",
    *(
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "deploy").rglob("*")
        if path.is_file() and not path.name.endswith("_test.yml")
    ),
}
FULL = "postgres,rabbitmq,redis,kafka,monitoring"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return new_terminal(tmp_path, monkeypatch)


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_written_whole_and_its_secrets_are_the_owners_alone(
    terminal: Terminal,
) -> None:
    said = terminal.ok("init", "--dir", "loja", "--engines", FULL, "--json")

    folder = terminal.folder / "loja"
    assert files(folder) == WRITTEN == set(said.json["arquivos"])
    assert said.json["motores"] == FULL.split(",")
    assert {mode(folder / name) for name in (".env", "ponte.env")} == {0o600}
    assert {mode(path) for path in (folder / "deploy").rglob("*")} == {0o644, 0o755}
    assert mode(folder / "segredos") == 0o711


def test_every_secret_is_fresh_and_told_to_nobody(terminal: Terminal) -> None:
    one = terminal.ok("init", "--dir", "a", "--engines", FULL, "--json")
    two = terminal.ok("init", "--dir", "b", "--engines", FULL)

    values = [dotenv_values(terminal.folder / name / ".env") for name in "ab"]
    secret = [{v for k, v in found.items() if v and SECRET.search(k)} for found in values]

    assert [len(found) for found in secret] == [6, 6]
    assert secret[0] & secret[1] == set()
    assert [value for value in secret[0] | secret[1] if len(value) < 43] == []
    assert [v for v in secret[0] | secret[1] if v in one.out + one.err + two.out + two.err] == []


def test_compose_finds_every_variable_that_it_demands(terminal: Terminal) -> None:
    terminal.ok("init", "--dir", "loja", "--engines", FULL)

    folder = terminal.folder / "loja"
    values = dotenv_values(folder / ".env")
    text = (folder / "compose.yml").read_text()

    demanded = {name for name, sign, _ in VARIABLE.findall(text) if sign == "?"}
    profiles = (values["COMPOSE_PROFILES"] or "").split(",")
    assert demanded <= {name for name, value in values.items() if value}
    assert set(profiles) <= PROFILES
    assert "build" not in yaml.safe_load(text)["services"]["web"]
    assert bytes.fromhex(values["PONTE_MASTER_KEY"] or "")


@pytest.mark.parametrize(
    ("engines", "queue", "stream"),
    [
        ("sqlite", "", ""),
        ("postgres", "", ""),
        ("postgres,rabbitmq", "amqp", ""),
        ("redis", "redis", ""),
        ("postgres,rabbitmq,redis", "amqp", ""),
        ("postgres,rabbitmq,kafka", "amqp", "kafka"),
        ("postgres,kafka", "kafka", "kafka"),
    ],
)
def test_an_engine_that_is_chosen_is_used(
    terminal: Terminal, engines: str, queue: str, stream: str
) -> None:
    terminal.ok("init", "--engines", engines)

    values = dotenv_values(terminal.folder / ".env")
    schemes = [(values.get(name) or "").partition("://")[0] for name in ("QUEUE_URL", "STREAM_URL")]

    assert schemes == [queue, stream]
    assert schemes[0] in {"", *BROKERS}
    assert schemes[1] in {"", *STREAMS}


def test_nothing_that_exists_is_replaced_unasked(terminal: Terminal) -> None:
    (terminal.folder / "compose.yml").write_text("mine")

    said = terminal.run("init")

    assert said.code == 2
    assert "compose.yml" in said.err
    assert files(terminal.folder) == {"compose.yml"}
    assert (terminal.folder / "compose.yml").read_text() == "mine"


def test_force_renews_files_and_keeps_what_is_in_use(terminal: Terminal) -> None:
    terminal.ok("init", "--engines", "redis")
    with (terminal.folder / ".env").open("a") as file:
        file.write("SUBNET=10.7.0.0/24\nGREETING='it\\'s here'\n")
    before = dotenv_values(".env")
    (terminal.folder / "compose.yml").write_text("mine")
    (terminal.folder / "ponte.env").write_text("PONTE_LANG=en\n")

    said = terminal.ok("init", "--engines", "postgres", "--force", "--json")

    after = dotenv_values(".env")
    assert {k: after[k] for k in before if SECRET.search(k)} == {
        k: v for k, v in before.items() if SECRET.search(k)
    }
    assert (after["COMPOSE_PROFILES"], after.get("QUEUE_URL")) == ("postgres", None)
    assert (after["SUBNET"], after["GREETING"]) == ("10.7.0.0/24", "it's here")
    assert "services:" in (terminal.folder / "compose.yml").read_text()
    assert (terminal.folder / "ponte.env").read_text() == "PONTE_LANG=en\n"
    assert "compose.yml" in said.json["trocados"]


@pytest.mark.parametrize("engines", ["mysql", "sqlite,postgres", "postgres,oracle"])
def test_engines_that_do_not_exist_or_agree_are_refused(terminal: Terminal, engines: str) -> None:
    said = terminal.run("init", "--engines", engines)

    assert said.code == 2
    assert files(terminal.folder) == set()


def test_a_ponte_starts_with_the_secrets_that_were_written(terminal: Terminal) -> None:
    terminal.ok("init")
    del terminal.env["PONTE_API_KEY"]
    chave = dotenv_values(".env")["PONTE_API_KEY"]

    with terminal.running("up"):
        terminal.wait_text("up", "PONTE_API_KEY")
        url = f"http://127.0.0.1:{terminal.porta}/pedidos"
        mine = httpx2.get(url, headers={"Authorization": f"Bearer {chave}"})
        other = httpx2.get(url, headers={"Authorization": f"Bearer {KEY}"})

    assert (mine.status_code, other.status_code) == (200, 401)
    assert "não é lida" not in terminal.text("up")


def test_the_wheel_holds_every_file_that_init_writes(tmp_path: Path) -> None:
    import_module("hatchling")
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (wheel,) = tmp_path.glob("*.whl")

    with zipfile.ZipFile(wheel) as found:
        shipped = {re.sub("^ponte/implantacao/", "", name) for name in found.namelist()}

    assert WRITTEN - {".env", "ponte.env"} - shipped == set()
