"""Mixin: limiter, breaker and retry for a hub that a script uses without a server.

Inside the server the Step owns the tries; a hub there is given `retry_max_attempts=1`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from ponte.resilience.breaker import (
    CircuitBreaker,
    CircuitBreakerOpen,
    cause_of,
    counts_as_failure,
)
from ponte.resilience.funcoes import outcome
from ponte.resilience.limiter import RateLimiter, TokenBucketRateLimiter
from ponte.resilience.retry import Errors, next_delay_s

BASE_DELAY_S, MAX_DELAY_S = 1.0, 60.0  # chosen: those of `retry_with_backoff`
TRIED_AGAIN: Errors = (Exception,)  # an error that knows better says `retry = False`

T = TypeVar("T")


class HubResilienceMixin:
    """Gives a class `_execute_with_resilience`: each try waits its turn, then asks the breaker."""

    _limiter: RateLimiter
    _breaker: CircuitBreaker
    _max_retries: int
    _sleep: Callable[[float], Awaitable[object]] = staticmethod(asyncio.sleep)

    def _setup_resilience(
        self,
        rate_limit: float = 10.0,
        circuit_breaker_threshold: int = 5,
        retry_max_attempts: int = 3,
    ) -> None:
        """Set the three guards up; call it once, in `__init__`.

        Args:
            rate_limit: Calls a second, with bursts of one second's worth.
            circuit_breaker_threshold: Failures in a row that open the breaker.
            retry_max_attempts: Tries altogether, the first included.
        """
        if retry_max_attempts < 1:
            raise ValueError("a call is tried once or more")
        self._limiter = TokenBucketRateLimiter(rate_limit)
        self._breaker = CircuitBreaker(circuit_breaker_threshold, name=type(self).__name__)
        self._max_retries = retry_max_attempts - 1

    @overload
    async def _execute_with_resilience(
        self, func: Callable[[], Awaitable[T]], name: str = ""
    ) -> T: ...

    @overload
    async def _execute_with_resilience(self, func: Callable[[], T], name: str = "") -> T: ...

    async def _execute_with_resilience(self, func: Callable[[], Any], name: str = "") -> Any:
        """Call `func` behind limiter and breaker, trying again what may pass.

        An open breaker is not waited for. An error with `retry = False` is not tried again,
        one with `retry_after_s` not before.

        Args:
            func: Makes one try, async or not.
            name: What is being done; it stands in the breaker's causes.

        Raises:
            CircuitBreakerOpen: The destination is held to be down; no call was made.
            Exception: The last try's error, unchanged.
        """
        attempt = 0
        while True:
            try:
                return await self._try(func, name)
            except TRIED_AGAIN as error:
                wait_s = self._wait_s(error, attempt)
            attempt += 1
            await self._sleep(wait_s)

    async def _try(self, func: Callable[[], Any], name: str) -> Any:
        breaker, limiter = self._breaker, self._limiter
        if not limiter.try_acquire():
            await limiter.acquire()
        ticket = breaker.enter()
        try:
            result = await outcome(func())
        except BaseException as error:
            breaker.leave(ticket, failed=counts_as_failure(error), cause=cause_of(error, name))
            raise
        breaker.leave(ticket, failed=False)
        return result

    def _wait_s(self, error: Exception, attempt: int) -> float:
        """Return how long to wait before the next try, or raise `error` when there is none."""
        if isinstance(error, CircuitBreakerOpen) or attempt >= self._max_retries:
            raise error
        return next_delay_s(error, attempt, base_delay=BASE_DELAY_S, max_delay=MAX_DELAY_S)
