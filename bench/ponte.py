"""Ponte under test: its commands as processes, its API over loopback, nothing from inside.

Limits that protect an installation from one client are lifted, since here one client is
the whole shop: the rate of a key and an address, the number of connections, the notices
an alert's name may cause. Everything else stays as it is shipped.
"""

import http.client
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.http_load import Address
from bench.orders import PRODUCTS
from bench.processes import HOST, READY_S, NotReadyError, Process, free_port
from bench.setup import Setup

# Not a secret: it opens a database that is deleted with the run.
ADMIN_KEY = "bench-admin-key-that-opens-nothing-outside"
POLL_S = 0.005
STOCK = 900_000  # More than any run sells; a quantity ends at 999,999.
LOW_STOCK = 5  # The default minimum: the next unit sold crosses it.

UNLIMITED = {
    "PONTE_RATE_LIMIT_ANON": "1000000",
    "PONTE_RATE_LIMIT_KEY": "1000000",
    "PONTE_LIMITES__CONEXOES": "20000",
    "PONTE_ALERTAS__LIMITE_POR_NOME": "1000000",
}


@dataclass
class Installation:
    """One data directory with its key, and the port that its web role answers on."""

    setup: Setup
    directory: Path
    port: int = field(default_factory=free_port)
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> Address:
        """Where the web role listens."""
        return (HOST, self.port)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.directory / "ponte.db"

    def environment(self) -> dict[str, str]:
        """Return what a role is started with."""
        return {
            "PONTE_DATA_DIR": str(self.directory),
            "PONTE_API_KEY": ADMIN_KEY,
            **UNLIMITED,
            **self.extra,
        }

    def start(self, role: str, *arguments: str) -> Process:
        """Start a role on the system's core; it is not ready yet."""
        return Process(
            [str(self.setup.ponte), role, *arguments],
            log=self.setup.log(f"{self.directory.name}-{role}"),
            env=self.environment(),
            # A `.env` of the developer must not change what is measured.
            cwd=self.directory,
            talks=False,
        )

    @contextmanager
    def serving(self, role: str = "up") -> Iterator[Process]:
        """Run `up` or `web` and yield it once it takes orders."""
        with self.start(role, "--port", str(self.port)) as process:
            self.await_ready(process)
            yield process

    def await_ready(self, process: Process) -> float:
        """Return the seconds from the start of the process to its first ready answer."""
        while process.running() and time.perf_counter() - process.started < READY_S:
            if self.status("GET", "/health/ready") == http.HTTPStatus.OK:
                return time.perf_counter() - process.started
            time.sleep(POLL_S)
        tail = process.log.read_text(errors="replace").splitlines()[-12:]
        raise NotReadyError(f"{self.setup.ponte} was not ready: " + "\n".join(tail))

    def status(self, method: str, path: str) -> int:
        """Return the status of a request, 0 while nobody answers."""
        try:
            return self._request(method, path)[0]
        except OSError:
            return 0

    def call(
        self, method: str, path: str, body: str = "", *, content: str = "application/json"
    ) -> dict[str, object]:
        """Make one request as the admin and return its JSON."""
        status, answer = self._request(method, path, body=body, content=content)
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise NotReadyError(f"{method} {path}: {status} {answer[:300].decode()}")
        parsed: dict[str, object] = json.loads(answer)
        return parsed

    def _request(
        self, method: str, path: str, *, body: str = "", content: str = "application/json"
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": content}
            connection.request(method, path, body.encode() or None, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def seed(self, products: Mapping[str, int]) -> None:
        """Put products in, each with its quantity."""
        rows = [f"{sku},Produto {sku},25.90,{quantity}" for sku, quantity in products.items()]
        csv = "\n".join(["produto_id,nome,preco,quantidade", *rows, ""])
        self.call("POST", "/estoque/importar", csv, content="text/csv")

    def selling_key(self) -> str:
        """Make a key that may only send orders, as a shop's system has; its rate is counted."""
        wanted = {"nome": "bench", "escopos": ["pedidos:escrever"]}
        return str(self.call("POST", "/chaves", json.dumps(wanted))["chave"])

    def total(self, query: str) -> int:
        """Return how many orders a filter of `GET /pedidos` finds."""
        answer = self.call("GET", f"/pedidos?{query}&limite=1")
        return int(str(answer["total"]))


def install(setup: Setup, name: str, **extra: str) -> Installation:
    """Make an empty data directory; the first start fills it."""
    if not os.access(setup.ponte, os.X_OK):
        raise NotReadyError(f"{setup.ponte} is not there; run `make setup`")
    directory = setup.path(name)
    directory.mkdir()
    return Installation(setup, directory, extra=extra)


def full_shop() -> dict[str, int]:
    """Return the products that orders are for, with more stock than any run sells."""
    return dict.fromkeys(PRODUCTS, STOCK)
