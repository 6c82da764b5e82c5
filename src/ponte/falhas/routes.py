"""Falhas over HTTP: SPEC §9. Each replay and discard is audited."""

from typing import Annotated, Any, Literal, Self

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ponte.deps import Ctx, Quem, body, idempotent, json_response, require
from ponte.falhas import service
from ponte.falhas.modelos import Descartadas, FalhaCompleta, ListaDeFalhas, Reprocessadas
from ponte.falhas.service import Filtro
from ponte.listas import Pagina, Paginacao, cut, id_after, listing
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["falhas"])
Situacao = Literal["aberta", "reprocessada", "descartada"]
Texto = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Modelo(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DescartarIn(_Modelo):
    """Why work is not to be done."""

    motivo: Texto


class LoteIn(_Modelo):
    """A set of open failures: by cause, by queue, or by id; at least one of them."""

    causa: Texto | None = None
    fila: Texto | None = None
    ids: Annotated[list[Texto], Field(min_length=1, max_length=500)] | None = None
    motivo: Texto | None = None

    @model_validator(mode="after")
    def _narrowed(self) -> Self:
        # An empty object must not discard all that is set aside.
        if self.causa is None and self.fila is None and self.ids is None:
            msg = "causa, fila or ids expected"
            raise ValueError(msg)
        return self


async def _filtro(
    situacao: Situacao | None = None,
    fila: Annotated[str | None, Query(max_length=100)] = None,
    causa: Annotated[str | None, Query(max_length=100)] = None,
) -> Filtro:
    return Filtro(situacao or service.ABERTA, fila, causa)


@router.get("/falhas", response_model=ListaDeFalhas, dependencies=[require("falhas:ler")])
async def list_failures(
    ctx: Ctx, pagina: Paginacao, filtro: Annotated[Filtro, Depends(_filtro)]
) -> Any:
    """List set-aside work, newest first, and its causes; open ones unless `situacao` says."""
    read, total, causas = await ctx.db.read(_list, filtro, pagina)
    itens, proximo = cut(read, pagina.limite, lambda falha: [falha["id"]])
    return json_response({**listing(itens, total=total, proximo=proximo), "causas": causas})


@router.get(
    "/falhas/{falha_id}", response_model=FalhaCompleta, dependencies=[require("falhas:ler")]
)
async def get_failure(ctx: Ctx, falha_id: str) -> Any:
    """Return one failure whole: its fact, its reason and every try."""
    return json_response(await ctx.db.read(service.get, falha_id))


@router.post(
    "/falhas/reprocessar",
    response_model=Reprocessadas,
    dependencies=[require("falhas:escrever")],
)
async def replay_many(
    request: Request, ctx: Ctx, quem: Quem, corpo: Annotated[LoteIn, body(LoteIn)]
) -> Any:
    """Put many failures back in their queues; up to 1,000 a call."""
    answer = await idempotent(request, _replay_many, corpo, quem.nome)
    ctx.broker.wake_all()
    return answer


@router.post(
    "/falhas/descartar",
    response_model=Descartadas,
    dependencies=[require("falhas:escrever")],
)
async def discard_many(request: Request, quem: Quem, corpo: Annotated[LoteIn, body(LoteIn)]) -> Any:
    """Discard many failures; `motivo` is kept with each."""
    return await idempotent(request, _discard_many, corpo, quem.nome)


@router.post(
    "/falhas/{falha_id}/reprocessar",
    response_model=FalhaCompleta,
    dependencies=[require("falhas:escrever")],
)
async def replay(request: Request, ctx: Ctx, quem: Quem, falha_id: str) -> Any:
    """Put one failure back in its queue with the same id."""
    answer = await idempotent(request, _replay, falha_id, quem.nome)
    # The row went back without a new fact, which is what wakes a queue by itself.
    ctx.broker.wake_all()
    return answer


@router.post(
    "/falhas/{falha_id}/descartar",
    response_model=FalhaCompleta,
    dependencies=[require("falhas:escrever")],
)
async def discard(
    request: Request, quem: Quem, falha_id: str, corpo: Annotated[DescartarIn, body(DescartarIn)]
) -> Any:
    """Decide that work is not to be done; it stays on record."""
    return await idempotent(request, _discard, falha_id, corpo.motivo, quem.nome)


async def _list(
    tx: Tx, filtro: Filtro, pagina: Pagina
) -> tuple[list[dict[str, Any]], int, list[dict[str, Any]]]:
    itens, total = await service.list_failures(
        tx, filtro, pular=pagina.pular, limite=pagina.limite + 1, antes_de=id_after(pagina)
    )
    return itens, total, await service.causes(tx)


async def _replay(tx: Tx, falha_id: str, autor: str) -> Resposta:
    await service.replay(tx, falha_id, autor=autor)
    return Resposta(200, orjson.dumps(await service.get(tx, falha_id)))


async def _discard(tx: Tx, falha_id: str, motivo: str, autor: str) -> Resposta:
    await service.discard(tx, falha_id, motivo=motivo, autor=autor)
    return Resposta(200, orjson.dumps(await service.get(tx, falha_id)))


async def _replay_many(tx: Tx, lote: LoteIn, autor: str) -> Resposta:
    ids = await service.matching(tx, Filtro(service.ABERTA, lote.fila, lote.causa, lote.ids))
    for falha_id in ids:
        await service.replay(tx, falha_id, autor=autor)
    return Resposta(200, orjson.dumps({"reprocessadas": len(ids)}))


async def _discard_many(tx: Tx, lote: LoteIn, autor: str) -> Resposta:
    ids = await service.matching(tx, Filtro(service.ABERTA, lote.fila, lote.causa, lote.ids))
    for falha_id in ids:
        await service.discard(tx, falha_id, motivo=lote.motivo or "em lote", autor=autor)
    return Resposta(200, orjson.dumps({"descartadas": len(ids)}))
