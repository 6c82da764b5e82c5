"""Engines for the rows that need them: private servers on loopback, gone with the row.

The tests know how to start them; here they only get the core of the load, as the bench
itself has. So the core of the system is spent on what is measured alone, for every side
of a ratio alike.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import asyncpg

from bench.processes import NotAvailableError, NotReadyError
from bench.setup import Setup
from tests import postgres as clusters
from tests.brokers.engines import Absent, Engine, RabbitMQ, Redis
from tests.brokers.kafka_node import Kafka

KINDS: dict[str, Callable[[Path], Engine]] = {
    "kafka": Kafka,
    "rabbitmq": RabbitMQ,
    "redis": Redis,
}


@dataclass
class Postgres:
    """One server, on which every side gets a database of its own."""

    cluster: clusters.Cluster

    def migrated(self) -> str:
        """Return the address of a fresh database that Ponte can use."""
        return self.cluster.create()

    def empty(self, name: str) -> str:
        """Return the address of a database without a table."""
        run(self._execute("postgres", f"CREATE DATABASE {name}"))
        return self.cluster.url(name)

    def configure(self, url: str, setting: str) -> None:
        """Set a setting of the server for those who connect to a database from now on."""
        name = url.rpartition("/")[2]
        run(self._execute("postgres", f"ALTER DATABASE {name} SET {setting}"))

    def value(self, url: str, sql: str) -> Any:
        """Return one value from a database."""
        return run(_value(url, sql))

    def log(self) -> bytes:
        """Return what the server wrote so far."""
        return (self.cluster.folder / "log").read_bytes()

    async def _execute(self, database: str, sql: str) -> None:
        con = await asyncpg.connect(self.cluster.url(database))
        try:
            await con.execute(sql)
        finally:
            await con.close()


async def _value(url: str, sql: str) -> Any:
    con = await asyncpg.connect(url)
    try:
        return await con.fetchval(sql)
    finally:
        await con.close()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL with its defaults: every commit is on disk before it is answered."""
    programs = clusters.programs()
    if programs is None:
        raise NotAvailableError("needs PostgreSQL (apt-get install postgresql)")
    cluster = clusters.Cluster(programs)
    with ExitStack() as stack:
        stack.callback(cluster.stop)
        try:
            cluster.start()
        except (AssertionError, CalledProcessError) as error:
            raise NotReadyError(f"PostgreSQL did not start: {error}") from error
        yield Postgres(cluster)


@contextmanager
def running(kind: str, setup: Setup) -> Iterator[str]:
    """Run an engine and yield its address."""
    folder = setup.path(kind)
    folder.mkdir()
    try:
        engine = KINDS[kind](folder)
    except Absent as error:
        raise NotAvailableError(str(error)) from error
    with ExitStack() as stack:
        stack.callback(engine.stop)
        try:
            engine.start()
        except AssertionError as error:
            raise NotReadyError(str(error)) from error
        yield engine.url


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run one coroutine to its end, outside any loop."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)
