"""Deliveries: signed webhooks to fifty destinations while three of them are dead or hang.

Each alert goes to all fifty. A wait counts from the moment at which the alert was meant to
be raised until its first delivery is at a destination that is well. Everything may use both
cores, as in the row on workers: the bench only looks on.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.destinations import DESTINATIONS, HEALTHY, ILL, Destinations
from bench.machine import LOAD_CORE, SYSTEM_CORE
from bench.processes import NotReadyError, Process, python_module
from bench.reactor import Reactor
from bench.result import Goal, Line, Result, ratio
from bench.samples import median_ms, p99_ms
from bench.setup import Setup

RATE = 500  # deliveries a second, those to the ill included
ALERTS_A_SECOND = RATE / DESTINATIONS
WELL = RATE * HEALTHY / DESTINATIONS
START_S = 20.0
REST_S = 20.0  # What a side that lags behind has to catch up.
BOTH = f"{SYSTEM_CORE},{LOAD_CORE}"
ONE, TWO, PLAIN = "one worker", "two workers", "plain retry loop"


@dataclass
class _Side:
    """What one way of delivering came to, round by round."""

    server: str
    workers: int
    rates: list[float] = field(default_factory=list)
    tails: list[float] = field(default_factory=list)
    middles: list[float] = field(default_factory=list)
    share: list[float] = field(default_factory=list)


def measure(setup: Setup) -> Result:
    """Raise the same alerts to each, in turn, round after round."""
    sides = {
        ONE: _Side("ponte_deliveries", 1),
        TWO: _Side("ponte_deliveries", 2),
        PLAIN: _Side("plain_deliveries", 1),
    }
    seconds = setup.pick(10, 2)
    for _ in range(setup.rounds):
        for side in sides.values():
            _round(setup, side, seconds=seconds)
    lines = [
        Line(
            f"{name}: deliveries/s to the healthy of {RATE} offered, {len(ILL)} of {DESTINATIONS}"
            " dead or hanging",
            "/s",
            tuple(side.rates),
            None if name is PLAIN else Goal(0.95 * WELL),
        )
        for name, side in sides.items()
    ]
    lines += [
        line
        for name, side in sides.items()
        for line in (
            Line(
                f"{name}: p99 to the healthy",
                "ms",
                tuple(side.tails),
                None if name is PLAIN else Goal(1000, at_most=True),
            ),
            Line(f"{name}: median to the healthy", "ms", tuple(side.middles)),
            Line(f"{name}: of the healthy's, came within 20 s", "%", tuple(side.share)),
        )
    ]
    against = tuple(map(ratio, sides[ONE].rates, sides[PLAIN].rates))
    lines.append(Line("deliveries/s: one worker / plain retry loop", "x", against))
    return Result("deliveries", tuple(lines), {"offered/s": RATE, "seconds": seconds})


def _round(setup: Setup, side: _Side, *, seconds: float) -> None:
    reactor = Reactor()
    destinations = Destinations(reactor)
    wanted = int(ALERTS_A_SECOND * seconds) * HEALTHY
    folder = setup.path("deliveries")
    folder.mkdir()
    with ExitStack() as stack:
        for number in reversed(range(side.workers)):  # the first raises the alerts: it starts last
            rate = ALERTS_A_SECOND if number == 0 else 0.0
            arguments = [str(folder), str(rate), str(seconds), *destinations.urls()]
            worker = Process(
                python_module(side.server, arguments),
                log=setup.log(f"{side.server}-{number}"),
                core=BOTH,
            )
            stack.enter_context(worker).read_json()
        reactor.run(START_S, until=lambda: bool(destinations.waits))
        reactor.run(seconds + REST_S, until=lambda: len(destinations.waits) >= wanted)
        found = dict(destinations.waits)
    destinations.close()
    if destinations.unsigned or not found:
        raise NotReadyError(f"{len(found)} deliveries came, {destinations.unsigned} not signed")
    raised = [float(at) for _number, at in found]
    ended = max(float(at) + wait for (_number, at), wait in found.items())
    side.rates.append(len(found) / max(ended - min(raised), seconds))
    side.tails.append(p99_ms(list(found.values())))
    side.middles.append(median_ms(list(found.values())))
    side.share.append(100 * len(found) / wanted)
