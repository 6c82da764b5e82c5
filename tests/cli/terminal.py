"""A terminal of this test's own: a folder, an environment, commands here or as processes."""

import contextlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.cli.app import app

KEY = "chave-de-teste-sem-valor-0123456789-abcd"  # obviously fake, 40 characters
PONTE = str(Path(sys.executable).with_name("ponte"))
ENDED = 128 + signal.SIGTERM  # a process that was asked to end, and did so cleanly
PATIENCE_S = 40.0  # a start takes a second; on a loaded machine many


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code, its data and its talk."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Terminal:
    """Runs `ponte` in this process, with nothing of the machine's own environment."""

    folder: Path
    patch: pytest.MonkeyPatch
    porta: int
    env: dict[str, str] = field(default_factory=dict)

    @property
    def dados(self) -> Path:
        return self.folder / "dados"

    @property
    def banco(self) -> Path:
        return self.dados / "ponte.db"

    def run(self, *args: str, stdin: bytes = b"") -> Said:
        """Run one command."""
        out, err = io.StringIO(), io.StringIO()
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _exit_code(args)
        return Said(code, out.getvalue(), err.getvalue())

    def ok(self, *args: str) -> Said:
        """Run one command that must succeed."""
        said = self.run(*args)
        assert said.code == 0, said
        return said

    def process(self, *args: str, **env: str) -> subprocess.Popen[bytes]:
        """Start a command as a process of its own; its talk goes to files in the folder."""
        name = args[0]
        out, err = self.folder / f"{name}.out", self.folder / f"{name}.err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            return subprocess.Popen(  # noqa: S603
                [PONTE, *args],
                env={**self.env, **env},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )

    def text(self, name: str) -> str:
        """Return what a process wrote so far, both ways."""
        return "".join((self.folder / f"{name}.{end}").read_text() for end in ("out", "err"))

    @contextlib.contextmanager
    def running(self, *args: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a serving command until the block ends; it must end cleanly."""
        process = self.process(*args, **env)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            assert process.wait(25) == ENDED, self.text(args[0])

    @contextlib.contextmanager
    def client(self, process: subprocess.Popen[bytes]) -> Iterator[httpx2.Client]:
        """Lend a client of the server on this terminal's port, once it is ready."""
        base_url = f"http://127.0.0.1:{self.porta}"
        with httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {KEY}"}) as http:
            _wait_ready(http, process)
            yield http

    def wait_text(self, name: str, pattern: str) -> re.Match[str]:
        """Return the match in what a process says, once it says it."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = re.search(pattern, self.text(name))
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{pattern!r} never said: {self.text(name)}")


def _wait_ready(http: httpx2.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, "it ended by itself"
        with contextlib.suppress(httpx2.TransportError):
            if http.get("/health/ready").is_success:
                return
        time.sleep(0.02)
    raise AssertionError("never ready")


def _exit_code(args: Sequence[str]) -> int:
    try:
        return app(list(args))
    except SystemExit as end:
        return int(end.code or 0)


def new_terminal(folder: Path, patch: pytest.MonkeyPatch) -> Terminal:
    """Return a terminal in an empty folder, with a fixed key and a free port."""
    for name in [n for n in os.environ if n.upper().startswith(("PONTE_", "NO_COLOR"))]:
        patch.delenv(name)
    patch.chdir(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        porta = int(probe.getsockname()[1])
    patch.setenv("PATH", f"{Path(PONTE).parent}{os.pathsep}{os.environ['PATH']}")
    own = {"PONTE_API_KEY": KEY, "PONTE_PORT": str(porta), "PONTE_RATE_LIMIT_ANON": "100000"}
    for name, value in own.items():
        patch.setenv(name, value)
    env = {"PATH": os.defpath, "HOME": str(folder), "PYTHONUNBUFFERED": "1", **own}
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        if name in os.environ:
            env[name] = os.environ[name]
    return Terminal(folder, patch, porta, env)
