"""Exposicao: the numbers of this process and those that callers record, as Prometheus reads them.

A `contador` is its running total, a `medidor` the newest value, a `histograma` a summary
of count and sum: what the quantiles were, only its samples know.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder

from ponte.domain.metrica import TipoMetrica
from ponte.metricas.service import SerieGravada

_TEXT = ("text/plain", "application/openmetrics-text")
_KIND = {
    TipoMetrica.CONTADOR: "counter",
    TipoMetrica.MEDIDOR: "gauge",
    TipoMetrica.HISTOGRAMA: "summary",
}
_INVALID = re.compile(r"[^a-zA-Z0-9_:]")


def wanted(accept: str) -> bool:
    """Tell whether a client asks for the exposition and not for JSON."""
    text = json = 0.0
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((_weight(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if kind in _TEXT:
            text = max(text, weight)
        elif kind == "application/json":
            json = max(json, weight)
    return text > json


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def expose(
    registry: CollectorRegistry, series: Iterable[SerieGravada], accept: str
) -> tuple[bytes, str]:
    """Return the bytes and their content type."""
    encoder, content_type = choose_encoder(accept)
    both: Any = _Both(registry, series)
    return encoder(both), content_type


class _Both:
    """What an encoder reads of a registry: the families, one after the other."""

    def __init__(self, registry: CollectorRegistry, series: Iterable[SerieGravada]) -> None:
        self._registry = registry
        self._series = series

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()
        yield from families(self._series)


def families(series: Iterable[SerieGravada]) -> Iterable[Metric]:
    """Return the series of callers as families; of two that Prometheus writes alike, the first."""
    found: dict[str, Metric] = {}
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for serie in series:
        nome = _INVALID.sub("_", serie.nome)
        if serie.tipo is TipoMetrica.CONTADOR:
            nome = nome.removesuffix("_total") or nome
        family = found.setdefault(nome, Metric(nome, "Recorded by a caller", _KIND[serie.tipo]))
        identity = (nome, frozenset(serie.labels.items()))
        if family.type == _KIND[serie.tipo] and identity not in seen:
            seen.add(identity)
            _add(family, serie)
    return found.values()


def _add(family: Metric, serie: SerieGravada) -> None:
    if serie.tipo is TipoMetrica.CONTADOR:
        family.add_sample(f"{family.name}_total", serie.labels, serie.soma)
    elif serie.tipo is TipoMetrica.MEDIDOR:
        family.add_sample(family.name, serie.labels, serie.ultimo)
    else:
        family.add_sample(f"{family.name}_count", serie.labels, serie.n)
        family.add_sample(f"{family.name}_sum", serie.labels, serie.soma)
