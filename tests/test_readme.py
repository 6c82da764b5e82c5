"""README: every command in it does what it says, and both languages say the same.

The tour runs as a reader would run it: a Ponte with demonstration data, a shell,
and the blocks in their order. `make up` and `make test` themselves are proven by
`.ci/run`, which starts from a clean checkout.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.pt-BR.md")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "127.0.0.1:8000"
# What differs from run to run; everything else must come out as the README shows it.
VARYING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b\d{44}\b"), "KEY"),
    (re.compile(r'("(?:numero|pedido_numero|seq|contagem)"): ?\d+'), r"\1: N"),
)


def blocks(readme: str, kind: str) -> list[str]:
    return [text for lang, text in BLOCK.findall((ROOT / readme).read_text()) if lang == kind]


def steady(text: str) -> str:
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return text


def commands(block: str) -> list[str]:
    """Return the lines of a block without their comments, which each language has its own."""
    return [line.split("  #")[0].rstrip() for line in block.splitlines() if line[:1] != "#"]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder as after `make up`: `.venv`, `dados`, and a Ponte that answers."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
    command = [".venv/bin/ponte", "up", "--demo", "--port", address.rpartition(":")[2]]
    with (
        (tmp_path / "up.txt").open("w") as said,
        subprocess.Popen(command, cwd=tmp_path, stdout=said, stderr=said) as server,  # noqa: S603 - ours
    ):
        try:
            wait_until_ready(f"http://{address}/health/ready")
            yield tmp_path, address
        finally:
            server.send_signal(signal.SIGTERM)


def wait_until_ready(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            with urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
                if answer.status == 200:
                    return
        except URLError:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)


def test_the_tour_does_what_the_readme_shows(shell: tuple[Path, str]) -> None:
    folder, address = shell
    tour = "\n".join(blocks("README.md", "sh")).replace(ADDRESS, address)

    ran = subprocess.run(  # noqa: S603 - the README's own commands
        ["bash", "-euo", "pipefail", "-c", tour],  # noqa: S607 - whichever the reader has
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )

    shown = [line for block in blocks("README.md", "json") for line in block.splitlines()]
    said = steady(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert shown != []
    assert [line for line in shown if steady(line).strip() not in said] == [], ran.stdout


def test_both_languages_give_the_same_commands() -> None:
    english, portuguese = (
        [commands(block) for block in (*blocks(readme, ""), *blocks(readme, "sh"))]
        for readme in READMES
    )

    assert english == portuguese
    assert ["make up", "make test"] in english
    assert blocks(READMES[0], "json") == blocks(READMES[1], "json")


def test_ci_runs_the_readmes_test_command() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()

    assert [line for line in lines if line.startswith("make test")] != []


@pytest.mark.parametrize("readme", READMES)
def test_a_link_of_the_readme_leads_somewhere(readme: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / readme).read_text())

    dead = [link for link in links if not (ROOT / link).exists()]

    assert (dead, len(links) > 5) == ([], True)
