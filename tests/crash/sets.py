"""Engine sets: PostgreSQL, alone or with the broker that carries the work, and their bad days.

Roles are processes of their own, each with a folder of its own as on machines apart. The
engines lose their power again and again while the roles are killed.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.brokers.engines import Absent, Engine, RabbitMQ, Redis
from tests.brokers.kafka_node import Kafka
from tests.crash.killer import Role, Server, free_port, ponte_bin, ponte_env
from tests.crash.watcher import Watcher
from tests.postgres import Cluster, programs

BROKERS: dict[str, type[Engine] | None] = {
    "postgresql": None,
    "postgresql+rabbitmq": RabbitMQ,
    "postgresql+redis": Redis,
    "postgresql+kafka": Kafka,
}
# One key for all processes of an installation; fixed and obviously fake.
MASTER_KEY = "00" * 32
# Two of each that takes or does work, so that what one leaves another finds.
PAPEIS = ("web-1", "web-2", "worker-1", "worker-2", "scheduler")
# A start that meets a database which is away again and again, on a busy machine (chosen).
PATIENCE_S = 180.0
# How long a start takes on a quiet machine. One that needs so many times as long gets its
# engines cut so many times as seldom, or no start would ever find them there.
START_S = 2.0
WITHIN_S = 120.0  # how long the engines' own part of a run is waited for, at most (chosen)


@dataclass
class Motores:
    """The engines of one set, running."""

    cluster: Cluster
    broker: Engine | None = None


@contextmanager
def started_cluster() -> Iterator[Cluster]:
    """Run a PostgreSQL that may be stopped at any time.

    Raises:
        Absent: it is not installed.
    """
    found = programs()
    if found is None:
        raise Absent("PostgreSQL is not installed: make engines")
    cluster = Cluster(found)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def motores(nome: str, cluster: Cluster, folder: Path) -> Iterator[Motores]:
    """Run the broker of a set beside a PostgreSQL.

    Raises:
        Absent: it is not installed.
    """
    kind = BROKERS[nome]
    if kind is None:
        yield Motores(cluster)
        return
    folder.mkdir(parents=True, exist_ok=True)
    broker = kind(folder)
    try:
        broker.start()
        yield Motores(cluster, broker)
    finally:
        broker.stop()


def ponte_on(
    engines: Motores,
    tmp_path: Path,
    *,
    papeis: Sequence[str] = PAPEIS,
    launcher: Sequence[str] | None = None,
) -> Server:
    """Return an installation of several processes on a database of its own.

    Args:
        engines: What it runs on.
        tmp_path: Where its folders lie.
        papeis: Its processes; what follows a hyphen tells one of a role from another.
        launcher: What stands in place of `ponte`.
    """
    env = ponte_env(tmp_path / "dados") | {
        "PONTE_DATABASE_URL": engines.cluster.create(),
        "PONTE_MASTER_KEY": MASTER_KEY,
    }
    if engines.broker is not None:
        env |= {"PONTE_QUEUE_URL": engines.broker.url, "PONTE_STREAM_URL": engines.broker.url}
    roles = [_role(nome, tmp_path, launcher or [ponte_bin()]) for nome in papeis]
    data_dir = tmp_path / "dados"
    data_dir.mkdir(parents=True)
    porta = roles[0].porta or 0
    return Server(roles, porta, data_dir, env, tries_again=True, patience_s=PATIENCE_S)


@contextmanager
def watched(unrest: "Unrest", watcher: Watcher) -> Iterator[None]:
    """Let a socket listen through the unrest, from a place that it can resume from."""
    with watcher:
        watcher.hears_any(WITHIN_S)
        with unrest:
            yield


def _role(nome: str, tmp_path: Path, launcher: Sequence[str]) -> Role:
    papel, porta = nome.partition("-")[0], free_port()
    command = [*launcher, papel]
    env = {"PONTE_DATA_DIR": str(tmp_path / nome)}
    if papel == "web":
        command += ["--port", str(porta)]
    else:
        env["PONTE_METRICS_PORT"] = str(porta)
    return Role(nome, command, porta=porta, env=env)


@dataclass
class Unrest:
    """Within a `with`: cut the power of each engine at random moments, each on its own clock.

    Leaving waits until each was cut `at_least` so often and runs again.
    """

    engines: Motores
    server: Server
    seed: int
    shortest_s: float = 5.0  # RELIABILITY F5: every 5 to 40 s
    longest_s: float = 40.0
    at_least: int = 1
    cuts: dict[str, int] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._add("postgresql", self._restart_cluster)
        if self.engines.broker is not None:
            self._add(type(self.engines.broker).__name__.lower(), self.engines.broker.restart)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        end = time.monotonic() + WITHIN_S
        while kind is None and not self._enough() and time.monotonic() < end:
            time.sleep(0.1)
        self._over.set()
        for thread in self._threads:
            thread.join(2 * WITHIN_S)
        if self._errors and kind is None:
            raise self._errors[0]

    def _enough(self) -> bool:
        return bool(self._errors) or min(self.cuts.values()) >= self.at_least

    def _add(self, nome: str, restart: Callable[[], None]) -> None:
        self.cuts[nome] = 0
        # A PRNG on purpose: the moments must be repeatable from the seed.
        dice = random.Random(f"{self.seed}:{nome}")  # noqa: S311
        slow = max(1.0, self.server.start_s / START_S)

        def again_and_again() -> None:
            try:
                while not self._over.wait(dice.uniform(self.shortest_s, self.longest_s) * slow):
                    _patiently(restart)
                    self.cuts[nome] += 1
            except BaseException as error:  # noqa: BLE001 - it is raised where the run is judged
                self._errors.append(error)

        self._threads.append(threading.Thread(target=again_and_again, name=nome, daemon=True))

    def _restart_cluster(self) -> None:
        self.engines.cluster.kill()
        self.engines.cluster.start(new=False)


def _patiently(restart: Callable[[], None]) -> None:
    """Cut an engine's power; where it did not answer in time on a starved machine, once more."""
    try:
        restart()
    except AssertionError:
        restart()
