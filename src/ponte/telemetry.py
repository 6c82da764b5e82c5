"""Telemetry: the numbers that Ponte counts about itself, in Prometheus terms.

Label values come from code (a route's template, a queue's name), never from input,
so that no caller can grow them without limit.
"""

import math
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

RECENTE_S = 900  # SPEC of the console: a value a second for 15 minutes
MAX_SERIES = 500  # chosen: 3.6 MB of them at most
# Orders that share one commit; a group has 256 callers at most.
_GROUP = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

TIPOS = {"counter": "contador", "gauge": "medidor", "histogram": "histograma"}
Serie = tuple[str, str, tuple[tuple[str, str], ...]]  # nome, tipo, labels


class Recente:
    """A value a second of every series of this process, for the last 15 minutes.

    Rings of floats, so that their size is known: seconds that nobody measured are NaN.
    """

    def __init__(self) -> None:
        self.desde: int | None = None
        self.ate: int | None = None
        self._rings: dict[Serie, array[float]] = {}

    def take(self, values: dict[Serie, float], segundo: int) -> int:
        """Keep the values of one second; return how many series found no place."""
        if self.ate is None or not 0 < segundo - self.ate < RECENTE_S:
            # The first, or the clock went back, or the process stood still for too long.
            self._rings.clear()
            self.desde, self.ate = segundo, segundo - 1
        skipped = range(self.ate + 1, segundo + 1)
        self.ate = segundo
        for ring in self._rings.values():
            for gap in skipped:
                ring[gap % RECENTE_S] = math.nan
        left_out = 0
        for serie, value in values.items():
            if serie not in self._rings:
                if len(self._rings) >= MAX_SERIES:
                    left_out += 1
                    continue
                self._rings[serie] = array("d", [math.nan]) * RECENTE_S
            self._rings[serie][segundo % RECENTE_S] = value
        return left_out

    def first(self) -> int | None:
        """Return the oldest second that is still here, None before the first."""
        if self.ate is None or self.desde is None:
            return None
        return max(self.desde, self.ate - RECENTE_S + 1)

    def points(
        self, desde: int, ate: int, wanted: Callable[[Serie], object] = bool
    ) -> Iterator[tuple[int, Serie, float]]:
        """Yield (second, series, value) of [desde, ate], in the order of time; of any thread."""
        first = self.first()
        if first is None or self.ate is None:
            return
        rings = [(s, ring) for s, ring in tuple(self._rings.items()) if wanted(s)]
        for segundo in range(max(desde, first), min(ate, self.ate) + 1):
            for serie, ring in rings:
                value = ring[segundo % RECENTE_S]
                if not math.isnan(value):
                    yield segundo, serie, value


class Contagem:
    """A counter for what every order passes: an addition in a dict, made a sample at a scrape.

    The library's own counter locks, which costs an order with its four facts some 4 µs.
    """

    def __init__(
        self, nome: str, texto: str, labels: Sequence[str], *, registry: CollectorRegistry
    ) -> None:
        self.valores: defaultdict[tuple[str, ...], int] = defaultdict(int)
        self._family = (nome, texto)
        self._labelnames = labels
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Return what was counted so far."""
        family = CounterMetricFamily(*self._family, labels=self._labelnames)
        for valores, n in tuple(self.valores.items()):
            family.add_metric(valores, n)
        yield family


class Faixa:
    """The observations of one series of a histogram."""

    def __init__(self, limites: Sequence[float]) -> None:
        self._limites = limites
        self._counts = [0] * (len(limites) + 1)
        self._sum = 0.0

    def observe(self, valor: float) -> None:
        """Count one observation."""
        self._counts[bisect_left(self._limites, valor)] += 1
        self._sum += valor

    def sample(self) -> tuple[list[tuple[str, float]], float]:
        """Return each bucket with all that are below it, and the sum."""
        bounds = [*map(floatToGoString, self._limites), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self._counts)), strict=True)), self._sum


class Faixas:
    """A histogram for what every order passes, as cheap as `Contagem`."""

    def __init__(
        self,
        nome: str,
        texto: str,
        limites: Sequence[float],
        *,
        registry: CollectorRegistry,
        labels: Sequence[str] = (),
    ) -> None:
        self._limites = limites
        self._family = (nome, texto)
        self._labelnames = labels
        self._series: dict[tuple[str, ...], Faixa] = {} if labels else {(): Faixa(limites)}
        registry.register(self)

    def labels(self, *valores: str) -> Faixa:
        """Return the series of these label values."""
        return self._series.setdefault(valores, Faixa(self._limites))

    def observe(self, valor: float) -> None:
        """Count one observation of a histogram without labels."""
        self._series[()].observe(valor)

    def collect(self) -> Iterator[Metric]:
        """Return the observations so far."""
        family = HistogramMetricFamily(*self._family, labels=self._labelnames)
        for valores, faixa in tuple(self._series.items()):
            family.add_metric(valores, *faixa.sample())
        yield family


class Telemetry:
    """One registry a process; instruments are attributes, bound children are kept by callers."""

    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        self.recente = Recente()
        self.process = ProcessCollector(registry=r)
        self.loop_lag = Gauge(
            "ponte_event_loop_lag_seconds", "How late the loop woke, once a second", registry=r
        )
        self.http = Contagem(
            "ponte_http_requests_total", "HTTP answers", ["rota", "metodo", "status"], registry=r
        )
        self.http_seconds = Faixas(
            "ponte_http_request_seconds", "Time to answer", _FAST, labels=["rota"], registry=r
        )
        self.limited = Counter(
            "ponte_limited_total", "Requests refused by a limit", ["limite"], registry=r
        )
        self.fatos = Contagem("ponte_facts_total", "Facts committed", ["tipo"], registry=r)
        self.orders = Gauge("ponte_orders_open", "Orders that are not done", ["status"], registry=r)
        self.handled = Counter(
            "ponte_steps_total", "Tries of a step", ["passo", "fila", "resultado"], registry=r
        )
        self.freed = Counter(
            "ponte_work_freed_total", "Work taken from workers that died", registry=r
        )
        self.step_seconds = Histogram(
            "ponte_step_seconds", "Time in a step's handler", ["passo"], buckets=_FAST, registry=r
        )
        self.queue = Gauge("ponte_queue_rows", "Work waiting or in hand", ["fila"], registry=r)
        self.queue_age = Gauge(
            "ponte_queue_oldest_seconds", "Age of the oldest waiting work", ["fila"], registry=r
        )
        self.unsent = Gauge("ponte_unsent_rows", "Work that no broker has confirmed", registry=r)
        self.unsent_age = Gauge(
            "ponte_unsent_oldest_seconds", "Age of the oldest of that work", registry=r
        )
        self.set_aside = Gauge("ponte_set_aside_open", "Work set aside and open", registry=r)
        self.low_stock = Gauge("ponte_stock_low_rows", "Products below their minimum", registry=r)
        self.silent = Gauge(
            "ponte_channel_silent", "1 where nobody writes who always did", ["canal"], registry=r
        )
        self.recovered, self.pulls, self.pull_age = _of_the_past(r)
        self.alerts = Gauge("ponte_alerts_open", "Alerts not resolved", ["severidade"], registry=r)
        self.sockets = Gauge("ponte_websockets", "WebSockets open", registry=r)
        self.frames = Counter("ponte_frames_total", "WebSocket frames written", registry=r)
        self.dropped = Counter(
            "ponte_websockets_dropped_total", "WebSockets dropped", ["motivo"], registry=r
        )
        self.commits = Counter("ponte_commits_total", "Groups committed with facts", registry=r)
        self.group = Faixas("ponte_commit_callers", "Callers of a group", _GROUP, registry=r)
        self.commit_seconds = Faixas(
            "ponte_commit_seconds", "Time of a group, from its begin to the disk", _FAST, registry=r
        )
        self.database = Gauge("ponte_database_bytes", "Size of the database", registry=r)
        self.outside, self.outside_seconds = _of_the_outside(r)
        self.redis_up, self.redis_failures = _of_the_helper(r)
        self.restarts = Counter(
            "ponte_task_restarts_total", "Tasks restarted after a failure", ["tarefa"], registry=r
        )

    def values(self, *, histograms: bool = True) -> dict[Serie, float]:
        """Return what every series of the registry stands at; of histograms their count and sum.

        Without histograms only what stands here counts, which takes a fifth of the time:
        12 ms against 2 ms, measured with 30 of them, each of whose buckets is a sample.
        """
        return {
            (sample.name, TIPOS[family.type], tuple(sorted(sample.labels.items()))): sample.value
            for family in (self.registry.collect() if histograms else self._quick())
            if family.type in TIPOS
            for sample in family.samples
            if not sample.name.endswith(("_bucket", "_created"))
        }

    def _quick(self) -> Iterator[Metric]:
        for instrument in vars(self).values():
            if isinstance(instrument, Contagem | Counter | Gauge | ProcessCollector):
                yield from instrument.collect()

    def exposition(self) -> bytes:
        """Return the registry in Prometheus text form."""
        return generate_latest(self.registry)


def _of_the_past(registry: CollectorRegistry) -> tuple[Counter, Counter, Gauge]:
    return (
        Counter(
            "ponte_channel_recovered_total", "Messages that no webhook brought", ["canal"],
            registry=registry,
        ),
        Counter(
            "ponte_channel_pulls_total", "Looks at a canal's past", ["canal", "resultado"],
            registry=registry,
        ),
        Gauge(
            "ponte_channel_pull_age_seconds", "Since a canal's past was read", ["canal"],
            registry=registry,
        ),
    )  # fmt: skip


def _of_the_outside(registry: CollectorRegistry) -> tuple[Counter, Histogram]:
    return (
        Counter(
            "ponte_outside_requests_total", "Calls to the outside", ["destino", "classe"],
            registry=registry,
        ),
        Histogram(
            "ponte_outside_request_seconds", "Time of outside calls", ["destino"], registry=registry
        ),
    )  # fmt: skip


def _of_the_helper(r: CollectorRegistry) -> tuple[Gauge, Counter]:
    up = Gauge("ponte_redis_up", "1 while the helper answers this use", ["uso"], registry=r)
    return up, Counter(
        "ponte_redis_failures_total", "Answers of the helper missed", ["uso"], registry=r
    )
