"""Metricas over HTTP: SPEC §6. Where numbers stand, how they went, and a new one.

Without a time `GET /metrics` tells where everything stands now; with one, or for a name
that callers record, it tells each sample.
"""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ponte.deps import Ctx, body, idempotent, json_response, require
from ponte.domain.metrica import MAX_ROTULOS, Metrica, TipoMetrica
from ponte.domain.valores import parse_time
from ponte.errors import DadosInvalidos, Problema
from ponte.listas import Paginacao, instant, listing
from ponte.metricas import consultas, exposicao, service
from ponte.metricas.modelos import Amostra, ListaDeAmostras
from ponte.metricas.service import Filtro
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["métricas"])
Tipo = Literal["contador", "medidor", "histograma"]
Quando = Annotated[str, Field(max_length=40, description="RFC 3339; now by default")]
Passo = Literal["1", "10", "60"]
_TEXTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {}, "application/openmetrics-text": {}}}
}


class MetricaIn(BaseModel):
    """One number: how much something grew (contador), how much there is, or one observation."""

    model_config = ConfigDict(extra="forbid", strict=True)

    nome: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    tipo: Tipo
    valor: Annotated[float, Field(allow_inf_nan=False)]
    labels: Annotated[dict[str, str], Field(max_length=MAX_ROTULOS)] = Field(default_factory=dict)
    timestamp: (
        Annotated[str, Field(max_length=40, description="RFC 3339; now by default")] | None
    ) = None

    def to_metrica(self) -> Metrica:
        """Translate into the noun."""
        return Metrica(
            self.nome, TipoMetrica(self.tipo), self.valor, self.labels, _time(self.timestamp)
        )


async def _filtro(
    nome: Annotated[str | None, Query(max_length=200)] = None,
    tipo: Tipo | None = None,
    start_time: Annotated[str | None, Query(max_length=40)] = None,
    end_time: Annotated[str | None, Query(max_length=40)] = None,
) -> Filtro:
    return Filtro(nome, tipo, instant("start_time", start_time), instant("end_time", end_time))


@router.get(
    "/metrics",
    response_model=ListaDeAmostras,
    responses=_TEXTS,
    dependencies=[require("metricas:ler")],
)
async def metrics(
    request: Request,
    ctx: Ctx,
    pagina: Paginacao,
    filtro: Annotated[Filtro, Depends(_filtro)],
    passo: Annotated[Passo | None, Query(description="Grain in s of Ponte's own numbers")] = None,
) -> Any:
    """Tell numbers as JSON, or as Prometheus reads them where `Accept` asks for it."""
    accept = request.headers.get("accept", "")
    if exposicao.wanted(accept):
        series = await ctx.db.read(service.series)
        content, kind = exposicao.expose(ctx.telemetry.registry, series, accept)
        return Response(content, headers={"content-type": kind})
    timed = filtro.desde is not None or filtro.ate is not None or passo is not None
    if timed or (filtro.nome and await ctx.db.read(service.is_recorded, filtro.nome)):
        grain = None if passo is None else int(passo)
        found, total, proximo = await consultas.page(ctx, filtro, pagina, passo_s=grain)
    else:
        found, total, proximo = await consultas.current(ctx, filtro, pagina)
    return json_response(listing(consultas.views(found), total=total, proximo=proximo))


@router.post(
    "/metrics",
    status_code=201,
    response_model=Amostra,
    dependencies=[require("metricas:escrever")],
)
async def record(request: Request, corpo: Annotated[MetricaIn, body(MetricaIn)]) -> Any:
    """Record one number."""
    return await idempotent(request, _record, corpo.to_metrica())


async def _record(tx: Tx, metrica: Metrica) -> Resposta:
    return Resposta(201, orjson.dumps(service.view(await service.record(tx, metrica))))


def _time(texto: str | None) -> int | None:
    if texto is None:
        return None
    try:
        return parse_time(texto)
    except (ValueError, OverflowError):
        raise DadosInvalidos(Problema("timestamp", "RFC 3339 expected")) from None
