"""Mixin: limiter, breaker and retry for a hub that a script uses without a server.

Inside the server the Step owns the tries; a hub there is given `retry_max_attempts=1`.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ponte.resilience.breaker import CircuitBreaker
from ponte.resilience.limiter import TokenBucketRateLimiter
from ponte.resilience.retry import retry_with_backoff

T = TypeVar("T")


class HubResilienceMixin:
    """Gives a class `_execute_with_resilience`: each try waits its turn, then asks the breaker."""

    _limiter: TokenBucketRateLimiter
    _breaker: CircuitBreaker
    _max_retries: int

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
        self._limiter = TokenBucketRateLimiter(rate_limit)
        self._breaker = CircuitBreaker(circuit_breaker_threshold, name=type(self).__name__)
        self._max_retries = retry_max_attempts - 1

    async def _execute_with_resilience(self, func: Callable[[], Awaitable[T]], name: str = "") -> T:
        """Await `func()` behind limiter and breaker, trying again what may pass.

        Args:
            func: Makes one try.
            name: What is being done; it stands in the breaker's causes.

        Raises:
            CircuitBreakerOpen: The destination is held to be down; no call was made.
            Exception: The last try's error, unchanged.
        """

        async def one_try() -> T:
            if not self._limiter.try_acquire():
                await self._limiter.acquire()
            return await self._breaker.call(func, name=name)

        return await retry_with_backoff(one_try, self._max_retries)
