"""Ingest on PostgreSQL: durable `POST /pedido` beside its limit and two usual ways of doing it.

The limit does a group commit with no feature at all, the ORM app a commit a request, and
the third app does not store at all but waits for RabbitMQ's confirm. Closed loop with 64
connections; the servers have the core of the system and the engines that of the load.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from bench import engines, ponte
from bench.baselines import baseline, why
from bench.processes import NotAvailableError, NotReadyError, Process, serve
from bench.result import Goal, Line, Result, ratio
from bench.rows.ingest import CONNECTIONS, Side, side
from bench.setup import Setup

LIMIT = "bare ASGI + asyncpg group-commit limit"
ORM = "FastAPI + SQLAlchemy, a commit a request"
CONFIRMED = "FastAPI + aio-pika with confirms"
GOALS = {LIMIT: Goal(0.3), ORM: Goal(6), CONFIRMED: Goal(1)}


def measure(setup: Setup) -> Result:
    """Load all in turn, round after round."""
    with ExitStack() as stack:
        server = stack.enter_context(engines.postgres())
        shop = ponte.install(setup, "pg_ingest", PONTE_DATABASE_URL=server.migrated())
        web = stack.enter_context(shop.serving("web"))
        shop.seed(ponte.full_shop())
        own = side(web, shop.port, shop.selling_key())
        others, missing = _others(setup, stack, server)
        for each in (own, *others.values()):
            each.warm(setup.pick(3, 1))
        for _ in range(setup.rounds):
            for each in (*others.values(), own):
                each.full_speed(setup.pick(4, 1))
    return Result("pg_ingest", tuple(_lines(own, others, missing)), {"connections": CONNECTIONS})


def _others(
    setup: Setup, stack: ExitStack, server: engines.Postgres
) -> tuple[dict[str, Side], dict[str, str]]:
    """Start what Ponte is held against; of what can't be started return why."""
    starts: dict[str, Callable[[], Process]] = {
        LIMIT: lambda: serve("pg_limit", [server.empty("limit_bench")], log=setup.log("pg_limit")),
        ORM: lambda: baseline(setup, "orm", [server.empty("orm_bench")]),
        CONFIRMED: lambda: serve(
            "confirmed",
            [stack.enter_context(engines.running("rabbitmq", setup))],
            log=setup.log("confirmed"),
        ),
    }
    sides: dict[str, Side] = {}
    missing: dict[str, str] = {}
    for name, start in starts.items():
        try:
            process = stack.enter_context(start())
            sides[name] = side(process, int(process.read_json()["port"]))
        except (NotAvailableError, NotReadyError) as error:
            missing[name] = why(error)
    return sides, missing


def _lines(own: Side, others: dict[str, Side], missing: dict[str, str]) -> Iterator[Line]:
    for name, goal in GOALS.items():
        rates = others[name].rates if name in others else []
        values = tuple(map(ratio, own.rates, rates))
        yield Line(f"ingest on PostgreSQL / {name}", "x", values, goal, missing.get(name, ""))
    yield Line("ingest on PostgreSQL: Ponte", "orders/s", tuple(own.rates))
    for name, other in others.items():
        yield Line(f"ingest on PostgreSQL: {name}", "orders/s", tuple(other.rates))
    yield Line("ingest on PostgreSQL: Ponte's CPU a request", "µs", tuple(own.cpu_us))
