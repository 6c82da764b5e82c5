"""Numeros: what calls to each destination came to, in all processes together.

A process shows its own numbers as they stand; the others write theirs down each ten
seconds. A percentile can't be added up, so it is of the process that answers.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from ponte.context import Context
from ponte.metricas import proprias
from ponte.resilience.breaker import BreakerState, BreakerView
from ponte.resilience.http import Http
from ponte.resilience.numeros import worst as worst_of
from ponte.store.db import Tx
from ponte.telemetry import Serie

PREFIXO = "hub_"
FRESCO_S = 30  # chosen: who wrote nothing for three times ten seconds is gone
# Chosen: a breaker that is used changes each half minute; older words are no news.
DITO_MS = 300_000
ESTADO = "hub_circuit_breaker_state"
Valores = Mapping[Serie, float]


async def by_process(ctx: Context) -> list[Valores]:
    """Return the `hub_*` values of each living process, this one's first."""
    own = {s: v for s, v in ctx.telemetry.values().items() if s[0].startswith(PREFIXO)}
    others = await ctx.db.read(_others, ctx.instancia, ctx.now_ms() // 1000)
    return [own, *others]


async def _others(tx: Tx, instancia: str, now_s: int) -> list[Valores]:
    known = {i: s for i, s in (await proprias.known(tx)).items() if s[0].startswith(PREFIXO)}
    rows = await tx.fetch(
        "SELECT em, instancia, valores FROM medicoes"
        " WHERE passo_s = ? AND em > ? AND instancia <> ? ORDER BY em",
        (proprias.DEZ, now_s - FRESCO_S, instancia),
    )
    newest = {row[1]: (row[0], row[2]) for row in rows}
    return [
        {serie: valor for _em, serie, valor in proprias.unpack([row], known)}
        for row in newest.values()
    ]


def summary(processos: Iterable[Valores], registry: CollectorRegistry) -> dict[str, dict[str, Any]]:
    """Return each destination's calls since its processes began, as they stand on the wire."""
    found: dict[str, _Soma] = {}
    for valores in processos:
        for (nome, _tipo, labels), valor in valores.items():
            rotulos = dict(labels)
            found.setdefault(rotulos["hub"], _Soma()).add(nome, rotulos, valor)
    p95 = percentiles(registry.collect(), 0.95)
    return {hub: soma.view() | {"p95_ms": p95.get(hub)} for hub, soma in sorted(found.items())}


class _Soma:
    def __init__(self) -> None:
        self.requests = self.success = self.seconds = self.timed = 0.0
        self.errors: dict[str, float] = {}

    def add(self, nome: str, rotulos: Mapping[str, str], valor: float) -> None:
        match nome:
            case "hub_requests_total":
                self.requests += valor
            case "hub_requests_success_total":
                self.success += valor
            case "hub_requests_failure_total":
                erro = rotulos["error"]
                self.errors[erro] = self.errors.get(erro, 0) + valor
            case "hub_request_duration_seconds_sum":
                self.seconds += valor
            case "hub_request_duration_seconds_count":
                self.timed += valor

    def view(self) -> dict[str, Any]:
        return {
            "requests": int(self.requests),
            "success": int(self.success),
            "failure": {erro: int(n) for erro, n in sorted(self.errors.items())},
            "success_rate": self.success / self.requests if self.requests else None,
            "media_ms": self.seconds / self.timed * 1000 if self.timed else None,
        }


def percentiles(families: Iterable[Metric], quantil: float) -> dict[str, float]:
    """Return the quantile of each destination's accepted calls in ms, between two buckets."""
    counts: dict[str, dict[float, float]] = {}
    for family in families:
        for sample in family.samples:
            if sample.name == "hub_request_duration_seconds_bucket":
                of = counts.setdefault(sample.labels["hub"], {})
                le = float(sample.labels["le"])
                of[le] = of.get(le, 0.0) + sample.value
    return {hub: _quantile(of, quantil) * 1000 for hub, of in counts.items() if of[math.inf] > 0}


def _quantile(cumulative: Mapping[float, float], quantil: float) -> float:
    wanted = quantil * cumulative[math.inf]
    below, before = 0.0, 0.0
    for le, count in sorted(cumulative.items()):
        if count >= wanted:
            if math.isinf(le):
                return below  # as Prometheus does: the last bound that is known
            return below + (le - below) * (wanted - before) / (count - before)
        below, before = le, count
    return below


def breakers(processos: Iterable[Valores]) -> dict[str, dict[str, int]]:
    """Return how many processes have each destination's breaker in each state."""
    found: dict[str, dict[str, int]] = {}
    for valores in processos:
        for (nome, _tipo, labels), valor in valores.items():
            if nome == ESTADO:
                rotulos = dict(labels)
                of = found.setdefault(rotulos["hub"], {s.value: 0 for s in BreakerState})
                of[rotulos["state"]] += int(valor)
    return found


def breaker_view(
    view: BreakerView, processos: Mapping[str, int], *, here: BreakerState | None = None
) -> dict[str, Any]:
    """Return a breaker as it stands in this process, and in how many it is in which state."""
    return {
        "state": worst(processos, here or view.state).value,
        "processos": dict(processos),
        "failures": view.failures,
        "failure_threshold": view.failure_threshold,
        "desde_s": round(view.since_s, 1),
        "motivo": view.reason or None,
        "segurado": view.held,
        "retry_after_s": view.retry_after_s,
        "causas": [{"idade_s": round(c.age_s, 1), "texto": c.text} for c in view.causes],
    }


def state_of(ctx: Context, http: Http) -> BreakerState:
    """Return how a breaker is: the worse of what it is here and what was told of it last."""
    estado, em_ms = http.told or (BreakerState.CLOSED, 0)
    fresh = ctx.now_ms() - em_ms < DITO_MS
    return worst_of((http.breaker.state, estado if fresh else BreakerState.CLOSED))


def worst(processos: Mapping[str, int], here: BreakerState) -> BreakerState:
    """Return the worst state that any process has a breaker in."""
    return worst_of((here, *(s for s in BreakerState if processos.get(s.value, 0) > 0)))
