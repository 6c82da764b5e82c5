"""One of each engine a session; a test that needs an absent one is skipped, or fails in CI."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers.engines import ENGINES, REQUIRED, Absent, Engine, Kafka, RabbitMQ, Redis


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
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from _running(Kafka, tmp_path_factory.mktemp("kafka"))


@pytest.fixture(params=ENGINES)
def server(request: pytest.FixtureRequest) -> Engine:
    """Each engine outside the database, running."""
    found: Engine = request.getfixturevalue(request.param)
    return found
