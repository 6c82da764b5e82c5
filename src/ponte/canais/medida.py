"""Medida: how the calls of the last five minutes went, and whom that wakes.

Each process writes its counters down every ten seconds; what they grew by is what
happened. One that began anew counts from zero. The figures are those of the shipped
Prometheus rules, so that a shop without a Prometheus is woken by the same.
"""

from dataclasses import dataclass

from ponte.alertas.handlers import politica
from ponte.canais import avisos
from ponte.canais.numeros import PREFIXO, Valores
from ponte.context import Context
from ponte.metricas import proprias
from ponte.store.db import Row, Tx

JANELA_S = 300
LENTO_S = 2.0  # SPEC: HubHighLatency, the mean
TAXA = 0.90  # SPEC: HubLowSuccessRate
# Chosen: one slow call of two is no trend, and two refused of ten is no outage yet.
CHAMADAS = 10


@dataclass
class Medida:
    """What came to one destination in the window."""

    chamadas: float = 0.0
    certas: float = 0.0
    segundos: float = 0.0
    medidas: float = 0.0

    @property
    def media_s(self) -> float:
        """Mean time of the accepted calls, 0 where there were none."""
        return self.segundos / self.medidas if self.medidas else 0.0

    @property
    def taxa(self) -> float:
        """Part of the calls that were accepted, 1 where there were none."""
        return self.certas / self.chamadas if self.chamadas else 1.0


async def watch_numbers(ctx: Context) -> None:
    """Raise and end the alerts about slow and refusing destinations."""
    medidas = await ctx.db.read(_measure, ctx.now_ms() // 1000)
    for hub in ctx.destinos:
        await ctx.db.transact(_judge, ctx, hub, medidas.get(hub, Medida()))


async def _judge(tx: Tx, ctx: Context, hub: str, medida: Medida) -> None:
    quem = politica(ctx)
    many = medida.chamadas >= CHAMADAS
    slow, refused = medida.media_s > LENTO_S, medida.taxa < TAXA
    await avisos.hold(tx, avisos.lento(hub, medida.media_s), quem, wrong=many and slow)
    await avisos.hold(tx, avisos.falhando(hub, medida.taxa), quem, wrong=many and refused)


async def _measure(tx: Tx, now_s: int) -> dict[str, Medida]:
    known = {i: s for i, s in (await proprias.known(tx)).items() if s[0].startswith(PREFIXO)}
    rows = await tx.fetch(
        "SELECT em, instancia, valores FROM medicoes"
        " WHERE passo_s = ? AND em > ? AND em <= ? ORDER BY em",
        (proprias.DEZ, now_s - JANELA_S, now_s),
    )
    first: dict[str, Row] = {}
    last: dict[str, Row] = {}
    for em, instancia, valores in rows:
        first.setdefault(instancia, (em, valores))
        last[instancia] = (em, valores)
    found: dict[str, Medida] = {}
    for instancia, row in last.items():
        before, after = (
            {serie: valor for _em, serie, valor in proprias.unpack([r], known)}
            for r in (first[instancia], row)
        )
        _add(found, before, after)
    return found


def _add(found: dict[str, Medida], before: Valores, after: Valores) -> None:
    fields = {
        "hub_requests_total": "chamadas",
        "hub_requests_success_total": "certas",
        "hub_request_duration_seconds_sum": "segundos",
        "hub_request_duration_seconds_count": "medidas",
    }
    for serie, valor in after.items():
        campo = fields.get(serie[0])
        if campo is None:
            continue
        medida = found.setdefault(dict(serie[2])["hub"], Medida())
        setattr(medida, campo, getattr(medida, campo) + valor - before.get(serie, 0.0))
