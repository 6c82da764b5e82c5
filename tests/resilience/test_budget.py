"""The guards cost next to nothing: a hub may wrap every call in them."""

import time

import pytest
from coverage import Coverage

from ponte.integrations import HubResilienceMixin

BUDGET_US = 3.0  # a call behind limiter, breaker and retry, over the bare call
CALLS = 20_000
ROUNDS = 7  # the best one counts, in CPU time: others share the machine


class Hub(HubResilienceMixin):
    """Guards wide open."""

    def __init__(self) -> None:
        self._setup_resilience(rate_limit=1e9)


async def nothing() -> None:
    pass


@pytest.mark.skipif(Coverage.current() is not None, reason="a tracer makes every line dearer")
async def test_limiter_breaker_and_retry_together_cost_three_microseconds_at_most() -> None:
    hub = Hub()
    best_us = float("inf")

    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(CALLS):
            await nothing()
        bare = time.process_time() - started
        for _ in range(CALLS):
            await hub._execute_with_resilience(nothing, "nothing")
        guarded = time.process_time() - started - bare
        best_us = min(best_us, (guarded - bare) / CALLS * 1e6)

    assert best_us <= BUDGET_US
