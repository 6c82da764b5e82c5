"""Engines: real servers as private processes on loopback, gone when the tests end.

Each lives in a folder of its own, on ports that were free, and is ended by its pid.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aio_pika
import orjson
import pytest
from redis.asyncio import Redis as RedisClient

from ponte.brokers.rabbitmq import RabbitBroker
from ponte.brokers.redis import RedisBroker
from ponte.ports import Broker

HOST = "127.0.0.1"
# A driver that is cut off in the middle of connecting leaves its socket to the collector.
CUT_OFF = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
START_S = 60.0  # chosen: an Erlang or Java node on a busy machine takes ten
STOP_S = 20.0
REQUIRED, MOCK = "required", "mock"  # values of PONTE_TEST_ENGINES
ENGINES = ("rabbitmq", "redis", "kafka")  # the names of their fixtures
FACTS = "^(?!ponte[.]|__).*"  # topics of the stream; the queues' begin with "ponte."
JARS = Path.home() / ".cache/ponte/kafka/jars"  # where `make engines` puts them
FETCH = "mvn -f tests/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory=" + str(JARS)
# ApiVersions, version 0, correlation 1, no client name: what every Kafka answers first.
API_VERSIONS = b"\0\0\0\x0a\0\x12\0\0\0\0\0\1\xff\xff"
# Debian keeps the script that does not change user here; elsewhere it is on the path.
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class Absent(Exception):
    """The engine is not installed; its text is what to do."""


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Process:
    """One server; `restart` gives it the same folder and port again."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str],
        answers: Callable[[], bool],
    ) -> None:
        self._command = command
        self._env = {**os.environ, **env}
        self._log = folder / f"{Path(command[0]).name}.out"
        self._answers = answers
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._child = subprocess.Popen(  # noqa: S603 - our own commands
                self._command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=self._env, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + START_S
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > end:
                said = self._log.read_text(errors="replace")[-2000:]
                self.stop()
                raise AssertionError(f"{self._command[0]} does not answer: {said}")
            time.sleep(0.05)

    def stop(self, *, kill: bool = False) -> None:
        """End it and what it started: its process group is its own."""
        child, self._child = self._child, None
        if child is None or child.poll() is not None:
            return
        os.killpg(child.pid, signal.SIGKILL if kill else signal.SIGTERM)
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait(STOP_S)

    def restart(self) -> None:
        self.stop(kill=True)
        self.start()


def says(port: int, question: bytes, answer: bytes) -> bool:
    """Tell whether the server on a port answers a first question."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as sock:
            sock.sendall(question)
            return sock.recv(len(answer)) == answer
    except OSError:
        return False


def program(name: str, package: str) -> str:
    """Return where a program is; raises `Absent` with the package that brings it."""
    found = shutil.which(name)
    if found is None:
        raise Absent(f"needs {name}: apt-get install {package}")
    return found


@dataclass(frozen=True)
class Came:
    """One fact as another system reads it."""

    topico: str
    chave: str
    envelope: dict[str, Any]
    tipo: str  # as the header says


Read = Callable[[], Awaitable[list[Came]]]


class Engine(Protocol):
    """What a test needs of any of them."""

    url: str

    def __init__(self, folder: Path) -> None:
        """Find its program; raises `Absent`."""

    def start(self) -> None:
        """Return when it answers."""

    def stop(self) -> None:
        """End it."""

    def restart(self) -> None:
        """Cut its power and start it again on the same folder."""

    def connect(self) -> Broker:
        """Return one more way to it."""

    async def lose(self, fila: str) -> None:
        """Let it forget a queue and all that was confirmed in it."""

    def reads(self) -> AbstractAsyncContextManager[Read]:
        """Listen to the stream of facts; the reader returns what came since it was last asked."""


class RabbitMQ:
    """A node with its own port mapper, cookie and folder."""

    def __init__(self, folder: Path) -> None:
        server = str(RABBITMQ) if RABBITMQ.exists() else program(RABBITMQ.name, RABBITMQ.name)
        mapper = program("epmd", "rabbitmq-server")
        self.port, self._mapper_port = free_port(), free_port()
        self.url = f"amqp://guest:guest@{HOST}:{self.port}/"
        env = self._environment(folder)
        self._mapper = Process(
            [mapper, "-port", str(self._mapper_port), "-address", HOST],
            folder=folder,
            env=env,
            answers=lambda: says(self._mapper_port, b"\0\1n", b""),  # NAMES_REQ
        )
        self.node = Process(
            [server], folder=folder, env=env,
            answers=lambda: says(self.port, b"AMQP\0\0\x09\1", b"\1"),
        )  # fmt: skip

    def start(self) -> None:
        self._mapper.start()
        self.node.start()

    def stop(self) -> None:
        self.node.stop(kill=True)
        self._mapper.stop()

    def restart(self) -> None:
        self.node.restart()

    def connect(self) -> Broker:
        return RabbitBroker(self.url)

    async def lose(self, fila: str) -> None:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            await channel.queue_delete(fila)

    @asynccontextmanager
    async def reads(self) -> AsyncIterator[Read]:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange("ponte.fatos", "topic", durable=True)
            queue = await channel.declare_queue(exclusive=True)
            await queue.bind(exchange, "#")

            async def read() -> list[Came]:
                found = []
                while message := await queue.get(no_ack=True, fail=False):
                    headers = {k: str(v) for k, v in message.headers.items()}
                    found.append(
                        Came(message.routing_key or "", headers["chave"],
                             orjson.loads(message.body), headers["cloudEvents:type"])
                    )  # fmt: skip
                return found

            yield read

    def _environment(self, folder: Path) -> dict[str, str]:
        return {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": HOST,
            "RABBITMQ_NODENAME": f"ponte{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        }


class Redis:
    """A server that syncs every write, as whoever queues in it must."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://{HOST}:{self.port}/0"
        command = [program("redis-server", "redis-server"), "--bind", HOST, "--port",
                   str(self.port), "--dir", str(folder), "--save", "", "--appendonly", "yes",
                   "--appendfsync", "always"]  # fmt: skip
        self.node = Process(
            command, folder=folder, env={},
            answers=lambda: says(self.port, b"PING\r\n", b"+PONG"),
        )  # fmt: skip

    def start(self) -> None:
        self.node.start()

    def stop(self) -> None:
        self.node.stop()

    def restart(self) -> None:
        self.node.restart()

    def connect(self) -> Broker:
        return RedisBroker(self.url)

    async def lose(self, fila: str) -> None:  # noqa: ARG002 - it can only forget all
        async with RedisClient.from_url(self.url) as client:
            await client.flushall()

    @asynccontextmanager
    async def reads(self) -> AsyncIterator[Read]:
        async with RedisClient.from_url(self.url) as client:
            seen: dict[bytes, bytes] = {}

            async def read() -> list[Came]:
                found = []
                keys: Any = await client.keys("ponte:stream:*")
                for key in keys:
                    after = b"(" + seen[key] if key in seen else b"-"
                    entries: Any = await client.xrange(key, min=after)
                    for entry, fields in entries:
                        seen[key] = entry
                        found.append(
                            Came(key.decode().removeprefix("ponte:stream:"),
                                 fields[b"chave"].decode(), orjson.loads(fields[b"envelope"]),
                                 fields[b"ce_type"].decode())
                        )  # fmt: skip
                return found

            await read()
            yield read
