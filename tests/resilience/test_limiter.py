"""Limiters: never more than promised, and nobody waits longer than needed."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ponte.resilience.limiter import (
    RateLimiter,
    SlidingWindowRateLimiter,
    TokenBucketRateLimiter,
    with_rate_limit,
)
from ponte.resilience.partilha import Cotas, LimitadorPartilhado
from tests.resilience.contagem import Ausente, Contagem
from tests.resilience.virtual import VirtualClock, settle

Make = Callable[[VirtualClock], RateLimiter]

EPSILON = 1e-6


def bucket(clock: VirtualClock) -> RateLimiter:
    return TokenBucketRateLimiter(1.0, 2, clock=clock, sleep=clock.sleep)


def window(clock: VirtualClock) -> RateLimiter:
    return SlidingWindowRateLimiter(2, 2.0, clock=clock, sleep=clock.sleep)


def by_itself(make: Make) -> Make:
    return make


def alone(make: Make) -> Make:
    """Shared, and whoever counts for all is away."""
    return lambda clock: LimitadorPartilhado(
        make(clock), "x", Cotas(Ausente(), clock=clock), sleep=clock.sleep
    )


def shared(make: Make) -> Make:
    """Shared, with nobody else there."""
    return lambda clock: LimitadorPartilhado(
        make(clock), "x", Cotas(Contagem(clock), clock=clock), sleep=clock.sleep
    )


BOTH = pytest.mark.parametrize(
    "make",
    [
        pytest.param(how(kind), id=f"{kind.__name__}-{how.__name__}")
        for kind in (bucket, window)
        for how in (by_itself, alone, shared)
    ],
)

steps = st.lists(
    st.tuples(st.floats(0, 3, allow_subnormal=False), st.integers(1, 4)), min_size=1, max_size=60
)


def grants(limiter: RateLimiter, clock: VirtualClock, plan: list[tuple[float, int]]) -> list[float]:
    """Return the instant of each granted call."""
    granted: list[float] = []
    for pause, n in plan:
        clock.now += pause
        if limiter.try_acquire(n):
            granted += [clock.now] * n
    return granted


@given(plan=steps, rate=st.floats(0.1, 20), capacity=st.integers(1, 6))
def test_a_bucket_never_grants_more_than_burst_plus_rate(
    plan: list[tuple[float, int]], rate: float, capacity: int
) -> None:
    clock = VirtualClock()
    limiter = TokenBucketRateLimiter(rate, capacity, clock=clock)

    granted = grants(limiter, clock, plan)

    for i, since in enumerate(granted):
        for j, until in enumerate(granted[i:], start=1):
            assert j <= capacity + rate * (until - since) + EPSILON


@given(plan=steps, most=st.integers(1, 6), window=st.floats(0.5, 5))
def test_no_window_holds_more_calls_than_promised(
    plan: list[tuple[float, int]], most: int, window: float
) -> None:
    clock = VirtualClock()
    limiter = SlidingWindowRateLimiter(most, window, clock=clock)

    granted = grants(limiter, clock, plan)

    for first, over in zip(granted, granted[most:], strict=False):
        assert over - first >= window - EPSILON


@given(plan=steps, most=st.integers(1, 6))
def test_a_window_grants_exactly_what_counting_all_calls_would(
    plan: list[tuple[float, int]], most: int
) -> None:
    clock = VirtualClock()
    limiter = SlidingWindowRateLimiter(most, 2.0, clock=clock)
    calls: list[float] = []

    for pause, n in plan:
        clock.now += pause
        calls = [at for at in calls if at + 2.0 > clock.now]
        free = most - len(calls)
        assert limiter.available == free
        assert limiter.try_acquire(n) is (n <= free)
        if n <= free:
            calls += [clock.now] * n


@BOTH
def test_a_burst_is_granted_whole_then_refused(make: Make) -> None:
    limiter = make(VirtualClock())

    taken = [limiter.try_acquire() for _ in range(3)]

    assert taken == [True, True, False]
    assert limiter.available == 0


@BOTH
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_retry_after_is_the_instant_from_which_the_calls_are_free(make: Make, n: int) -> None:
    clock = VirtualClock()
    limiter = make(clock)
    limiter.try_acquire(2)

    wait_s = limiter.retry_after(n)

    assert wait_s > 0
    if n <= 2:
        clock.now += wait_s - 0.01
        assert limiter.try_acquire(n) is False
        clock.now += 0.01 + EPSILON
        assert limiter.try_acquire(n) is True


@BOTH
async def test_waiters_are_served_in_the_order_they_came(make: Make) -> None:
    clock = VirtualClock()
    limiter = make(clock)
    served: list[int] = []

    async def one(i: int) -> None:
        await limiter.acquire()
        served.append(i)

    async with asyncio.TaskGroup() as group:
        for i in range(6):
            group.create_task(one(i))
        await clock.advance(0)
        assert served == [0, 1]
        await clock.advance(10)

    assert served == [0, 1, 2, 3, 4, 5]


@BOTH
async def test_nobody_overtakes_a_waiter_who_asked_for_more(make: Make) -> None:
    clock = VirtualClock()
    limiter = make(clock)
    limiter.try_acquire()
    waiter = asyncio.create_task(limiter.acquire(2))
    await settle()
    assert limiter.available == 1

    overtaken = limiter.try_acquire()

    assert overtaken is False
    await clock.advance(2.1)
    assert waiter.result() is True


@BOTH
async def test_a_cancelled_waiter_leaves_its_place_and_takes_nothing(make: Make) -> None:
    clock = VirtualClock()
    limiter = make(clock)
    limiter.try_acquire(2)
    waiters = [asyncio.create_task(limiter.acquire()) for _ in range(3)]
    await settle()
    longer = limiter.retry_after()

    waiters[1].cancel()
    waiters[0].cancel()
    await settle()

    assert limiter.retry_after() < longer
    await clock.advance(2.1)
    assert [waiter.done() for waiter in waiters] == [True, True, True]
    assert waiters[2].result() is True
    assert len(asyncio.all_tasks()) == 1, "a waiter has no task of its own"


@given(
    gaps=st.lists(st.floats(0, 2, allow_subnormal=False), min_size=2, max_size=15),
    cancelled=st.sets(st.integers(0, 14)),
    bucket=st.booleans(),
)
def test_cancelling_waiters_never_lets_more_through(
    gaps: list[float], cancelled: set[int], *, bucket: bool
) -> None:
    clock = VirtualClock()
    limiter: RateLimiter = (
        TokenBucketRateLimiter(1.0, 2, clock=clock, sleep=clock.sleep)
        if bucket
        else SlidingWindowRateLimiter(2, 2.0, clock=clock, sleep=clock.sleep)
    )
    granted: list[float] = []

    async def one() -> None:
        await limiter.acquire()
        granted.append(clock.now)

    async def play() -> None:
        tasks = []
        for i, gap in enumerate(gaps):
            tasks.append(asyncio.create_task(one()))
            await clock.advance(gap)
            if i in cancelled:
                tasks[-1].cancel()
        await clock.advance(60)
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(play())

    assert len(granted) >= len(gaps) - len(cancelled)
    for first, over in zip(granted, granted[2:], strict=False):
        assert over - first >= 1.0 - EPSILON


def test_a_limiter_outlives_the_loop_it_waited_in() -> None:
    clock = VirtualClock()

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)  # the others come to stand in line
        await clock.hurry(seconds)

    limiter = TokenBucketRateLimiter(1.0, 1, clock=clock, sleep=sleep)

    async def rush() -> list[bool]:
        return list(await asyncio.gather(*(limiter.acquire() for _ in range(4))))

    assert asyncio.run(rush()) == [True] * 4
    assert asyncio.run(rush()) == [True] * 4


@BOTH
async def test_more_than_the_limiter_ever_has_is_refused_instead_of_waited_for(make: Make) -> None:
    limiter = make(VirtualClock())

    assert limiter.try_acquire(3) is False
    with pytest.raises(ValueError, match="never has more than 2"):
        await limiter.acquire(3)


@BOTH
def test_calls_are_counted_from_one(make: Make) -> None:
    limiter = make(VirtualClock())

    with pytest.raises(ValueError, match="1 or more"):
        limiter.try_acquire(0)


@pytest.mark.parametrize(("rate", "capacity"), [(0, 1), (-1, 1), (1, 0), (1, 0.5)])
def test_a_bucket_that_could_never_serve_is_refused(rate: float, capacity: float) -> None:
    with pytest.raises(ValueError, match="token bucket"):
        TokenBucketRateLimiter(rate, capacity)


@pytest.mark.parametrize(("most", "window"), [(0, 1), (1, 0)])
def test_a_window_that_could_never_serve_is_refused(most: int, window: float) -> None:
    with pytest.raises(ValueError, match="a window"):
        SlidingWindowRateLimiter(most, window)


async def test_a_limited_function_waits_its_turn_and_keeps_its_name() -> None:
    clock = VirtualClock()
    limiter = TokenBucketRateLimiter(2.0, 1, clock=clock, sleep=clock.hurry)

    @with_rate_limit(limiter)
    async def send(text: str) -> tuple[str, float]:
        return text, clock.now - 1000.0

    sent = [await send("a"), await send("b")]

    assert sent == [("a", 0.0), ("b", pytest.approx(0.5))]
    assert send.__name__ == "send"


async def test_a_real_clock_gives_the_rate_asked_for() -> None:
    limiter = TokenBucketRateLimiter(200.0, 1)
    loop = asyncio.get_running_loop()
    started = loop.time()

    for _ in range(11):
        await limiter.acquire()

    assert loop.time() - started >= 10 / 200
