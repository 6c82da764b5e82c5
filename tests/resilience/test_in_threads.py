"""Functions that are not async are guarded like those that are, and wait in their thread."""

import asyncio
import threading

import pytest

from ponte.integrations import (
    CircuitBreaker,
    CircuitBreakerOpen,
    HubResilienceMixin,
    SlidingWindowRateLimiter,
    TokenBucketRateLimiter,
    retry_with_backoff,
    with_circuit_breaker,
    with_rate_limit,
    with_retry,
)


def test_a_plain_function_is_tried_again_and_keeps_its_arguments() -> None:
    calls: list[str] = []

    @with_retry(max_retries=2, base_delay=0.0, exceptions=(OSError,))
    def send(text: str, *, to: str) -> str:
        calls.append(to)
        if len(calls) < 3:
            raise OSError
        return text

    assert send("oi", to="ana") == "oi"
    assert calls == ["ana"] * 3


def test_a_plain_function_that_goes_on_failing_ends_with_its_own_error() -> None:
    calls: list[int] = []

    @with_retry(max_retries=2, base_delay=0.0, exceptions=(OSError,))
    def send() -> None:
        calls.append(1)
        raise OSError(f"try {len(calls)}")

    with pytest.raises(OSError, match="try 3"):
        send()


def test_a_plain_function_stops_at_an_open_breaker() -> None:
    calls: list[int] = []
    breaker = CircuitBreaker(2, recovery_timeout=60)

    @with_circuit_breaker(breaker)
    def send() -> None:
        calls.append(1)
        raise OSError("down")

    for _ in range(2):
        with pytest.raises(OSError, match="down"):
            send()
    with pytest.raises(CircuitBreakerOpen):
        send()

    assert len(calls) == 2


def test_a_plain_function_that_works_closes_the_breaker_again() -> None:
    breaker = CircuitBreaker(1, recovery_timeout=0.0)
    breaker.record_failure("down")
    send = with_circuit_breaker(breaker)(lambda: "ok")

    assert send() == "ok"
    assert breaker.state == "closed"


def test_threads_share_a_limiter_without_one_call_too_many() -> None:
    limiter = SlidingWindowRateLimiter(50, 3600.0)
    granted: list[int] = []

    @with_rate_limit(limiter)
    def call() -> None:
        granted.append(1)

    def ten() -> None:
        for _ in range(10):
            call()

    threads = [threading.Thread(target=ten) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(granted) == 50
    assert limiter.available == 0


def test_a_plain_function_waits_for_its_turn() -> None:
    limiter = TokenBucketRateLimiter(200.0, 1)
    call = with_rate_limit(limiter)(lambda: limiter.available)

    assert [call() for _ in range(3)] == [0, 0, 0]


async def test_a_plain_function_may_stand_where_an_async_one_is_awaited() -> None:
    hub = Hub()

    assert await retry_with_backoff(lambda: 1) == 1
    assert await CircuitBreaker().call(lambda a, b: a + b, 1, b=2) == 3
    assert await hub._execute_with_resilience(lambda: 4, "plain") == 4


class Hub(HubResilienceMixin):
    """A hub of a script."""

    def __init__(self) -> None:
        self._setup_resilience(1000.0, 2, retry_max_attempts=9)
        self.slept: list[float] = []
        self._sleep = self.rest

    async def rest(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_a_hub_does_not_wait_for_an_open_breaker() -> None:
    hub, calls = Hub(), list[int]()

    async def down() -> None:
        calls.append(1)
        await asyncio.sleep(0)
        raise OSError("down")

    with pytest.raises(CircuitBreakerOpen):
        await hub._execute_with_resilience(down, "send")

    assert (len(calls), len(hub.slept)) == (2, 2)
    assert hub._breaker.view().causes[-1].text == "send: OSError: down"


def test_a_hub_that_would_never_try_is_refused() -> None:
    with pytest.raises(ValueError, match="once"):
        HubResilienceMixin()._setup_resilience(retry_max_attempts=0)
