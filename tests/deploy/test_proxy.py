"""The shipped proxy in front of a real Ponte: which names get through, and for what."""

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.servidor import free_port
from tests.cli.terminal import PATIENCE_S, Terminal, new_terminal
from tests.deploy.conftest import ROOT, program


@pytest.fixture(scope="session")
def caddy() -> str:
    return program("caddy", package="caddy")


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return new_terminal(tmp_path, monkeypatch)


@contextlib.contextmanager
def proxy(caddy: str, folder: Path, *, porta: int) -> Iterator[str]:
    """Run the shipped configuration on a free port; only where it finds Ponte is another."""
    text = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text()
    own = free_port()
    text, here = re.subn(
        r"^:8080 \{", f"http://:{own} {{\n\tbind 127.0.0.1", text, flags=re.MULTILINE
    )
    text, there = re.subn(r"dynamic a \{[^}]*\}", f"to 127.0.0.1:{porta}", text)
    assert (here, there) == (1, 1)
    config = folder / "Caddyfile"
    config.write_text(text)
    process = subprocess.Popen(  # noqa: S603
        [caddy, "run", "--adapter", "caddyfile", "--config", str(config)],
        env={"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_listening(f"http://127.0.0.1:{own}")
        yield f"http://127.0.0.1:{own}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_listening(url: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with contextlib.suppress(httpx2.TransportError):
            httpx2.get(f"{url}/health/live")
            return
        time.sleep(0.05)
    raise AssertionError("the proxy never listened")


def test_who_asks_the_proxy_by_its_own_name_is_told_of_the_health_and_of_nothing_else(
    terminal: Terminal, caddy: str
) -> None:
    container = {"Host": "proxy:8080"}

    with (
        terminal.running("web") as process,
        terminal.client(process),
        proxy(caddy, terminal.folder, porta=terminal.porta) as url,
    ):
        health = [httpx2.get(f"{url}/health/{path}", headers=container).status_code
                  for path in ("live", "ready")]  # fmt: skip
        refused = httpx2.get(f"{url}/estoque", headers=container)
        served = httpx2.get(f"{url}/estoque")

    assert health == [200, 200]
    assert (refused.status_code, refused.json()["code"]) == (421, "host_recusado")
    assert served.status_code == 200
