"""One of each engine a session; a test that needs an absent one is skipped, or fails in CI."""

import functools
import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers.engines import (
    CUT_OFF,
    ENGINES,
    MOCK,
    REQUIRED,
    Absent,
    Engine,
    RabbitMQ,
    Redis,
)
from tests.brokers.kafka_node import Kafka
from tests.brokers.mock import MockKafka


def _running(kind: type[Engine], folder: Path) -> Iterator[Engine]:
    try:
        engine = kind(folder)
    except Absent as absent:
        if os.environ.get("PONTE_TEST_ENGINES") == REQUIRED:
            pytest.fail(str(absent))
        pytest.skip(str(absent))
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Let no later test pay for what a cut off driver left."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from _running(RabbitMQ, tmp_path_factory.mktemp("rabbitmq"))


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from _running(Redis, tmp_path_factory.mktemp("redis"))


@pytest.fixture(scope="session")
def real_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from _running(Kafka, tmp_path_factory.mktemp("kafka"))


@pytest.fixture
def kafka(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The real one; where there is none, librdkafka's in this process, anew for each test."""
    if not _why_mock():
        yield request.getfixturevalue("real_kafka")
        return
    mock = MockKafka(tmp_path)
    mock.start()
    yield mock
    mock.end()


@pytest.fixture(params=ENGINES)
def server(request: pytest.FixtureRequest) -> Engine:
    """Each engine outside the database, running."""
    found: Engine = request.getfixturevalue(request.param)
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Forgive the driver what the in-process broker, slower to let it in, makes of its ends."""
    if _why_mock():
        for item in items:
            if "kafka" in item.name:
                item.add_marker(CUT_OFF)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which Kafka it was, where it was not a real one."""
    if why := _why_mock():
        terminalreporter.write_line(f"kafka: tested on librdkafka's in-process broker, {why}")


@functools.cache
def _why_mock() -> str:
    """Return why there is no real Kafka; empty where there is one, or must be."""
    wanted = os.environ.get("PONTE_TEST_ENGINES")
    if wanted == REQUIRED:
        return ""
    if wanted == MOCK:
        return "as PONTE_TEST_ENGINES asks"
    try:
        with tempfile.TemporaryDirectory() as folder:
            Kafka(Path(folder))
    except Absent as absent:
        return str(absent)
    return ""
