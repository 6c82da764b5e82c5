"""What the guards add to a call that does nothing: limiter, breaker and retry, one after the other.

Says µs a call over the bare call, the best of a few runs: what disturbs a run only adds.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from bench.servers.ready import quiet_collector, say

RUNS = 7
US = 1e6
Call = Callable[[], Awaitable[object]]


async def nothing() -> None:
    """Do nothing, as cheaply as a call can."""


async def added_us(guarded: Call, calls: int) -> float:
    """Return what `guarded` costs over `nothing`."""
    quiet_collector()
    best = float("inf")
    for _ in range(RUNS):
        begun = time.perf_counter()
        for _ in range(calls):
            await nothing()
        between = time.perf_counter()
        for _ in range(calls):
            await guarded()
        ended = time.perf_counter()
        best = min(best, (ended - between) - (between - begun))
    return best / calls * US


def run(guarded: Call) -> None:
    """Measure once and say it."""
    say(us=asyncio.run(added_us(guarded, int(sys.argv[1]))))
