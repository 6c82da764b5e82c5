"""Enumerated crash points: strace kills the server at the K-th write-like call of an order.

No hook stands in the server's code. `strace -p` attaches to a ready, idle
server; one order is placed; the call named by the point is met by SIGKILL
instead of being carried out. strace counts each thread and each syscall for
itself, so a point is (syscall, K): the first thread to reach its K-th such call.

Source: strace(1), "Syscall Tampering", `inject=SET:signal=SIG:when=EXPR`.
"""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from tests.crash.books import drain
from tests.crash.client import Client
from tests.crash.journal import Journal
from tests.crash.killer import API_KEY, Server
from tests.crash.plan import WIDE, Ordem, Profile
from tests.crash.run import journal_path, open_shop
from tests.crash.wire import Wire

# Every call by which one order can leave a trace outside the process: the database's file,
# the log's, the socket's. `?` lets an architecture lack one of them.
WRITE_LIKE = (
    "write",
    "writev",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "sendto",
    "sendmsg",
    "?unlink",
    "?rename",
)
# How long an order may take under ptrace before the point counts as not reached.
ORDER_WITHIN_S = 3.0
# A quiet server lets strace see the order and not what came before.
QUIET_WITHIN_S = 1.0
# How long after its answer the handling of an order is watched. Asking the server whether
# it is done would add calls of its own (chosen: a hundred times what an order takes).
AFTERMATH_S = 0.7
ATTACH_WITHIN_S = 10.0
# How long a start may take under ptrace.
START_WITHIN_S = 30.0

CALL = re.compile(r"^(\d+) +(\w+)\(")


class NotAttached(Exception):
    """strace could not attach; its own words say why."""


@dataclass(frozen=True, order=True)
class Point:
    """Kill at the `k`-th call of `syscall` by any one thread, counted from the order on."""

    syscall: str
    k: int

    def __str__(self) -> str:
        return f"{self.syscall}:{self.k}"

    @property
    def inject(self) -> str:
        """Return what strace calls it."""
        return f"{self.syscall}:signal=KILL:when={self.k}"


def _strace(trace: str, output: Path, *, inject: str | None = None) -> list[str]:
    extra = ["-e", f"inject={inject}"] if inject else []
    path = shutil.which("strace") or "strace"
    return [path, "-f", "-y", "-o", str(output), "-e", f"trace={trace}", *extra]


class Strace:
    """strace, attached to one process for the length of a `with`."""

    def __init__(self, pid: int, *, trace: str, output: Path, inject: str | None = None) -> None:
        self._command = [*_strace(trace, output, inject=inject), "-p", str(pid)]
        self._process: subprocess.Popen[str] | None = None
        self._ear: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603
            self._command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        assert self._process.stderr is not None
        # The first line is "Process N attached" or the reason why not.
        said = self._process.stderr.readline()
        # The pipe must not fill up and stop strace, and with it the server.
        self._ear = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._ear.start()
        if "attached" not in said:
            self.__exit__()
            raise NotAttached(said.strip())
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        assert self._ear is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.wait(ATTACH_WITHIN_S)
        self._ear.join(ATTACH_WITHIN_S)
        self._process.stderr.close()


def why_not() -> str | None:
    """Return why crash points can't be enumerated here, None when they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    child = subprocess.Popen(["sleep", "30"])  # noqa: S607
    try:
        with Strace(child.pid, trace="write", output=Path("/dev/null")):
            return None
    except NotAttached as refused:
        return str(refused)
    finally:
        child.kill()
        child.wait()


def tracing_or_skip() -> None:
    """Skip, with the reason, where strace may not trace; fail where engines are required."""
    refused = why_not()
    if refused is None:
        return
    if os.environ.get("PONTE_TEST_ENGINES") == "required":
        pytest.fail(f"strace is required here: {refused}")
    pytest.skip(f"nothing is injected without strace: {refused}")


@dataclass
class PointRun:
    """Place one order at each crash point against one installation and its journal."""

    server: Server
    client: Client
    role: str
    cancel: bool = False
    n: int = 0
    reached: int = 0

    def discover(self) -> list[Point]:
        """Handle one order unharmed and list every point that it went through."""
        output = self.server.data_dir.parent / "strace.txt"
        self._quiet()
        with Strace(self.server.pid(self.role), trace=",".join(WRITE_LIKE), output=output):
            self.client.place_one(self._next())
            time.sleep(AFTERMATH_S)
        return read_points(output)

    def crash_at(self, point: Point) -> bool:
        """Crash at one point, start again, settle by key; False when it was not reached."""
        self._quiet()
        buyer = threading.Thread(target=self.client.place_one, args=(self._next(),), daemon=True)
        with Strace(
            self.server.pid(self.role),
            trace=point.syscall,
            output=Path("/dev/null"),
            inject=point.inject,
        ):
            buyer.start()
            crashed = self.server.reap(self.role, ORDER_WITHIN_S)
        # A point at the last moment may strike while strace is being detached.
        crashed = crashed or self.server.reap(self.role, 0)
        if crashed:
            self.reached += 1
            self.server.restart(self.role)
        buyer.join(30)
        return crashed

    def _next(self) -> Ordem:
        """One plain order: two products, both keys, always the same amount of work."""
        self.n += 1
        itens = ((WIDE[0], 2), (WIDE[1], 1))
        return Ordem(
            n=self.n,
            chave=f"ponto-{self.n}",
            pedido_externo=f"P-{self.n}",
            itens=itens,
            cancel=self.cancel,
            body={
                "pedido_externo": f"P-{self.n}",
                "itens": [{"produto_id": p, "quantidade": units} for p, units in itens],
                "observacao": f"ordem {self.n}",
            },
        )

    def _quiet(self) -> None:
        with Wire(self.server.porta, API_KEY) as wire:
            drain(wire, QUIET_WITHIN_S)
        time.sleep(0.1)  # an order's frames and log lines follow its end


@contextmanager
def opened(server: Server, *, cancel: bool = False) -> Iterator[PointRun]:
    """Start the server with the shop's opening stock; stop it at the end."""
    server.start()
    journal = Journal(journal_path(server))
    try:
        with Wire(server.porta, API_KEY) as wire:
            open_shop(wire)
        profile = Profile(seed=0, connections=0)
        client = Client(server.portas, chave_api=API_KEY, journal=journal, profile=profile)
        yield PointRun(server, client, server.roles[0].name, cancel)
    finally:
        journal.close()
        server.stop()


def first_start_points(server: Server) -> list[Point]:
    """Start on an empty data directory, unharmed, and list what the start went through."""
    output = server.data_dir.parent / "strace.txt"
    [role] = server.roles
    role.command = [*_strace(",".join(WRITE_LIKE), output), *role.command]
    server.spawn(role.name)
    _reap_at_start(server, role.name)
    server.stop()
    # Threads also wake each other by `write`; only files can be left half made.
    return read_points(output, touching=str(server.data_dir))


def crash_first_start(server: Server, point: Point) -> bool:
    """Crash the first start of a new installation, then start it for good."""
    [role] = server.roles
    plain = role.command
    role.command = [*_strace(point.syscall, Path("/dev/null"), inject=point.inject), *plain]
    server.spawn(role.name)
    crashed = _reap_at_start(server, role.name)
    server.stop()
    role.command = plain
    server.start()
    return crashed


def _reap_at_start(server: Server, name: str) -> bool:
    """Wait until a start is over, without a request that would add calls of its own."""
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline and not server.is_listening():
        if server.reap(name, 0.02):
            return True
    return server.reap(name, AFTERMATH_S)


def read_points(output: Path, *, touching: str = "") -> list[Point]:
    """List the points of a trace, or those of calls whose line names `touching`."""
    calls: Counter[tuple[str, str]] = Counter()
    points: set[Point] = set()
    for line in output.read_text(errors="replace").splitlines():
        found = CALL.match(line)
        if found:
            calls[found[2], found[1]] += 1
            if touching in line:
                points.add(Point(found[2], calls[found[2], found[1]]))
    return sorted(points)


def sample(points: Sequence[Point], each: int) -> list[Point]:
    """Pick evenly from first to last, at most `each` (2 or more) of one syscall."""
    by_syscall: dict[str, list[Point]] = {}
    for point in points:
        by_syscall.setdefault(point.syscall, []).append(point)
    return [point for group in by_syscall.values() for point in _evenly(group, each)]


def _evenly(points: Sequence[Point], at_most: int) -> list[Point]:
    if len(points) <= at_most:
        return list(points)
    step = (len(points) - 1) / (at_most - 1)
    return [points[round(i * step)] for i in range(at_most)]
