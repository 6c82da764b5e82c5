"""Saude: whether a hub works, judged by what it did and not by what it says of itself.

A canal that answers its probe and brings no message is not well; one that brought a
message after a probe failed is. Pure: the facts come in, with their ages, and the one
rule is that each verdict says in words why.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ponte.resilience.breaker import CLOSED, OPEN, BreakerState

Estado = Literal["healthy", "degraded", "unhealthy", "disabled"]
ORDEM: tuple[Estado, ...] = ("disabled", "healthy", "degraded", "unhealthy")
SONDA_VELHA_S = 180.0  # chosen: three probes of one a minute were missed
# Messages that the hour of week would have brought since the last one. None of ten
# comes by chance once in 22,000 times (Poisson).
ESPERADAS_DEMAIS = 10.0
HORA_S, SEMANA_H, SEMANAS = 3600, 168, 4
Trafego = Mapping[int, float]  # hour since the epoch -> messages


@dataclass(frozen=True, slots=True)
class Recuperacao:
    """When a hub's own past was read last, what nobody had told, and whether it failed since."""

    existe: bool = False
    idade_s: float | None = None
    novas: int = 0
    pedida: bool = False
    erro: str | None = None


@dataclass(frozen=True, slots=True)
class Fatos:
    """What is known of a hub; ages in seconds, None where it never happened.

    Args:
        ligado: A connector that carries its messages is on.
        tem_sonda: It can be asked how it is.
        parado: Why nothing is sent on it, None when it sends.
        disjuntores: The breaker of each destination.
        sonda_erro: What the last probe said, None when it was well.
        esperadas: Messages that this time of the week would have brought since the last.
    """

    ligado: bool
    tem_sonda: bool = False
    parado: str | None = None
    entrada_s: float | None = None
    envio_s: float | None = None
    falha_s: float | None = None
    falha: str | None = None
    sonda_s: float | None = None
    sonda_erro: str | None = None
    esperadas: float = 0.0
    disjuntores: Mapping[str, BreakerState] = field(default_factory=dict)
    recuperacao: Recuperacao = Recuperacao()


@dataclass(frozen=True, slots=True)
class Saude:
    """The verdict and its reason, which is a sentence."""

    status: Estado
    motivo: str


def judge(fatos: Fatos) -> Saude:
    """Return how a hub is; what is worst about it is its reason."""
    if not fatos.ligado:
        return Saude("disabled", "desligado: nenhum conector deste canal está configurado")
    found = [verdict for verdict in _verdicts(fatos) if verdict is not None]
    if not found:
        return Saude("healthy", _well(fatos))
    return max(found, key=lambda verdict: ORDEM.index(verdict.status))


def overall(verdicts: Iterable[Saude]) -> Estado:
    """Return the worst of all."""
    return max((v.status for v in verdicts), key=ORDEM.index, default="disabled")


def expected(trafego: Trafego, *, desde_s: float, ate_s: float) -> float:
    """Return how many messages the same hours of the last four weeks say should have come.

    Args:
        trafego: Messages of each past hour; a missing hour brought none.
        desde_s: Since when, epoch seconds; not further back than a week.
        ate_s: Until when.
    """
    at = max(desde_s, ate_s - SEMANA_H * HORA_S)
    found = 0.0
    while at < ate_s:
        hora = math.floor(at / HORA_S)
        end = min(ate_s, (hora + 1) * HORA_S)
        past = [trafego.get(hora - SEMANA_H * n, 0.0) for n in range(1, SEMANAS + 1)]
        found += sum(past) / SEMANAS * (end - at) / HORA_S
        at = end
    return found


def _verdicts(f: Fatos) -> Iterable[Saude | None]:
    yield None if f.parado is None else Saude("unhealthy", f"parado: {f.parado}")
    yield _breakers(f)
    yield _probe(f)
    yield _silence(f)
    yield _failure(f)


def _breakers(f: Fatos) -> Saude | None:
    abertos = sorted(nome for nome, estado in f.disjuntores.items() if estado is OPEN)
    testes = sorted(n for n, e in f.disjuntores.items() if e not in (OPEN, CLOSED))
    if abertos:
        return Saude("unhealthy", f"disjuntor aberto: {', '.join(abertos)}")
    return Saude("degraded", f"disjuntor em teste: {', '.join(testes)}") if testes else None


def _probe(f: Fatos) -> Saude | None:
    if not f.tem_sonda:
        nothing = f.entrada_s is None and f.envio_s is None
        return Saude("degraded", "nada entrou nem saiu ainda, e não há sonda") if nothing else None
    if f.sonda_s is None:
        return Saude("degraded", "ainda não sondado")
    if f.sonda_s > SONDA_VELHA_S:
        return Saude("degraded", f"ninguém sonda há {f.sonda_s:.0f} s: há scheduler rodando?")
    if f.sonda_erro is None:
        return None
    worked = min(_or_never(f.entrada_s), _or_never(f.envio_s))
    if worked < f.sonda_s:
        return Saude("degraded", f"a sonda falhou, mas houve mensagem depois: {f.sonda_erro}")
    return Saude("unhealthy", f"a sonda falhou: {f.sonda_erro}")


def _silence(f: Fatos) -> Saude | None:
    if f.esperadas < ESPERADAS_DEMAIS:
        return None
    return Saude(
        "unhealthy", f"silencioso: {f.esperadas:.0f} mensagens esperadas desde a última entrada"
    )


def _failure(f: Fatos) -> Saude | None:
    if f.falha_s is None or _or_never(f.envio_s) <= f.falha_s or f.falha_s > HORA_S:
        return None
    return Saude("degraded", f"o último envio falhou: {f.falha}")


def _well(f: Fatos) -> str:
    if f.entrada_s is None and f.envio_s is None:
        return "a sonda responde; nada entrou nem saiu ainda"
    worked = min(_or_never(f.entrada_s), _or_never(f.envio_s))
    return f"última mensagem há {worked:.0f} s"


def _or_never(age_s: float | None) -> float:
    return math.inf if age_s is None else age_s
