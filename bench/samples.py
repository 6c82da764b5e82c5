"""Samples: latencies in seconds, and the few numbers that are ever read from them."""

from collections.abc import Sequence
from statistics import median

MS = 1000.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile; `share` in 0..1. NaN when nothing was measured.

    NaN and not zero: a row without samples must fail its goal, not pass it.
    """
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def p99_ms(values: Sequence[float]) -> float:
    """Return the 99th percentile in milliseconds."""
    return percentile(values, 0.99) * MS


def median_ms(values: Sequence[float]) -> float:
    """Return the median in milliseconds."""
    return median(values) * MS if values else float("nan")
