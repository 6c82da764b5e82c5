"""The same three guards from three libraries: limits, purgatory and tenacity.

Each as its own documentation shows it: the cheapest window in memory, hit before the
call, a breaker around it, three tries with jitter around both.
"""

import asyncio
import sys

from limits import RateLimitItemPerSecond  # type: ignore[import-not-found,unused-ignore]
from limits.aio.storage import MemoryStorage  # type: ignore[import-not-found,unused-ignore]
from limits.aio.strategies import (  # type: ignore[import-not-found,unused-ignore]
    FixedWindowRateLimiter,
)
from purgatory import (  # type: ignore[import-not-found,unused-ignore]
    AsyncCircuitBreakerFactory,
)
from tenacity import (  # type: ignore[import-not-found,unused-ignore]
    AsyncRetrying,
    stop_after_attempt,
    wait_random_exponential,
)

from bench.servers.guarded import added_us, nothing
from bench.servers.ready import say


async def main(calls: int) -> None:
    """Measure once and say it."""
    limiter = FixedWindowRateLimiter(MemoryStorage())
    rate = RateLimitItemPerSecond(1_000_000_000)
    breaker = await AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=30).get_breaker(
        "bench"
    )
    retrying = AsyncRetrying(
        stop=stop_after_attempt(3), wait=wait_random_exponential(1, 60), reraise=True
    )

    async def once() -> None:
        if not await limiter.hit(rate, "bench"):
            raise RuntimeError("the bench is faster than its limit")
        async with breaker:
            await nothing()

    async def guarded() -> None:
        await retrying(once)

    say(us=await added_us(guarded, calls))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
