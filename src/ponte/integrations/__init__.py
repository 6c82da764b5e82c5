"""Integrations: the public Python names of limits, breakers and retries.

They work in a script of its own, with no server and no database.
"""

from ponte.resilience.breaker import CircuitBreaker, CircuitBreakerOpen, with_circuit_breaker
from ponte.resilience.limiter import (
    SlidingWindowRateLimiter,
    TokenBucketRateLimiter,
    with_rate_limit,
)
from ponte.resilience.mixin import HubResilienceMixin
from ponte.resilience.retry import retry_with_backoff, with_retry

__all__ = [
    "CircuitBreaker",
    "CircuitBreakerOpen",
    "HubResilienceMixin",
    "SlidingWindowRateLimiter",
    "TokenBucketRateLimiter",
    "retry_with_backoff",
    "with_circuit_breaker",
    "with_rate_limit",
    "with_retry",
]
