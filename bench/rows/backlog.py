"""Backlog: orders accepted while no worker ran, then drained by one.

`ponte web` alone takes the orders, `ponte worker` starts afterwards on the same core.
The rate counts from the first concluded order to the last; starting up has its own row.
"""

import time

from bench import orders, ponte
from bench.http_load import HttpPool
from bench.processes import NotReadyError
from bench.reactor import Reactor
from bench.result import Goal, Line, Result
from bench.rows.ingest import ACCEPTED, CONNECTIONS
from bench.setup import Setup

POLL_S = 0.1
LIMIT_S = 120.0
DONE = "status=concluido"


def measure(setup: Setup) -> Result:
    """Make and drain a backlog on a fresh installation, each round."""
    number = int(setup.pick(20_000, 4000))
    rates, whole = [], []
    for _ in range(setup.rounds):
        rate, seconds = _drain(setup, number)
        rates.append(rate)
        whole.append(seconds)
    return Result(
        "backlog",
        (
            Line(f"backlog of {number:,} drained", "orders/s", tuple(rates), Goal(3000, 6000)),
            Line("backlog: from the worker's start to the last order", "s", tuple(whole)),
        ),
    )


def _drain(setup: Setup, number: int) -> tuple[float, float]:
    shop = ponte.install(setup, "backlog")
    with shop.serving("web") as web:
        shop.seed(ponte.full_shop())
        pool = HttpPool(Reactor(), shop.address, connections=CONNECTIONS)
        sent = orders.requests(shop.port, ponte.ADMIN_KEY)
        pool.count(sent, number=number, limit_s=LIMIT_S).only(ACCEPTED)
        pool.close()
        web.settle()
        with shop.start("worker") as worker:
            return _await(shop, number, started=worker.started)


def _await(shop: ponte.Installation, number: int, *, started: float) -> tuple[float, float]:
    """Poll until all are concluded; return orders a second, and seconds since `started`."""
    first_at, first = 0.0, 0
    while time.perf_counter() - started < LIMIT_S:
        done = shop.total(DONE)
        now = time.perf_counter()
        if done and not first:
            first_at, first = now, done
        if done >= number:
            return (number - first) / (now - first_at), now - started
        time.sleep(POLL_S)
    raise NotReadyError(f"{shop.total(DONE)} of {number} concluded in {LIMIT_S:.0f} s")
