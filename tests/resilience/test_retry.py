"""Retry: try again what may pass, wait as long as asked, stop when it cannot help."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ponte.errors import MuitasRequisicoes, Permanente
from ponte.integrations import (
    CircuitBreakerOpen,
    HubResilienceMixin,
    retry_with_backoff,
    with_retry,
)
from ponte.resilience.retry import Schedule, backoff_s
from tests.resilience.virtual import VirtualClock


class Flaky(Exception):
    """Passes after a while."""


def failing(
    times: int, error: Exception | None = None
) -> tuple[Callable[[], Awaitable[str]], list[int]]:
    """Return a function that fails so many times, and the list that counts its calls."""
    calls: list[int] = []

    async def func() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise error or Flaky(f"call {len(calls)}")
        return "ok"

    return func, calls


async def test_a_call_that_fails_twice_succeeds_with_its_third_try() -> None:
    clock = VirtualClock()
    func, calls = failing(2)

    result = await retry_with_backoff(func, 3, 1.0, 60.0, (Flaky,), sleep=clock.hurry)

    assert (result, len(calls), len(clock.slept)) == ("ok", 3, 2)


async def test_after_the_last_retry_the_last_error_comes_out_unchanged() -> None:
    func, calls = failing(9)

    with pytest.raises(Flaky, match="call 3"):
        await retry_with_backoff(func, 2, 1.0, sleep=VirtualClock().hurry)

    assert len(calls) == 3


async def test_what_is_not_in_exceptions_passes_at_once() -> None:
    func, calls = failing(9, KeyError("x"))

    with pytest.raises(KeyError):
        await retry_with_backoff(func, 5, exceptions=Flaky, sleep=VirtualClock().hurry)

    assert len(calls) == 1


async def test_an_error_that_says_trying_again_cannot_help_is_believed() -> None:
    func, calls = failing(9, Permanente("bad"))

    with pytest.raises(Permanente):
        await retry_with_backoff(func, 5, sleep=VirtualClock().hurry)

    assert len(calls) == 1


async def test_the_wait_is_at_least_what_the_other_side_asked_for() -> None:
    clock = VirtualClock()
    func, _ = failing(2, MuitasRequisicoes(7.5))

    await retry_with_backoff(func, 3, 0.1, 10.0, sleep=clock.hurry)

    assert clock.slept == [7.5, 7.5]


async def test_a_wait_beyond_the_longest_is_not_begun() -> None:
    func, calls = failing(2, MuitasRequisicoes(61.0))

    with pytest.raises(MuitasRequisicoes):
        await retry_with_backoff(func, 3, 0.1, 60.0, sleep=VirtualClock().hurry)

    assert len(calls) == 1


async def test_a_cancelled_call_is_not_tried_again() -> None:
    func, calls = failing(0)

    async def cancelled() -> str:
        await func()
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await retry_with_backoff(cancelled, 5, sleep=VirtualClock().hurry)

    assert len(calls) == 1


@given(attempt=st.integers(0, 10_000), base=st.floats(0, 10), longest=st.floats(0, 100))
def test_full_jitter_stays_between_nothing_and_its_ceiling(
    attempt: int, base: float, longest: float
) -> None:
    delay = backoff_s(attempt, base_delay=base, max_delay=longest)

    assert 0 <= delay <= min(longest, base * 2 ** min(attempt, 62))


def test_full_jitter_uses_its_whole_range() -> None:
    delays = [backoff_s(2, base_delay=1.0, max_delay=60.0) for _ in range(500)]

    assert min(delays) < 0.5
    assert max(delays) > 3.5


async def test_a_retried_function_keeps_its_arguments_and_its_name() -> None:
    calls: list[str] = []

    @with_retry(max_retries=2, base_delay=0.0, exceptions=(Flaky,))
    async def send(text: str, *, to: str) -> str:
        calls.append(to)
        if len(calls) < 3:
            raise Flaky
        return text

    assert await send("oi", to="ana") == "oi"
    assert calls == ["ana"] * 3
    assert send.__name__ == "send"


@given(tentativa=st.integers(1, 20), jitter=st.floats(0, 1))
def test_a_schedule_waits_its_delay_give_or_take_the_jitter(tentativa: int, jitter: float) -> None:
    schedule = Schedule((1.0, 5.0, 30.0), jitter=jitter)
    base = (1.0, 5.0, 30.0)[min(tentativa, 3) - 1]

    delay = schedule.delay_s(tentativa)

    assert base * (1 - jitter) - 1e-9 <= delay <= base * (1 + jitter) + 1e-9


@given(asked=st.floats(0, 10_000), tentativa=st.integers(1, 5))
def test_a_schedule_never_undercuts_what_was_asked_for(asked: float, tentativa: int) -> None:
    schedule = Schedule((1.0, 5.0))

    assert schedule.delay_s(tentativa, asked) >= asked


def test_a_schedule_ends_after_its_tries() -> None:
    schedule = Schedule((1.0, 5.0))

    assert schedule.tries == 3
    assert [schedule.is_final(tentativa) for tentativa in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]
    assert Schedule(()).is_final(1) is True
    assert Schedule(()).delay_s(1) == 0.0


@pytest.mark.parametrize(("delays", "jitter"), [((-1.0,), 0.1), ((1.0,), 1.5), ((1.0,), -0.1)])
def test_a_schedule_that_makes_no_sense_is_refused(
    delays: tuple[float, ...], jitter: float
) -> None:
    with pytest.raises(ValueError, match="delays"):
        Schedule(delays, jitter=jitter)


def test_tries_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        Schedule((1.0,)).delay_s(0)


class Hub(HubResilienceMixin):
    """A hub of a script."""

    def __init__(
        self, *, rate_limit: float = 1000.0, threshold: int = 5, attempts: int = 1
    ) -> None:
        self._setup_resilience(
            rate_limit=rate_limit,
            circuit_breaker_threshold=threshold,
            retry_max_attempts=attempts,
        )

    async def send(self, func: Callable[[], Awaitable[str]]) -> str:
        return await self._execute_with_resilience(func, "send")


async def test_a_hub_tries_as_often_as_it_was_told() -> None:
    func, calls = failing(1)

    assert await Hub(attempts=2).send(func) == "ok"
    assert len(calls) == 2


async def test_a_hub_stops_calling_a_destination_that_is_down() -> None:
    hub = Hub(threshold=3)
    func, calls = failing(99)

    for _ in range(3):
        with pytest.raises(Flaky):
            await hub.send(func)
    with pytest.raises(CircuitBreakerOpen, match="Hub"):
        await hub.send(func)

    assert len(calls) == 3
    assert hub._breaker.view().causes[-1].text == "send: Flaky: call 3"


async def test_a_hub_keeps_its_rate() -> None:
    hub = Hub(rate_limit=50.0)
    func, _ = failing(0)
    loop = asyncio.get_running_loop()
    for _ in range(50):
        await hub.send(func)
    started = loop.time()

    for _ in range(5):
        await hub.send(func)

    assert loop.time() - started >= 5 / 50 - 0.03  # the bucket refilled a little meanwhile
