"""The guards cost next to nothing: a hub may wrap every call in them."""

import time

import pytest
from coverage import Coverage

from ponte.integrations import HubResilienceMixin

# A call behind limiter, breaker and retry, over the bare call: 3 µs where a bare await
# costs 0.12 µs. Counted in bare awaits, so that a machine that others slow down is judged fairly.
BUDGET_AWAITS = 3.0 / 0.12
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
    best = float("inf")

    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(CALLS):
            await nothing()
        bare = time.process_time() - started
        for _ in range(CALLS):
            await hub._execute_with_resilience(nothing, "nothing")
        guarded = time.process_time() - started - bare
        best = min(best, (guarded - bare) / bare)

    assert best <= BUDGET_AWAITS
