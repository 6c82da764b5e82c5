"""Stream: a fact to a topic of Kafka, and to a socket on another web process, at 200/s.

Two `ponte web` and one `ponte worker` on PostgreSQL share the system's core, and one of
the three publishes the stream. Orders go to the first web process; the socket is on the
second. Both times count from the fact's own time, taken when its transaction begins.
"""

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime

from bench import engines, orders, ponte
from bench.http_load import HttpPool
from bench.machine import LOAD_CORE
from bench.processes import Process, free_port, python_module
from bench.reactor import Reactor
from bench.result import Goal, Line, Result
from bench.rows.ingest import ACCEPTED
from bench.samples import median_ms, p99_ms
from bench.setup import Setup
from bench.watch import SUBSCRIBE
from bench.ws_load import WsReader

RATE = 200.0
CONNECTIONS = 32
RECEBIDO = b'"pedido.recebido"'
WAIT_S = 30.0
READ_S = 70.0  # The reader gives up before.


@dataclass(frozen=True)
class _Round:
    """What one round saw, in milliseconds; NaN when a fact never came."""

    topic: float
    topic_median: float
    socket: float
    socket_median: float


class _Socket:
    """One socket on the other web process, asking for every fact."""

    def __init__(self, reactor: Reactor, shop: ponte.Installation) -> None:
        self.late: list[float] = []
        self._socket = WsReader(
            reactor,
            shop.address,
            path="/ws?tudo=1",
            on_frame=self._on_frame,
            headers={"Authorization": f"Bearer {ponte.ADMIN_KEY}"},
        )
        self._socket.send(SUBSCRIBE)

    def _on_frame(self, payload: bytes, _now: float) -> None:
        if RECEBIDO in payload:
            em = datetime.fromisoformat(json.loads(payload)["em"]).timestamp()
            self.late.append(time.time() - em)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def measure(setup: Setup) -> Result:
    """Offer the load round after round, with a new reader and a new socket each time."""
    with ExitStack() as stack:
        server = stack.enter_context(engines.postgres())
        kafka = stack.enter_context(engines.running("kafka", setup))
        shop = ponte.install(
            setup,
            "stream",
            PONTE_DATABASE_URL=server.migrated(),
            PONTE_STREAM_URL=kafka,
        )
        stack.enter_context(shop.serving("web"))
        other = replace(shop, port=free_port())
        stack.enter_context(other.serving("web"))
        stack.enter_context(shop.start("worker"))
        shop.seed(ponte.full_shop())
        _warm(setup, shop)
        rounds = [_round(setup, shop, other=other, kafka=kafka) for _ in range(setup.rounds)]
    goal = Goal(100, at_most=True)
    topic, socket = "fact → Kafka topic at 200/s", "fact → socket on another web process at 200/s"
    return Result(
        "stream",
        (
            Line(f"{topic}: p99", "ms", tuple(r.topic for r in rounds), goal),
            Line(f"{socket}: p99", "ms", tuple(r.socket for r in rounds), goal),
            Line(f"{topic}: median", "ms", tuple(r.topic_median for r in rounds)),
            Line(f"{socket}: median", "ms", tuple(r.socket_median for r in rounds)),
        ),
    )


def _warm(setup: Setup, shop: ponte.Installation) -> None:
    """Make the topics and let every process do once what it will do."""
    pool = HttpPool(Reactor(), shop.address, connections=CONNECTIONS)
    sent = orders.requests(shop.port, ponte.ADMIN_KEY)
    pool.open(sent, rate=RATE, seconds=setup.pick(5, 2)).only(ACCEPTED)
    pool.close()
    end = time.perf_counter() + WAIT_S
    while shop.total("status=recebido") and time.perf_counter() < end:
        time.sleep(0.2)


def _round(
    setup: Setup, shop: ponte.Installation, *, other: ponte.Installation, kafka: str
) -> _Round:
    seconds = setup.pick(15, 4)
    reactor = Reactor()
    with ExitStack() as stack:
        reader = stack.enter_context(_reader(setup, kafka))
        socket = _Socket(reactor, other)
        stack.callback(socket.close)
        pool = HttpPool(reactor, shop.address, connections=CONNECTIONS)
        stack.callback(pool.close)
        sent = orders.requests(shop.port, ponte.ADMIN_KEY)
        accepted = pool.open(sent, rate=RATE, seconds=seconds).only(ACCEPTED).answered
        reactor.run(WAIT_S, until=lambda: len(socket.late) >= accepted)
        came = reader.read_json(timeout_s=READ_S)
        return _Round(
            topic=came["p99_ms"] if came["read"] == accepted else float("nan"),
            topic_median=came["median_ms"],
            socket=p99_ms(socket.late) if len(socket.late) == accepted else float("nan"),
            socket_median=median_ms(socket.late),
        )


def _reader(setup: Setup, kafka: str) -> Process:
    """Start the reader and wait until it stands at the end of the topic."""
    bootstrap = kafka.removeprefix("kafka://")
    command = python_module("kafka_reader", [bootstrap])
    reader = Process(command, log=setup.log("kafka_reader"), core=LOAD_CORE)
    reader.read_json()
    return reader
