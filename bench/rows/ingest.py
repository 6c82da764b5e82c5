"""Ingest: durable `POST /pedido` with everything on, beside its limit and the naive way.

The limit does the same commit with no feature at all; the naive app opens a broker
connection for each order. Capacity is closed loop with 64 connections. Tail latency is
open loop at half of Ponte's capacity, the same rate for both: at a rate each its own,
the slower system would be compared under less load.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench import orders, ponte, rabbitmq
from bench.http_load import HttpPool, Measured
from bench.processes import HOST, NotAvailableError, NotReadyError, Process, serve
from bench.reactor import Reactor
from bench.result import Goal, Line, Result, ratio
from bench.samples import median_ms, p99_ms
from bench.setup import Setup

CONNECTIONS = 64
OFFERED_SHARE = 0.5
ACCEPTED = 202
US = 1e6


@dataclass
class Side:
    """One system, the load on it, and what came of it round by round."""

    process: Process
    pool: HttpPool
    requests: Iterator[bytes]
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    median: list[float] = field(default_factory=list)

    def warm(self, seconds: float) -> None:
        """Load it unmeasured: caches fill, and the write-ahead log grows to its full length."""
        self.pool.closed(self.requests, seconds=seconds).only(ACCEPTED)
        self.process.settle()

    def full_speed(self, seconds: float) -> Measured:
        """Find the capacity, and the CPU each request costs the server."""
        before = self.process.cpu_s()
        measured = self.pool.closed(self.requests, seconds=seconds).only(ACCEPTED)
        self.rates.append(measured.rate)
        self.cpu_us.append((self.process.cpu_s() - before) * US / measured.answered)
        self.process.settle()
        return measured

    def offered(self, rate: float, *, seconds: float) -> None:
        """Find the latency at a given rate."""
        measured = self.pool.open(self.requests, rate=rate, seconds=seconds).only(ACCEPTED)
        self.p99.append(p99_ms(measured.latencies))
        self.median.append(median_ms(measured.latencies))
        self.process.settle()


def side(process: Process, port: int, key: str = "") -> Side:
    """Connect the load to a server; the limits do not look at the key."""
    pool = HttpPool(Reactor(), (HOST, port), connections=CONNECTIONS)
    return Side(process, pool, orders.requests(port, key))


def measure(setup: Setup) -> Result:
    """Load all three in turn, round after round."""
    with ExitStack() as stack:
        ceiling = stack.enter_context(ceiling_side(setup))
        limit = stack.enter_context(limit_side(setup))
        shop = ponte.install(setup, "ingest")
        web = stack.enter_context(shop.serving("web"))
        shop.seed(ponte.full_shop())
        own = side(web, shop.port, shop.selling_key())
        naive, why = _naive(setup, stack)
        client = side(ceiling, int(ceiling.read_json()["port"]))
        plain = side(limit, int(limit.read_json()["port"]))
        top = client.full_speed(setup.pick(3, 1))
        for each in (plain, own):
            each.warm(setup.pick(3, 1))
        for _ in range(setup.rounds):
            _round(setup, own=own, plain=plain, naive=naive)
    return Result(
        "ingest",
        tuple(_lines(own, plain, naive, why=why)),
        {
            "connections": CONNECTIONS,
            "client ceiling requests/s": top.rate,
            "client CPU µs a request": top.client_cpu_s * US / top.answered,
        },
    )


def limit_side(setup: Setup) -> Process:
    """Start the ingest limit on a database of its own."""
    return serve("limit", [str(setup.path("limit.db"))], log=setup.log("limit"))


def ceiling_side(setup: Setup) -> Process:
    """Start the cheapest server there is."""
    return serve("ceiling", [], log=setup.log("ceiling"))


def _naive(setup: Setup, stack: ExitStack) -> tuple[Side | None, str]:
    """Start the naive app and its broker, or say what is missing."""
    try:
        broker_port = stack.enter_context(rabbitmq.running(setup))
        process = stack.enter_context(
            serve("naive", [str(broker_port)], log=setup.log("naive"), python=setup.naive_python)
        )
        return side(process, int(process.read_json()["port"])), ""
    except (NotAvailableError, NotReadyError) as error:
        return None, f"needs rabbitmq-server + pika (--naive-python): {error}"


def _round(setup: Setup, *, own: Side, plain: Side, naive: Side | None) -> None:
    seconds = setup.pick(4, 1)
    plain.full_speed(seconds)
    own.full_speed(seconds)
    if naive is not None:
        naive.full_speed(seconds)
    rate = own.rates[-1] * OFFERED_SHARE
    plain.offered(rate, seconds=seconds)
    own.offered(rate, seconds=seconds)


def _lines(own: Side, plain: Side, naive: Side | None, *, why: str) -> Iterator[Line]:
    against_limit = tuple(map(ratio, own.rates, plain.rates))
    naive_rates = naive.rates if naive is not None else []
    against_naive = tuple(map(ratio, own.rates, naive_rates))
    tails = tuple(map(ratio, own.p99, plain.p99))
    yield Line("ingest / bare ASGI group-commit limit", "x", against_limit, Goal(0.35, 0.5))
    yield Line("ingest / naive app", "x", against_naive, Goal(20), why)
    yield Line("ingest p99 / the limit's at the same rate", "x", tails, Goal(3, at_most=True))
    yield Line("ingest CPU a request", "µs", tuple(own.cpu_us), Goal(120, 80, at_most=True))
    per_request = tuple(map(ratio, own.cpu_us, plain.cpu_us))
    yield Line("ingest CPU a request / the limit's", "x", per_request)
    yield Line("ingest: Ponte", "orders/s", tuple(own.rates))
    yield Line("ingest: limit", "orders/s", tuple(plain.rates))
    yield Line("ingest: naive", "orders/s", tuple(naive_rates), None, why)
    yield Line("ingest: limit's CPU a request", "µs", tuple(plain.cpu_us))
    yield Line("ingest: Ponte's p99 at half its capacity", "ms", tuple(own.p99))
    yield Line("ingest: limit's p99 at that rate", "ms", tuple(plain.p99))
    yield Line("ingest: Ponte's median at half its capacity", "ms", tuple(own.median))
