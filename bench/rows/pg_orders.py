"""Orders end to end on PostgreSQL + RabbitMQ: a backlog, drained by a worker.

`ponte web` alone takes the orders and publishes their prompts; then either `ponte worker`
starts, or a bare aio-pika consumer that does the same SQL. The rate counts from the first
concluded order to the last, as the database has them.
"""

import time
from collections.abc import Callable

from bench import engines, orders, ponte
from bench.http_load import HttpPool
from bench.processes import NotReadyError, Process, serve
from bench.reactor import Reactor
from bench.result import Goal, Line, Result, ratio
from bench.rows.ingest import ACCEPTED, CONNECTIONS
from bench.setup import Setup

POLL_S = 0.1
LIMIT_S = 120.0
DONE = "SELECT count(*) FROM pedidos WHERE status = 'concluido'"
UNSENT = "SELECT EXISTS (SELECT 1 FROM fila WHERE enviada_em IS NULL AND fila = 'pedidos')"


def measure(setup: Setup) -> Result:
    """Make and drain a backlog with each, in turn, round after round."""
    number = int(setup.pick(20_000, 2000))
    accepted: list[float] = []
    own: list[float] = []
    bare: list[float] = []
    with engines.postgres() as server:
        for _ in range(setup.rounds):
            for drained, by in ((own, _worker), (bare, _consumer)):
                # A new engine each time: the queue `pedidos` must hold this backlog alone.
                with engines.running("rabbitmq", setup) as queue:
                    one = _Backlog(setup, server, queue)
                    accepted.append(one.make(number))
                    drained.append(one.drain(number, by))
    name = "orders on PostgreSQL + RabbitMQ"
    return Result(
        "pg_orders",
        (
            Line(
                f"{name} / a bare aio-pika consumer with the same SQL",
                "x",
                tuple(map(ratio, own, bare)),
                Goal(0.7),
            ),
            Line(f"{name}: backlog of {number:,} drained", "orders/s", tuple(own), Goal(1500)),
            Line(f"{name}: bare consumer", "orders/s", tuple(bare)),
            Line(f"{name}: accepted while no worker ran", "orders/s", tuple(accepted)),
        ),
    )


class _Backlog:
    """One installation on a database and a broker of its own."""

    def __init__(self, setup: Setup, server: engines.Postgres, queue: str) -> None:
        self.setup = setup
        self.server = server
        self.queue = queue
        self.url = server.migrated()
        self.shop = ponte.install(
            setup, "pg_orders", PONTE_DATABASE_URL=self.url, PONTE_QUEUE_URL=queue
        )

    def make(self, number: int) -> float:
        """Accept so many orders and let their prompts reach the broker; return the rate."""
        with self.shop.serving("web") as web:
            self.shop.seed(ponte.full_shop())
            pool = HttpPool(Reactor(), self.shop.address, connections=CONNECTIONS)
            sent = orders.requests(self.shop.port, ponte.ADMIN_KEY)
            rate = pool.count(sent, number=number, limit_s=LIMIT_S).only(ACCEPTED).rate
            pool.close()
            end = time.perf_counter() + LIMIT_S
            while self.server.value(self.url, UNSENT):
                if time.perf_counter() > end:
                    raise NotReadyError("the prompts did not reach RabbitMQ")
                time.sleep(POLL_S)
            web.settle()
        return rate

    def drain(self, number: int, start: "Start") -> float:
        """Return orders a second from the first concluded to the last."""
        first_at, first = 0.0, 0
        with start(self) as process:
            while process.running() and time.perf_counter() - process.started < LIMIT_S:
                done = int(self.server.value(self.url, DONE))
                now = time.perf_counter()
                if done and not first:
                    first_at, first = now, done
                if done >= number:
                    return ratio(number - first, now - first_at)
                time.sleep(POLL_S)
        raise NotReadyError(f"{first} and more of {number} concluded; see {process.log}")


Start = Callable[[_Backlog], Process]


def _worker(backlog: _Backlog) -> Process:
    return backlog.shop.start("worker")


def _consumer(backlog: _Backlog) -> Process:
    setup = backlog.setup
    return serve("bare_consumer", [backlog.url, backlog.queue], log=setup.log("bare_consumer"))
