"""Every test gets a Ponte of its own, real to the disk, and no network but loopback."""

import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from ponte.estoque.service import Contagem, count_many
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.postgres import Cluster, programs

PRODUTOS = (
    ("ARROZ-5KG", "Arroz branco 5 kg", 2590),
    ("CAFE-500G", "Café torrado 500 g", 1890),
    ("LEITE-1L", "Leite integral 1 l", 549),
)


# What proves a promise of the store runs on both engines, the rest on SQLite alone.
ENGINES = ("sqlite", "postgres")
REQUIRED = os.environ.get("PONTE_TEST_ENGINES") == "required"
CONTRACT = (
    "store", "pedidos", "estoque", "notas", "alertas", "mensagens", "metricas", "falhas",
    "acceptance",
)  # fmt: skip
DATA = {"data_dir", "ponte", "db", "two"}
# Whole processes are started and killed for these: minutes, so where engines are required.
PROCESSES = {"servidor"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the contract's tests once for each engine."""
    folder = Path(str(metafunc.module.__file__)).parent.name
    own = {name for name in ENGINES if any(metafunc.definition.iter_markers(name))}
    stored = DATA | PROCESSES if REQUIRED else DATA
    stores = folder in CONTRACT and stored & set(metafunc.fixturenames)
    engines = [name for name in ENGINES if name in (own or ENGINES)]
    if "postgres" in own or (stores and len(engines) > 1):
        metafunc.parametrize("engine", engines, indirect=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server for the whole run, where there is one to start."""
    found = programs()
    if found is None:
        if REQUIRED:
            pytest.fail("PostgreSQL is required and not installed: make engines")
        pytest.skip("PostgreSQL is not installed: make engines")
    server = Cluster(found)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The engine this test stores on; "" stands for SQLite, otherwise a database's address."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield ""
        return
    server: Cluster = request.getfixturevalue("cluster")
    url = server.create()
    monkeypatch.setenv("PONTE_DATABASE_URL", url)
    yield url
    server.drop(url)


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = str(address[0])
            if not (host.startswith("127.") or host in {"::1", "localhost"}):
                msg = f"a test tried to reach {host}"
                raise AssertionError(msg)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def own_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test hear what another one configured, nor what a logger remembers of it."""
    configure, root = structlog.configure, logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def uncached(**kwargs: Any) -> None:
        configure(**{**kwargs, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", uncached)
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Where this test's Ponte stores; a second `embedded` on it is a restart."""
    return tmp_path / "dados"


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that moves when told to."""
    return FrozenClock()


@pytest.fixture
async def ponte(data_dir: Path) -> AsyncIterator[Embedded]:
    """A running Ponte with three products of 100 units in filial 1."""
    async with embedded(data_dir) as running:
        await stock(running, 100)
        yield running


async def stock(running: Embedded, unidades: int, *, minimo: int = 5) -> None:
    """Open the stock of `PRODUTOS` in filial 1."""

    async def seed(tx: Tx) -> None:
        contagens = [
            Contagem(pid, "1", unidades, "abertura", nome=nome, preco_centavos=preco)
            for pid, nome, preco in PRODUTOS
        ]
        await count_many(tx, contagens, minimo=minimo, autor="teste")

    await running.ctx.db.transact(seed)
