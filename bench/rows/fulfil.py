"""Fulfil: orders accepted and concluded in one process, at a rate it can keep up for good.

A rate counts as sustained when every accepted order is concluded, the 99th percentile
from intended send to the WebSocket frame stays in bounds, and the lag at the end is not
above the lag at the start.
"""

from dataclasses import dataclass

from bench import orders, ponte
from bench.http_load import HttpPool, LoadFailedError
from bench.reactor import Reactor
from bench.result import Goal, Line, Result
from bench.rows.ingest import ACCEPTED, CONNECTIONS
from bench.samples import MS, p99_ms, percentile
from bench.setup import Setup
from bench.watch import Watch

MUST, AIM = 2000, 4000
UPWARDS = (3000, 4000, 5000)
DOWNWARDS = (1500, 1000, 500)
P99_MS = 250.0
# The last third may lag this much more than the first before it counts as piling up.
FLAT_FACTOR, FLAT_MS = 2.0, 20.0


@dataclass(frozen=True)
class Step:
    """What one rate did."""

    rate: float
    p99_ms: float
    first_ms: float
    last_ms: float
    missing: int
    resync: int
    failed: str

    @property
    def sustained(self) -> bool:
        """Judge it."""
        flat = self.last_ms <= FLAT_FACTOR * self.first_ms + FLAT_MS
        return not self.failed and not self.missing and flat and self.p99_ms < P99_MS


def measure(setup: Setup) -> Result:
    """Find the highest sustained rate, round after round, on one growing database."""
    shop = ponte.install(setup, "fulfil")
    best: list[float] = []
    tails: list[float] = []
    steps: list[Step] = []
    with shop.serving("up") as process:
        shop.seed(ponte.full_shop())
        for _ in range(setup.rounds):
            tried = _climb(setup, shop)
            steps += tried
            tails.append(tried[0].p99_ms)
            best.append(max((step.rate for step in tried if step.sustained), default=0.0))
            process.settle()
    raw: dict[str, object] = {"steps": [vars(step) | {"ok": step.sustained} for step in steps]}
    name = "accept and fulfil in one process"
    goal = Goal(P99_MS, at_most=True)
    return Result(
        "fulfil",
        (
            Line(f"{name}, sustained", "orders/s", tuple(best), Goal(MUST, AIM)),
            Line(f"{name}: p99 at {MUST:,}/s", "ms", tuple(tails), goal),
        ),
        raw,
    )


def _climb(setup: Setup, shop: ponte.Installation) -> list[Step]:
    """Try the rate that must hold, then higher ones while they hold, or lower ones until one."""
    tried = [_step(setup, shop, MUST)]
    upwards = tried[0].sustained
    for rate in UPWARDS if upwards else DOWNWARDS:
        tried.append(_step(setup, shop, rate))
        if tried[-1].sustained is not upwards:
            break
    return tried


def _step(setup: Setup, shop: ponte.Installation, rate: float) -> Step:
    reactor = Reactor()
    pool = HttpPool(reactor, shop.address, connections=CONNECTIONS)
    watch = Watch(reactor, shop)
    watch.follow(pool)
    sent = orders.requests(shop.port, ponte.ADMIN_KEY)
    failed = ""
    try:
        pool.open(sent, rate=rate, seconds=setup.pick(10, 3)).only(ACCEPTED)
    except LoadFailedError as error:
        failed = str(error)
    watch.drain()
    lags = watch.latencies()
    third = max(1, len(lags) // 3)
    step = Step(
        rate=rate,
        p99_ms=p99_ms(lags),
        first_ms=percentile(lags[:third], 0.5) * MS,
        last_ms=percentile(lags[-third:], 0.5) * MS,
        missing=len(watch.sent) - len(lags),
        resync=watch.resync,
        failed=failed,
    )
    watch.close()
    pool.close()
    return step
