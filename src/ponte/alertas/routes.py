"""Alertas over HTTP: SPEC §6. `skip` and `limit`, newest first."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ponte.alertas import consultas, service
from ponte.alertas.consultas import Filtro
from ponte.alertas.handlers import politica
from ponte.alertas.modelos import AlertaCompleto, AlertaNaLista, ListaDeAlertas
from ponte.alertas.service import Disparo, Politica
from ponte.deps import Ctx, Quem, body, idempotent, json_response, require
from ponte.domain.alerta import Severidade
from ponte.listas import PaginacaoSkip, instant, listing
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["alertas"])
Nivel = Literal["info", "aviso", "critico"]
Rotulo = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class AlertaIn(BaseModel):
    """A firing from outside. Two with the same nome, origem and labels are one alert."""

    model_config = ConfigDict(extra="forbid", strict=True)

    nome: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$")]
    severidade: Nivel = "aviso"
    titulo: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    texto: Annotated[str, StringConstraints(max_length=4000)] = ""
    origem: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "api"
    labels: Annotated[dict[Rotulo, Annotated[str, Field(max_length=200)]], Field(max_length=20)] = (
        Field(default_factory=dict)
    )

    def to_disparo(self) -> Disparo:
        """Translate into the firing to raise."""
        return Disparo(
            nome=self.nome,
            titulo=self.titulo,
            texto=self.texto,
            severidade=Severidade(self.severidade),
            origem=self.origem,
            labels=self.labels,
        )


async def _filtro(
    severidade: Nivel | None = None,
    resolvido: bool | None = None,
    start_time: Annotated[str | None, Query(max_length=40)] = None,
    end_time: Annotated[str | None, Query(max_length=40)] = None,
) -> Filtro:
    return Filtro(
        severidade, resolvido, instant("start_time", start_time), instant("end_time", end_time)
    )


@router.get("/alerts", response_model=ListaDeAlertas, dependencies=[require("alertas:ler")])
async def list_alerts(
    ctx: Ctx, pagina: PaginacaoSkip, filtro: Annotated[Filtro, Depends(_filtro)]
) -> Any:
    """List alerts, newest first."""
    itens, total, proximo = await ctx.db.read(consultas.list_alerts, filtro, pagina)
    return json_response(listing(itens, total=total, proximo=proximo))


@router.get(
    "/alerts/{alerta_id}", response_model=AlertaCompleto, dependencies=[require("alertas:ler")]
)
async def get_alert(ctx: Ctx, alerta_id: str) -> Any:
    """Return one alert and every notice that was sent of it."""
    return json_response(await ctx.db.read(consultas.get_alert, alerta_id))


@router.post(
    "/alerts",
    status_code=201,
    response_model=AlertaNaLista,
    dependencies=[require("alertas:escrever")],
)
async def create_alert(
    request: Request, ctx: Ctx, corpo: Annotated[AlertaIn, body(AlertaIn)]
) -> Any:
    """Raise an alert; the open one with the same fingerprint counts up instead."""
    return await idempotent(request, _create, corpo.to_disparo(), politica(ctx))


@router.post(
    "/alerts/{alerta_id}/resolve",
    response_model=AlertaNaLista,
    dependencies=[require("alertas:escrever")],
)
async def resolve(request: Request, ctx: Ctx, quem: Quem, alerta_id: str) -> Any:
    """Close an alert; whoever was told of it is told of its end."""
    return await idempotent(request, _resolve, alerta_id, quem.nome, tuple(ctx.sinks()))


@router.post(
    "/alerts/{alerta_id}/ack",
    response_model=AlertaNaLista,
    dependencies=[require("alertas:escrever")],
)
async def acknowledge(request: Request, quem: Quem, alerta_id: str) -> Any:
    """Say that somebody is on it."""
    return await idempotent(request, _acknowledge, alerta_id, quem.nome)


async def _create(tx: Tx, disparo: Disparo, quem_avisar: Politica) -> Resposta:
    alerta_id = await service.raise_alert(tx, disparo, politica=quem_avisar)
    corpo = orjson.dumps(service.view(await service.get(tx, alerta_id)))
    return Resposta(201, corpo, f"/alerts/{alerta_id}")


async def _resolve(tx: Tx, alerta_id: str, por: str, destinos: tuple[str, ...]) -> Resposta:
    await service.resolve(tx, alerta_id, por=por, destinos=destinos)
    return Resposta(200, orjson.dumps(service.view(await service.get(tx, alerta_id))))


async def _acknowledge(tx: Tx, alerta_id: str, por: str) -> Resposta:
    await service.acknowledge(tx, alerta_id, por=por)
    return Resposta(200, orjson.dumps(service.view(await service.get(tx, alerta_id))))
