"""Recepcao over HTTP: whether a platform posts here, or keeps what comes until it is asked."""

from typing import Any

from fastapi import APIRouter

from ponte.acesso import auditoria
from ponte.canais import hubs, instancias
from ponte.canais.modelos import WebhookDoHub
from ponte.context import Context, Ligado
from ponte.deps import Ctx, Quem, json_response, require
from ponte.domain.valores import format_time
from ponte.errors import ConflitoDeEstado, NaoEncontrado
from ponte.ports import Inscricao, Reception
from ponte.store.db import Tx

router = APIRouter(tags=["canais"])
LER, ESCREVER = "canais:ler", "canais:escrever"
_PROBLEMA = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problema"}}}
_FORA: dict[int | str, dict[str, Any]] = {
    409: {"description": "The hub is off, or can't do this as it is set up", "content": _PROBLEMA},
    502: {"description": "The platform did not take the call", "content": _PROBLEMA},
}


@router.get(
    "/hub/{hub}/webhook",
    response_model=WebhookDoHub,
    responses=_FORA,
    dependencies=[require(LER)],
)
async def look(ctx: Ctx, hub: str) -> Any:
    """Tell where the platform posts what comes, and how much it could not hand over yet."""
    _ligado, door = _door(ctx, hub)
    return json_response(_view(hub, await instancias.ask(hub, door.subscription())))


@router.put(
    "/hub/{hub}/webhook",
    response_model=WebhookDoHub,
    responses=_FORA,
    dependencies=[require(ESCREVER)],
)
async def connect(ctx: Ctx, quem: Quem, hub: str) -> Any:
    """Make the platform post here what comes, at once; it needs PONTE_ENDERECO_PUBLICO."""
    ligado, door = _door(ctx, hub)
    url = instancias.webhook_url(ctx, ligado)
    if url is None:
        raise ConflitoDeEstado(instancias.SEM_ENDERECO)
    await instancias.ask(hub, door.subscribe(url))
    return await _changed(ctx, hub, door, acao="webhook.ligado", por=quem.nome)


@router.delete(
    "/hub/{hub}/webhook",
    response_model=WebhookDoHub,
    responses=_FORA,
    dependencies=[require(ESCREVER)],
)
async def disconnect(ctx: Ctx, quem: Quem, hub: str) -> Any:
    """Make the platform keep what comes; it is fetched from there, where that is set up."""
    _ligado, door = _door(ctx, hub)
    await instancias.ask(hub, door.unsubscribe())
    return await _changed(ctx, hub, door, acao="webhook.desligado", por=quem.nome)


async def _changed(ctx: Context, hub: str, door: Reception, *, acao: str, por: str) -> Any:
    await ctx.db.transact(_record, por, acao, hub)
    return json_response(_view(hub, await instancias.ask(hub, door.subscription())))


async def _record(tx: Tx, por: str, acao: str, hub: str) -> None:
    await auditoria.record(tx, autor=por, acao=acao, alvo=hub)


def _door(ctx: Context, hub: str) -> tuple[Ligado, Reception]:
    if hub not in hubs.HUBS:
        raise NaoEncontrado("Hub", hub)
    for ligado in hubs.serving(ctx, hub):
        if ligado.reception is not None:
            return ligado, ligado.reception
    msg = f"{hub} is off, or is told where to post on the platform's own pages"
    raise ConflitoDeEstado(msg)


def _view(hub: str, inscricao: Inscricao) -> dict[str, Any]:
    em_ms = inscricao.falha_em_ms
    return {
        "hub": hub,
        "url": inscricao.url,
        "esperam": inscricao.esperam,
        "falha": inscricao.falha,
        "falha_em": None if em_ms is None else format_time(em_ms),
    }
