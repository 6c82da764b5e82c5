"""Recuperar over HTTP: a hub's own past is asked for now, from where it ended or from a time."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request

from ponte.acesso import auditoria
from ponte.canais import consultas, hubs, recuperar
from ponte.canais.modelos import RecuperacaoPedida
from ponte.context import Context
from ponte.deps import Ctx, Quem, idempotent, json_response, require
from ponte.domain.valores import format_time, parse_time
from ponte.errors import DadosInvalidos, NaoEncontrado, Problema
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["canais"])
MAX_DIAS = 90  # chosen: what a platform still has, and a person still wants


@router.post(
    "/hub/{hub}/puxar",
    response_model=RecuperacaoPedida,
    dependencies=[require("canais:escrever")],
)
async def pull(
    request: Request, ctx: Ctx, quem: Quem, hub: str, desde: Annotated[str | None, Query()] = None
) -> Any:
    """Fetch what a hub wrote down while nobody listened, and tell what came of it.

    `desde` (RFC 3339) goes further back than where the last look ended, 90 days at most.
    What takes longer than 20 seconds (`pedida`) is fetched by the role that keeps time.
    """
    if hub not in hubs.HUBS:
        raise NaoEncontrado("Hub", hub)
    desde_ms = None if desde is None else _since(desde, ctx.now_ms())
    await idempotent(request, _ask, ctx, hub, desde_ms, quem.nome)
    await recuperar.fetch_now(ctx, hub)
    past = (await consultas.facts(ctx, [hub]))[hub].recuperacao
    found = {"hub": hub, "novas": past.novas, "pedida": past.pedida, "erro": past.erro}
    return json_response(found)


def _since(desde: str, now_ms: int) -> int:
    try:
        found = parse_time(desde)
    except (ValueError, OverflowError) as error:
        raise DadosInvalidos(Problema("desde", "RFC 3339 with an offset expected")) from error
    if not now_ms - MAX_DIAS * 86_400_000 <= found <= now_ms:
        raise DadosInvalidos(Problema("desde", f"within the last {MAX_DIAS} days expected"))
    return found


async def _ask(tx: Tx, ctx: Context, hub: str, desde_ms: int | None, por: str) -> Resposta:
    await recuperar.ask(ctx, tx, hub, desde_ms=desde_ms)
    desde = None if desde_ms is None else format_time(desde_ms)
    await auditoria.record(tx, autor=por, acao="canal.puxado", alvo=hub, dados={"desde": desde})
    return Resposta(200, orjson.dumps({"hub": hub, "desde": desde}))
