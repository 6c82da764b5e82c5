"""Chaves over HTTP: make, list and revoke the keys of machines.

A key is shown once, in the answer that made it. A repeat under the same
Idempotency-Key must answer the same without the key lying anywhere, so there it
is derived from the request instead of drawn.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ponte.acesso import auditoria, chaves
from ponte.acesso.chaves import PREFIXO, Chave
from ponte.acesso.escopos import ADMIN, ESCOPOS, known
from ponte.context import Context
from ponte.deps import (
    Ctx,
    Quem,
    body,
    idempotency_key,
    idempotent,
    json_response,
    portaria,
    require,
)
from ponte.domain.valores import format_time, parse_time
from ponte.errors import DadosInvalidos, Problema
from ponte.listas import Pagina, Paginacao, cut, id_after, listing
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(prefix="/chaves", tags=["acesso"], dependencies=[require(ADMIN)])
_SEED = "acesso.derivacao"
_FOR_EVER_MS = 2**52
Escopo = Annotated[str, Field(json_schema_extra={"enum": list(ESCOPOS)})]


class NovaChave(BaseModel):
    """What the key is called and what it may do."""

    model_config = ConfigDict(extra="forbid")

    nome: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    escopos: Annotated[list[Escopo], Field(min_length=1, max_length=50)]
    expira_em: Annotated[str, Field(max_length=40, description="RFC 3339")] | None = None


@router.get("")
async def list_keys(ctx: Ctx, pagina: Paginacao) -> Response:
    """List keys, newest first; the keys themselves are nowhere."""
    read, total = await ctx.db.read(_list, pagina)
    found, proximo = cut(read, pagina.limite, lambda chave: [chave.id])
    return json_response(listing([view(c) for c in found], total=total, proximo=proximo))


@router.post("", status_code=201)
async def create_key(
    request: Request, ctx: Ctx, quem: Quem, corpo: Annotated[NovaChave, body(NovaChave)]
) -> Response:
    """Make a key and show it, this once."""
    expira_em = _expiry(corpo, now_ms=ctx.now_ms())
    chave = await _derived(request, ctx) or chaves.new_key()
    answer = await idempotent(request, _create, chave, corpo, expira_em, quem.id)
    await portaria(request).chaves.refresh()
    shown = {**orjson.loads(answer.body), "chave": chave}
    return json_response(shown, answer.status_code)


@router.delete("/{chave_id}", status_code=204)
async def revoke_key(request: Request, ctx: Ctx, quem: Quem, chave_id: str) -> Response:
    """Revoke a key: at once here, within two seconds in every other process."""
    await ctx.db.transact(_revoke, chave_id, quem.id)
    await portaria(request).chaves.refresh()
    return Response(status_code=204)


def view(chave: Chave) -> dict[str, Any]:
    """Return a key as lists show it."""
    return {
        "id": chave.id,
        "nome": chave.nome,
        "prefixo": chave.prefixo,
        "escopos": list(chave.escopos),
        "criada_em": format_time(chave.criada_em),
        "expira_em": _time(chave.expira_em),
        "usada_em": _time(chave.usada_em),
        "revogada_em": _time(chave.revogada_em),
        "demo": chave.demo,
    }


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)


def _expiry(corpo: NovaChave, *, now_ms: int) -> int | None:
    for i, escopo in enumerate(corpo.escopos):
        try:
            known(escopo)
        except ValueError:
            raise DadosInvalidos(Problema(f"escopos.{i}", "unknown scope")) from None
    if corpo.expira_em is None:
        return None
    try:
        expira_em = parse_time(corpo.expira_em)
    except (ValueError, OverflowError):
        raise DadosInvalidos(Problema("expira_em", "RFC 3339 expected")) from None
    if expira_em <= now_ms:
        raise DadosInvalidos(Problema("expira_em", "already over"))
    return expira_em


async def _derived(request: Request, ctx: Context) -> str | None:
    pedido = idempotency_key(request, await request.body())
    if pedido is None:
        return None
    kept = await ctx.tokens.get(_SEED)
    seed = kept[0] if kept else secrets.token_hex(32)
    if kept is None:
        await ctx.tokens.put(_SEED, seed, expira_em_ms=_FOR_EVER_MS)
    text = f"{pedido.dono}\n{pedido.chave}\n{pedido.impressao}".encode()
    drawn = hmac.digest(seed.encode(), text, hashlib.sha256)
    return PREFIXO + base64.urlsafe_b64encode(drawn).decode().rstrip("=")


async def _list(tx: Tx, pagina: Pagina) -> tuple[list[Chave], int]:
    return await chaves.list_all(
        tx, pular=pagina.pular, limite=pagina.limite + 1, antes_de=id_after(pagina)
    )


async def _create(
    tx: Tx, chave: str, corpo: NovaChave, expira_em: int | None, autor: str
) -> Resposta:
    escopos = sorted(set(corpo.escopos))
    nova = await chaves.create(tx, chave, nome=corpo.nome, escopos=escopos, expira_em=expira_em)
    await auditoria.record(
        tx, autor=autor, acao="chave.criada", alvo=nova.id, dados={"escopos": escopos}
    )
    return Resposta(201, orjson.dumps(view(nova)))


async def _revoke(tx: Tx, chave_id: str, autor: str) -> None:
    await chaves.revoke(tx, chave_id)
    await auditoria.record(tx, autor=autor, acao="chave.revogada", alvo=chave_id)
