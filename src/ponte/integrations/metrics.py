"""Metrics: what a script's calls come to, for Prometheus.

The families are those of the server, `hub_*`; here they stand in a registry of their own,
so that two programs in one process never clash. The rule: a label comes from code and
is one of few, never what somebody outside said; an error is its class, not its text.
"""

import functools
import time
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, cast

from prometheus_client import CollectorRegistry, generate_latest

from ponte.errors import PonteError
from ponte.resilience.classes import OutsideError
from ponte.resilience.funcoes import is_async
from ponte.resilience.numeros import HubNumbers

P = ParamSpec("P")
T = TypeVar("T")


class HubMetricsRegistry(HubNumbers):
    """The `hub_*` families; `registry` is what a Prometheus client exposes."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = CollectorRegistry() if registry is None else registry
        super().__init__(self.registry)

    def record_failure(self, hub: str, method: str, error: str | BaseException) -> None:
        """Count a call that failed, under a word for the error, or under the error's class."""
        super().record_failure(hub, method, error if isinstance(error, str) else _word(error))


@functools.cache
def get_metrics_registry() -> HubMetricsRegistry:
    """Return the one of this process."""
    return HubMetricsRegistry()


def export_prometheus_metrics(registry: HubMetricsRegistry | None = None) -> str:
    """Return the figures in Prometheus' text format; those of the process by default."""
    chosen = get_metrics_registry() if registry is None else registry
    return generate_latest(chosen.registry).decode()


def with_metrics(
    hub: str, method: str, *, registry: HubMetricsRegistry | None = None
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Count each call of a function, async or not; a cancelled call counts as a failure."""

    def decorate(func: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(func)
        async def counted(*args: P.args, **kwargs: P.kwargs) -> Any:
            with _Call(registry or get_metrics_registry(), hub, method):
                return await cast("Awaitable[Any]", func(*args, **kwargs))

        @functools.wraps(func)
        def counted_in_thread(*args: P.args, **kwargs: P.kwargs) -> T:
            with _Call(registry or get_metrics_registry(), hub, method):
                return func(*args, **kwargs)

        return cast("Callable[P, T]", counted) if is_async(func) else counted_in_thread

    return decorate


class _Call:
    """One call, from its beginning to its end."""

    def __init__(self, registry: HubMetricsRegistry, hub: str, method: str) -> None:
        self._registry, self._of = registry, (hub, method)
        self._started = time.monotonic()

    def __enter__(self) -> None:
        self._registry.record_request(*self._of)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            took_ms = (time.monotonic() - self._started) * 1000
            self._registry.record_success(*self._of, latency_ms=took_ms)
        else:
            self._registry.record_failure(*self._of, error)


def _word(error: BaseException) -> str:
    if isinstance(error, OutsideError):
        return error.classe.value
    return error.code if isinstance(error, PonteError) else type(error).__name__
