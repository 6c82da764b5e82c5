"""Start a server, kill -9 it at random moments, start it again on the same data.

Only processes started here are ever signalled: each is the leader of a session
of its own, and its group is killed as one, so a server that forks leaves nobody.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.wire import CutOff, Wire

# Fixed and obviously fake; 40 characters, since a key needs 32 or more.
API_KEY = "chave-de-teste-sem-valor-0123456789-abcd"
# How long a server may take to serve again before the run itself is given up; the promise
# (5 s) is judged from the figures, so that a slow start is reported and not an error.
PATIENCE_S = 60.0
POLL_S = 0.01
UNREACHABLE = 4  # how `ponte` ends a start that found no database
AGAIN_S = 0.5  # a service manager waits longer (chosen)


class NeverReady(Exception):
    """A server that was started did not become ready; its last lines say why."""


@dataclass
class Role:
    """One process of the installation: how it is started, and its pid while it lives."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    # Where it says itself whether it is ready; None: the first role speaks for all.
    porta: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    was_ready: bool = False


@dataclass
class Server:
    """One installation under test: its roles, its port and its data directory."""

    roles: list[Role]
    porta: int
    data_dir: Path
    env: Mapping[str, str]
    recovery_s: list[float] = field(default_factory=list)
    kills: int = 0
    killed_at: float = 0.0
    # Whether a start that found no database is tried again, as a service manager does.
    tries_again: bool = False
    patience_s: float = PATIENCE_S
    # How long the first role took: a machine shared with others needs longer for all.
    start_s: float = 0.0
    gave_up: int = 0

    @property
    def portas(self) -> list[int]:
        """Return where orders are taken."""
        webs = [role.porta for role in self.roles if role.porta and role.name.startswith("web")]
        return webs or [self.porta]

    def start(self) -> None:
        # One after the other where a database is shared: the first one brings in the schema.
        began = time.monotonic()
        for role in self.roles:
            self.spawn(role.name)
            if role.porta is not None:
                self.wait_ready(role.name)
            self.start_s = self.start_s or time.monotonic() - began
        self.wait_ready()

    def spawn(self, name: str) -> None:
        """Start one role and don't wait for it."""
        role = self._role(name)
        role.was_ready = False
        log = (self.data_dir.parent / f"{role.name}.log").open("ab")
        with log:
            role.process = subprocess.Popen(  # noqa: S603
                role.command,
                env={**self.env, **role.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data_dir.parent,
                start_new_session=True,
            )

    def wait_ready(self, name: str | None = None) -> None:
        """Return when /health/ready says 200; of one role, or of all that say so themselves."""
        asked = [role for role in self.roles if name in {None, role.name}]
        began = time.monotonic()
        while time.monotonic() - began < self.patience_s:
            if all(self._is_ready(role) for role in asked):
                return
            self._look_after_the_dead()
            time.sleep(POLL_S)
        raise NeverReady(self.last_lines())

    def _is_ready(self, role: Role) -> bool:
        with Wire(role.porta or self.porta, API_KEY) as wire:
            try:
                ready = wire.get("/health/ready").ok
            except CutOff:
                return False
        role.was_ready |= ready
        return ready

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.porta)) == 0

    def _look_after_the_dead(self) -> None:
        for role in self.roles:
            code = None if role.process is None else role.process.poll()
            if code is None:
                continue
            if not self.tries_again or role.was_ready or code != UNREACHABLE:
                raise NeverReady(f"{role.name} ended by itself: {code}\n{self.last_lines()}")
            self.gave_up += 1
            time.sleep(AGAIN_S)
            self.spawn(role.name)

    def pid(self, name: str) -> int:
        return self._process(self._role(name)).pid

    def kill(self, name: str) -> None:
        """kill -9, and return when the process is gone."""
        role = self._role(name)
        process = self._process(role)
        if process.poll() is not None:
            self._look_after_the_dead()
            process = self._process(role)
        os.killpg(process.pid, signal.SIGKILL)
        self._gone(role)

    def restart(self, name: str) -> None:
        """Start a killed role again at once; note how long from kill to ready."""
        self.spawn(name)
        self.wait_ready(name if self._role(name).porta else None)
        self.recovery_s.append(time.monotonic() - self.killed_at)

    def reap(self, name: str, within_s: float) -> bool:
        """Wait for a role that somebody else kills; False when it still lives."""
        role = self._role(name)
        try:
            self._process(role).wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        self._gone(role)
        return True

    def _gone(self, role: Role) -> None:
        self._process(role).wait()
        self.killed_at = time.monotonic()
        self.kills += 1
        role.process = None

    def stop(self) -> None:
        """End whatever still runs; nothing is judged after this."""
        for role in self.roles:
            if role.process is not None:
                if role.process.poll() is None:
                    os.killpg(role.process.pid, signal.SIGKILL)
                    role.process.wait()
                role.process = None

    def verify(self) -> tuple[int, str]:
        """Run `ponte verify --json` on the same data; return its exit code and what it said."""
        done = subprocess.run(  # noqa: S603
            [ponte_bin(), "verify", "--json"],
            env=dict(self.env),
            cwd=self.data_dir.parent,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def last_lines(self) -> str:
        logs = (self.data_dir.parent / f"{role.name}.log" for role in self.roles)
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in logs if log.exists())

    def _role(self, name: str) -> Role:
        return next(role for role in self.roles if role.name == name)

    def _process(self, role: Role) -> subprocess.Popen[bytes]:
        if role.process is None:
            raise ValueError(f"{role.name} is not running")
        return role.process


def ponte_bin() -> str:
    return str(Path(sys.executable).parent / "ponte")


def ponte_env(data_dir: Path) -> dict[str, str]:
    """Return the whole environment of a Ponte under test; nothing of ours leaks in."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        "HOME": str(data_dir),
        "PONTE_DATA_DIR": str(data_dir),
        "PONTE_API_KEY": API_KEY,
        "PONTE_RATE_LIMIT_KEY": "100000",
        "PONTE_RATE_LIMIT_ANON": "100000",
    }


def ponte_up(tmp_path: Path, *, launcher: Sequence[str] | None = None) -> Server:
    """Every role in one process; `launcher` stands before `up` in place of `ponte`."""
    porta = free_port()
    command = [*(launcher or [ponte_bin()]), "up", "--port", str(porta)]
    return _server(tmp_path, [Role("up", command)], porta=porta)


def ponte_split(tmp_path: Path) -> Server:
    """Web and worker as processes of their own on one SQLite file."""
    porta = free_port()
    web = Role("web", [ponte_bin(), "web", "--port", str(porta)])
    return _server(tmp_path, [web, Role("worker", [ponte_bin(), "worker"])], porta=porta)


def _server(tmp_path: Path, roles: list[Role], *, porta: int) -> Server:
    data_dir = tmp_path / "dados"
    data_dir.mkdir(parents=True)
    return Server(roles, porta, data_dir, ponte_env(data_dir))


def naive(tmp_path: Path, bug: str | None = None) -> Server:
    """Return the small server of `naive_server.py`, honest or with one bug."""
    porta = free_port()
    script = str(Path(__file__).with_name("naive_server.py"))
    data_dir = tmp_path / "dados"
    data_dir.mkdir(parents=True)
    command = [sys.executable, script, "--porta", str(porta), "--dados", str(data_dir)]
    role = Role("naive", [*command, *(["--bug", bug] if bug else [])])
    return Server([role], porta, data_dir, {"PATH": os.defpath})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Violence:
    """How often and when: the moments follow from the seed."""

    kills: int
    seed: int
    shortest_s: float = 0.1
    longest_s: float = 1.2
    # Of the kills, how many strike while the server is still starting (chosen): recovery
    # must survive being killed too.
    during_start: float = 0.15
    # Where the time is limited and the machine is shared, there may be fewer kills.
    within_s: float = float("inf")


def kill_at_random(server: Server, violence: Violence) -> None:
    """Kill one role of the server again and again, each time started again at once."""
    # A PRNG on purpose: the moments must be repeatable from the seed.
    dice = random.Random(violence.seed)  # noqa: S311
    names = [role.name for role in server.roles]
    end = time.monotonic() + violence.within_s
    while server.kills < violence.kills and time.monotonic() < end:
        time.sleep(dice.uniform(violence.shortest_s, violence.longest_s))
        victim = dice.choice(names)
        server.kill(victim)
        if dice.random() < violence.during_start and server.kills < violence.kills:
            server.spawn(victim)
            time.sleep(dice.uniform(0.0, 0.8))
            server.kill(victim)
        server.restart(victim)
