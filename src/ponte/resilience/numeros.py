"""Numeros: what calls to each hub come to, under the names that dashboards and alert rules use.

A hub is a destination with an `Http` of its own. Hub, method and error come from code
and are few, so that no answer from outside can grow them.
"""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ponte.resilience.breaker import BreakerState, CircuitBreaker

# A call within the house takes milliseconds, one that is given up ten seconds.
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10)

_FROM_BEST = (BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN)
Breakers = Callable[[], Sequence[CircuitBreaker]]


class HubNumbers:
    """The `hub_*` families of one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        of, r = ["hub", "method"], registry
        self._requests = Counter("hub_requests_total", "Calls that ended", of, registry=r)
        self._success = Counter("hub_requests_success_total", "Accepted", of, registry=r)
        self._failure = Counter(
            "hub_requests_failure_total", "Failed, by class of error", [*of, "error"], registry=r
        )
        self._seconds = Histogram(
            "hub_request_duration_seconds", "Time to the answer", of, buckets=_SECONDS, registry=r
        )
        self._state = Gauge(
            "hub_circuit_breaker_state", "1 on the current state", ["hub", "state"], registry=r
        )
        self._failures = Gauge(
            "hub_circuit_breaker_failures", "Failures in a row", ["hub"], registry=r
        )

    def record_request(self, hub: str, method: str) -> None:
        """Count a call."""
        self._requests.labels(hub, method).inc()

    def record_success(self, hub: str, method: str, *, latency_ms: float) -> None:
        """Count one that was accepted, and its time."""
        self._success.labels(hub, method).inc()
        self._seconds.labels(hub, method).observe(latency_ms / 1000)

    def record_failure(self, hub: str, method: str, error: str) -> None:
        """Count one that was not."""
        self._failure.labels(hub, method, error).inc()

    def record_circuit_breaker_state(
        self, hub: str, state: BreakerState | str, failures: int
    ) -> None:
        """Show a breaker as somebody tells it; one that is watched shows itself.

        Raises:
            ValueError: no such state.
        """
        current = BreakerState(state)
        for each in BreakerState:
            self._state.labels(hub, each.value).set(each is current)
        self._failures.labels(hub).set(failures)

    def watch(self, hub: str, breakers: Breakers) -> None:
        """Show breakers as they stand at each scrape: they half-open by time, and tell nobody.

        A destination of many parts shows the worst of them, so that no name from outside is
        a label.
        """
        for state in BreakerState:
            self._state.labels(hub, state.value).set_function(_stands(breakers, state))
        self._failures.labels(hub).set_function(
            lambda: float(max(breaker.failures for breaker in breakers()))
        )


def _stands(breakers: Breakers, state: BreakerState) -> Callable[[], float]:
    return lambda: float(worst(breaker.state for breaker in breakers()) is state)


def worst(states: Iterable[BreakerState]) -> BreakerState:
    """Return the worst of some states; closed where there is none."""
    return max(states, key=_FROM_BEST.index, default=BreakerState.CLOSED)
