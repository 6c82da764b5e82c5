"""What the guards add to a call that does nothing: limiter, breaker and retry, one after the other.

Says µs of CPU a call over the bare call, since nothing in it waits; the best of a few runs
of each, as what disturbs a run only adds.
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
    bare = behind = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        for _ in range(calls):
            await nothing()
        between = time.process_time()
        for _ in range(calls):
            await guarded()
        bare = min(bare, between - begun)
        behind = min(behind, time.process_time() - between)
    return (behind - bare) / calls * US


def run(guarded: Call) -> None:
    """Measure once and say it."""
    say(us=asyncio.run(added_us(guarded, int(sys.argv[1]))))
