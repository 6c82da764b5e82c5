"""Limiters: how fast Ponte may call somebody, so that nobody has to refuse it.

Both limiters are exact: whatever is cancelled, late or concurrent, no window
holds more calls than promised. Waiters go one after the other through a lock, so
a cancelled one leaves nothing behind and nobody overtakes.
"""

import asyncio
import functools
import threading
import time
from abc import ABC, abstractmethod
from array import array
from bisect import bisect_right
from collections.abc import Awaitable, Callable
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, cast

from ponte.resilience.funcoes import is_async

CLOCK_GRAIN_S = 1e-6  # chosen: coarser than any monotonic clock, finer than any rate

P = ParamSpec("P")
T = TypeVar("T")

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


class RateLimiter(Protocol):
    """What a caller needs to know of any limiter."""

    @property
    def available(self) -> int: ...

    def try_acquire(self, n: int = 1) -> bool: ...

    async def acquire(self, n: int = 1) -> Literal[True]: ...

    def retry_after(self, n: int = 1) -> float: ...


class _Line(ABC):
    """What both limiters share: waiting in line until the calls asked for are free."""

    def __init__(self, *, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._line = asyncio.Lock()
        self._queued = 0  # calls, not callers, that wait in line

    @abstractmethod
    def _take(self, n: int) -> bool: ...

    @abstractmethod
    def _wait_s(self, n: int) -> float: ...

    @abstractmethod
    def _most(self) -> int: ...

    def try_acquire(self, n: int = 1) -> bool:
        """Take `n` calls now or none; False as well while others wait in line."""
        if n < 1:
            raise ValueError(f"{n} calls asked for; 1 or more expected")
        return self._queued == 0 and self._take(n)

    async def acquire(self, n: int = 1) -> Literal[True]:
        """Wait for `n` calls; first come, first served.

        Returns:
            Always True, as the locks and semaphores of asyncio do.

        Raises:
            ValueError: `n` is below 1, or more than the limiter ever has.
        """
        if self.try_acquire(n):
            return True
        if n > self._most():
            raise ValueError(
                f"{n} calls asked of a limiter that never has more than {self._most()}"
            )
        if self._queued == 0:
            # A fresh lock belongs to the loop that runs now: a limiter may outlive a loop.
            self._line = asyncio.Lock()
        self._queued += n
        try:
            async with self._line:
                while not self._take(n):
                    # Rounding may leave less to wait than the clock can show.
                    await self._sleep(max(CLOCK_GRAIN_S, self._wait_s(n)))
        finally:
            self._queued -= n
        return True

    def retry_after(self, n: int = 1) -> float:
        """Return the seconds until `n` calls would be granted, those in line served first."""
        return self._wait_s(n + self._queued)


class TokenBucketRateLimiter(_Line):
    """A bucket of `capacity` tokens refilled at `rate` a second; a call takes one.

    Any span of t seconds holds at most `capacity + rate * t` calls.

    Args:
        rate: Tokens a second, more than 0.
        capacity: The longest burst, 1 or more; None allows a second's worth.
        clock: Monotonic seconds.
        sleep: What waits; only tests give another one.
    """

    def __init__(
        self,
        rate: float,
        capacity: float | None = None,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(clock=clock, sleep=sleep)
        self.rate = rate
        self.capacity = max(1.0, rate) if capacity is None else float(capacity)
        if rate <= 0 or self.capacity < 1:
            raise ValueError("a token bucket needs a rate above 0 and a capacity of 1 or more")
        self._tokens = self.capacity
        self._at = clock()

    @property
    def available(self) -> int:
        """Whole tokens in the bucket now."""
        self._refill()
        return int(self._tokens)

    def _refill(self) -> None:
        now = self._clock()
        tokens = self._tokens + (now - self._at) * self.rate
        # Not min(): the call would be a tenth of what all guards together may cost.
        self._tokens = self.capacity if tokens > self.capacity else tokens  # noqa: FURB136
        self._at = now

    def _take(self, n: int) -> bool:
        self._refill()
        tokens = self._tokens
        if tokens < n:
            return False
        self._tokens = tokens - n
        return True

    def _wait_s(self, n: int) -> float:
        self._refill()
        return max(0.0, (n - self._tokens) / self.rate)

    def _most(self) -> int:
        return int(self.capacity)


class SlidingWindowRateLimiter(_Line):
    """At most `max_requests` calls in any `window_seconds`.

    It remembers when each of the last `max_requests` calls was granted, 8 bytes
    each, in a ring: the slot about to be overwritten tells when the next call may go.

    Args:
        max_requests: Calls a window, 1 or more.
        window_seconds: Length of the window, more than 0.
        clock: Monotonic seconds.
        sleep: What waits; only tests give another one.
    """

    def __init__(
        self,
        max_requests: int,
        window_seconds: float,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(clock=clock, sleep=sleep)
        if max_requests < 1 or window_seconds <= 0:
            raise ValueError("a window needs 1 request or more and a length above 0")
        self.max_requests = max_requests
        self.window_seconds = window_seconds
        self._ring = array("d", [float("-inf")]) * max_requests
        self._next = 0

    @property
    def available(self) -> int:
        """Calls that the window still has room for now."""
        oldest_first = range(self._next, self._next + self.max_requests)
        return bisect_right(
            oldest_first,
            self._clock(),
            key=lambda i: self._ring[i % self.max_requests] + self.window_seconds,
        )

    def _take(self, n: int) -> bool:
        if n > self.max_requests:
            return False
        now = self._clock()
        if self._ring[(self._next + n - 1) % self.max_requests] + self.window_seconds > now:
            return False
        for _ in range(n):
            self._ring[self._next] = now
            self._next = (self._next + 1) % self.max_requests
        return True

    def _wait_s(self, n: int) -> float:
        # Beyond one window's worth each further window waits for the one before it.
        windows, rest = divmod(n - 1, self.max_requests)
        granted = self._ring[(self._next + rest) % self.max_requests]
        free_in = max(0.0, granted + self.window_seconds - self._clock())
        return free_in + windows * self.window_seconds

    def _most(self) -> int:
        return self.max_requests


def with_rate_limit(limiter: RateLimiter) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make each call of a function, async or not, wait for the limiter first.

    A function that is not async blocks its thread while it waits. Threads may share a
    limiter with one another, not with an event loop.
    """

    def decorate(func: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(func)
        async def limited(*args: P.args, **kwargs: P.kwargs) -> Any:
            await limiter.acquire()
            return await cast("Awaitable[Any]", func(*args, **kwargs))

        @functools.wraps(func)
        def limited_in_thread(*args: P.args, **kwargs: P.kwargs) -> T:
            _wait_in_thread(limiter)
            return func(*args, **kwargs)

        return cast("Callable[P, T]", limited) if is_async(func) else limited_in_thread

    return decorate


_threads = threading.Lock()


def _wait_in_thread(limiter: RateLimiter) -> None:
    while True:
        with _threads:
            if limiter.try_acquire():
                return
            wait_s = limiter.retry_after()
        time.sleep(max(CLOCK_GRAIN_S, wait_s))
