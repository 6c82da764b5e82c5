"""Webhooks: how soon a platform has its answer while everything it sends is also acted on.

`ponte up`, so that the worker that turns each body into a message of its conversation
shares one process and one SQLite with the answer.
"""

import time

from bench import inbound, ponte
from bench.http_load import HttpPool, Measured
from bench.processes import NotReadyError
from bench.reactor import Reactor
from bench.result import Goal, Line, Result
from bench.samples import median_ms, p99_ms
from bench.setup import Setup

RATE = 200
CONNECTIONS = 64
ANSWERED = 200
LIMIT_S = 60.0
LOOK_S = 0.05


def measure(setup: Setup) -> Result:
    """Deliver at one rate, round after round, on one growing database."""
    shop = ponte.install(setup, "webhooks", **inbound.SETTINGS)
    seconds = setup.pick(10, 2)
    tails: list[float] = []
    middles: list[float] = []
    rests: list[float] = []
    with shop.serving("up") as process:
        pool = HttpPool(Reactor(), shop.address, connections=CONNECTIONS)
        bodies = inbound.deliveries(shop.port)
        sent = pool.open(bodies, rate=RATE, seconds=setup.pick(3, 1)).only(ANSWERED).answered
        _all_kept(shop, sent)
        for _ in range(setup.rounds):
            process.settle()
            measured: Measured = pool.open(bodies, rate=RATE, seconds=seconds).only(ANSWERED)
            sent += measured.answered
            tails.append(p99_ms(measured.latencies))
            middles.append(median_ms(measured.latencies))
            rests.append(_all_kept(shop, sent))
        pool.close()
    return Result(
        "webhooks",
        (
            Line("webhook answered, p99, 200/s", "ms", tuple(tails), Goal(50, at_most=True)),
            Line("webhook answered, median, 200/s", "ms", tuple(middles)),
            Line("webhooks: from the last answer to the last message kept", "s", tuple(rests)),
        ),
        {"rate": RATE, "messages": sent},
    )


def _all_kept(shop: ponte.Installation, sent: int) -> float:
    """Return the seconds until every body that was answered is a message of a conversation."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < LIMIT_S:
        kept = sum(int(str(_page(shop, canal)["total"])) for canal in ("whatsapp", "instagram"))
        if kept == sent:
            return time.perf_counter() - begun
        time.sleep(LOOK_S)
    raise NotReadyError(f"{kept} messages were kept of {sent} webhooks")


def _page(shop: ponte.Installation, canal: str) -> dict[str, object]:
    return shop.call("GET", f"/messages?canal={canal}&limit=1")
