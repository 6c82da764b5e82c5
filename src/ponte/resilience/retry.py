"""Retry: when to try again, and how long to wait before it.

Two uses that must not meet: a `Schedule` belongs to a Step, whose tries are counted
in the database; `retry_with_backoff` is for scripts that have no Step. Using both
on one call multiplies the tries.
"""

import asyncio
import functools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, cast, overload

from ponte.resilience.funcoes import is_async, outcome

P = ParamSpec("P")
T = TypeVar("T")

Errors = type[Exception] | tuple[type[Exception], ...]

# Jitter only spreads callers in time, nothing is guessed from it: no secure source needed.
_uniform = random.uniform


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long a step waits after each failed try.

    Args:
        delays_s: Seconds after the first, second, ... try; their number + 1 is the
            number of tries.
        jitter: Each delay is drawn from ± this part of it, 0 to 1.
    """

    delays_s: tuple[float, ...]
    jitter: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what would wait for ever or wake before it slept."""
        if not 0 <= self.jitter <= 1 or any(delay < 0 for delay in self.delays_s):
            raise ValueError("delays are 0 or more and the jitter between 0 and 1")

    @property
    def tries(self) -> int:
        """How often the step runs at most."""
        return len(self.delays_s) + 1

    def is_final(self, tentativa: int) -> bool:
        """Tell whether no try follows try number `tentativa`, counted from 1."""
        return tentativa >= self.tries

    def delay_s(self, tentativa: int, retry_after_s: float | None = None) -> float:
        """Return the seconds to wait after try number `tentativa` failed.

        Args:
            tentativa: Number of the failed try, from 1; beyond the end the last delay holds.
            retry_after_s: What the other side asked for; never undercut, and without
                jitter downwards.
        """
        if tentativa < 1:
            raise ValueError("tries are counted from 1")
        base = self.delays_s[min(tentativa, len(self.delays_s)) - 1] if self.delays_s else 0.0
        spread = base * self.jitter
        delay = _uniform(base - spread, base + spread)
        if retry_after_s is None:
            return delay
        return max(delay, retry_after_s + _uniform(0, spread))


def backoff_s(attempt: int, *, base_delay: float, max_delay: float) -> float:
    """Return a delay with full jitter: anywhere from 0 to min(max_delay, base * 2^attempt).

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    ceiling = min(max_delay, base_delay * 2.0 ** min(attempt, 62))
    return _uniform(0, ceiling)


def next_delay_s(error: Exception, attempt: int, *, base_delay: float, max_delay: float) -> float:
    """Return how long to wait before the next try, or raise `error` when there is to be none."""
    if not getattr(error, "retry", True):
        raise error
    asked_s: float | None = getattr(error, "retry_after_s", None)
    if asked_s is not None and asked_s > max_delay:
        raise error
    return max(backoff_s(attempt, base_delay=base_delay, max_delay=max_delay), asked_s or 0.0)


@overload
async def retry_with_backoff(
    func: Callable[[], Awaitable[T]],
    max_retries: int = 3,
    base_delay: float = 1.0,
    max_delay: float = 60.0,
    exceptions: Errors = (Exception,),
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> T: ...


@overload
async def retry_with_backoff(
    func: Callable[[], T],
    max_retries: int = 3,
    base_delay: float = 1.0,
    max_delay: float = 60.0,
    exceptions: Errors = (Exception,),
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> T: ...


async def retry_with_backoff(
    func: Callable[[], Any],
    max_retries: int = 3,
    base_delay: float = 1.0,
    max_delay: float = 60.0,
    exceptions: Errors = (Exception,),
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Any:
    """Call `func`, async or not, and up to `max_retries` times more, with full jitter in between.

    An error with `retry = False` is not tried again; one with `retry_after_s` is not
    tried earlier, and not at all when that is beyond `max_delay`.

    Args:
        func: Makes one try; called again for each.
        max_retries: Tries after the first, 0 or more.
        base_delay: Seconds; the ceiling of the first wait, doubled for each further one.
        max_delay: Seconds; no wait is longer.
        exceptions: What to try again after; anything else passes at once.
        sleep: What waits; only tests give another one.

    Raises:
        Exception: The last error, unchanged.
    """
    attempt = 0
    while True:
        try:
            result = await outcome(func())
        except exceptions as error:
            if attempt >= max_retries:
                raise
            delay = next_delay_s(error, attempt, base_delay=base_delay, max_delay=max_delay)
        else:
            return result
        attempt += 1
        await sleep(delay)


def with_retry(
    max_retries: int = 3,
    base_delay: float = 1.0,
    max_delay: float = 60.0,
    exceptions: Errors = (Exception,),
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function, async or not, try again as `retry_with_backoff` does.

    A function that is not async blocks its thread between its tries.
    """

    def decorate(func: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(func)
        async def retried(*args: P.args, **kwargs: P.kwargs) -> Any:
            return await retry_with_backoff(
                lambda: func(*args, **kwargs), max_retries, base_delay, max_delay, exceptions
            )

        @functools.wraps(func)
        def retried_in_thread(*args: P.args, **kwargs: P.kwargs) -> T:
            for attempt in range(max_retries):
                try:
                    return func(*args, **kwargs)
                except exceptions as error:
                    wait_s = next_delay_s(
                        error, attempt, base_delay=base_delay, max_delay=max_delay
                    )
                time.sleep(wait_s)
            return func(*args, **kwargs)

        return cast("Callable[P, T]", retried) if is_async(func) else retried_in_thread

    return decorate
