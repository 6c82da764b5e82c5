"""Processes under test: started on the system's core, ready when they say so, ended by pid."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bench.machine import SYSTEM_CORE, cpu_s, resident_mib

READY_S = 30.0
STOP_S = 20.0  # What Ponte promises for SIGTERM; after it, SIGKILL.
SETTLE_SHARE = 0.05  # Below this share of the core a process counts as idle.
SETTLE_STEP_S = 0.2

HOST = "127.0.0.1"


class NotReadyError(RuntimeError):
    """A process under test ended or stayed silent; its last output says why."""


class NotAvailableError(RuntimeError):
    """Something a row needs is not installed here; the row is reported as not measured."""


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Process:
    """One child, pinned; a context manager so that no way out of a row leaves it running."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        core: int | str = SYSTEM_CORE,
        cwd: Path | None = None,
        talks: bool = True,
    ) -> None:
        """Start it; `talks` false sends its output to the log instead of to `read_json`."""
        self.log = log
        self.started = time.perf_counter()
        self._errors: IO[bytes] = log.open("ab")
        self._child = subprocess.Popen(  # noqa: S603 - our own commands
            _pinned(command, core),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else self._errors,
            cwd=cwd,
            stderr=self._errors,
            start_new_session=True,
            bufsize=0,  # `_line` selects on the pipe, which must hold all that is unread.
        )
        self.pid = self._child.pid

    def __enter__(self) -> Self:
        """Return the running child."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the child."""
        self.stop()

    def read_json(self, *, timeout_s: float = READY_S) -> dict[str, float]:
        """Return the next line of the child's output that is a JSON object."""
        end = time.perf_counter() + timeout_s
        while time.perf_counter() < end:
            line = self._line(end - time.perf_counter())
            if line.startswith(b"{"):
                answer: dict[str, float] = json.loads(line)
                return answer
        raise NotReadyError(self._why())

    def _line(self, timeout_s: float) -> bytes:
        output = self._child.stdout
        if output is None or not select.select([output], [], [], max(0, timeout_s))[0]:
            raise NotReadyError(self._why())
        line = output.readline()
        if not line:
            raise NotReadyError(self._why())
        return line

    def _why(self) -> str:
        tail = self.log.read_text(errors="replace").splitlines()[-12:]
        return f"pid {self.pid}, exit {self._child.poll()}: " + "\n".join(tail)

    def running(self) -> bool:
        """Tell whether the child still runs."""
        return self._child.poll() is None

    def wait(self, limit_s: float) -> int | None:
        """Return the exit code, None when the child still runs after `limit_s`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._child.wait(limit_s)
        return None

    def cpu_s(self) -> float:
        """CPU seconds the child has used."""
        return cpu_s(self.pid)

    def resident_mib(self) -> float:
        """Resident memory of the child."""
        return resident_mib(self.pid)

    def settle(self, *, limit_s: float = 10.0) -> bool:
        """Wait until the child is idle, so that its rest is not charged to the next one."""
        end = time.perf_counter() + limit_s
        while time.perf_counter() < end:
            before = self.cpu_s()
            time.sleep(SETTLE_STEP_S)
            if self.cpu_s() - before < SETTLE_SHARE * SETTLE_STEP_S + 1 / 100:
                return True
        return False

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after the promised time; only this child, by its pid."""
        if self.running():
            self._child.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_S)
        if self.running():
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._errors.close()


def _pinned(command: Sequence[str], core: int | str) -> list[str]:
    """Prefix the command so that every thread it ever starts stays on `core`."""
    if (os.cpu_count() or 1) < 2 or shutil.which("taskset") is None:
        return list(command)
    return ["taskset", "-c", str(core), *command]


def python_module(name: str, arguments: Sequence[str], *, python: str | None = None) -> list[str]:
    """Return the command that runs one of `bench.servers`."""
    return [python or sys.executable, "-m", f"bench.servers.{name}", *arguments]


def serve(name: str, arguments: Sequence[str], *, log: Path, python: str | None = None) -> Process:
    """Start one of `bench.servers` in a process of its own, on the system's core."""
    return Process(python_module(name, arguments, python=python), log=log)
