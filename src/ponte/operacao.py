"""Operacao: what whoever keeps Ponte running asks of it over HTTP.

Alive, ready, facts, and what the API is. Nothing here changes anything.
"""

import asyncio
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Query, Request, Response

from ponte.deps import Ctx, json_response, public, require
from ponte.domain.valores import format_time
from ponte.errors import DadosInvalidos, PonteError, Problema
from ponte.events import CATALOGO
from ponte.listas import Paginacao, cut, listing
from ponte.store.db import Tx

router = APIRouter(tags=["operação"])


class NaoPronto(PonteError):
    """A part of this process can't work now; `errors` says which and why."""

    status = 503
    code = "nao_pronto"
    retry = True
    retry_after_s = 1.0

    def __init__(self, partes: dict[str, Any]) -> None:
        self.errors = [
            Problema(nome, str(parte.get("motivo")))
            for nome, parte in partes.items()
            if not parte.get("ok")
        ]
        super().__init__("Not ready: " + ", ".join(e.campo for e in self.errors))


@router.get("/health/live", dependencies=[public(limited=False)])
async def live() -> Response:
    """Tell that the process answers."""
    return json_response({"status": "ok"})


@router.get("/health/ready", dependencies=[public(limited=False)])
async def ready(request: Request) -> Response:
    """Tell whether the process can take work and do it; 503 names the part that can't."""
    pronto, partes = await _judge_soon(request.app.state)
    if not pronto:
        raise NaoPronto(partes)
    return json_response({"status": "ok", "partes": partes})


async def _judge_soon(state: Any) -> tuple[bool, dict[str, Any]]:
    # To judge is to write, and anybody may ask: one verdict serves all who ask meanwhile.
    verdict: asyncio.Future[Any] | None = getattr(state, "verdict", None)
    if verdict is None or verdict.done():
        verdict = state.verdict = asyncio.ensure_future(state.ready())
    return cast("tuple[bool, dict[str, Any]]", await asyncio.shield(verdict))


@router.get("/openapi.json", dependencies=[public(limited=False)], include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Return what the API says of itself."""
    state = request.app.state
    if not hasattr(state, "openapi_bytes"):
        state.openapi_bytes = orjson.dumps(request.app.openapi())
    return Response(state.openapi_bytes, media_type="application/json")


# ---------------------------------------------------------------- facts


@router.get("/eventos", dependencies=[require("eventos:ler")])
async def events(
    ctx: Ctx,
    pagina: Paginacao,
    desde: Annotated[int, Query(ge=0, description="Facts after this `pos`")] = 0,
    tipo: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Return all facts in the order of their commit; `pos` is where to go on from."""
    if tipo is not None and tipo not in CATALOGO:
        raise DadosInvalidos(Problema("tipo", "unknown"))
    depois = pagina.depois[0] if pagina.depois else desde
    if not isinstance(depois, int) or not 0 <= depois <= MAX_POS:
        raise DadosInvalidos(Problema("desde", f"0 to {MAX_POS} expected"))
    read, total = await ctx.db.read(_facts, depois, tipo, pagina.limite + 1, pagina.pular)
    rows, proximo = cut(read, pagina.limite, lambda row: row[:1])
    return json_response(listing([_fact(row) for row in rows], total=total, proximo=proximo))


MAX_POS = 2**53  # what JSON readers keep exactly


async def _facts(
    tx: Tx, depois: int, tipo: str | None, limite: int, pular: int
) -> tuple[list[Any], int]:
    where, params = ("", ()) if tipo is None else (" AND tipo = ?", (tipo,))
    rows = await tx.fetch(
        "SELECT pos, id, tipo, lane, em, dados, seq, traceparent FROM fatos"  # noqa: S608
        f" WHERE pos > ?{where} ORDER BY pos LIMIT ? OFFSET ?",
        (depois, *params, limite, pular),
    )
    count = "SELECT pos FROM contadores" if tipo is None else "SELECT COUNT(*) FROM fatos"
    total = await tx.fetch_one(count + where.replace(" AND", " WHERE"), params)
    return rows, total[0] if total else 0


def _fact(row: Any) -> dict[str, Any]:
    pos, id_, tipo, lane, em, dados, seq, traceparent = row
    return {
        "pos": pos,
        "id": id_,
        "tipo": tipo,
        "lane": lane,
        "em": format_time(em),
        "dados": orjson.loads(dados),
        "seq": seq,
        "traceparent": traceparent,
    }
