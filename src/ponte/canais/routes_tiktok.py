"""TikTok over HTTP: SPEC §7. Sessions go in whole and come out without their secrets."""

from typing import Annotated, Any, Literal, Self

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from ponte.canais import sessoes
from ponte.canais.sessoes import Sessao
from ponte.context import Context
from ponte.deps import Ctx, Quem, body, idempotent, json_response, require
from ponte.domain.valores import new_id, parse_time
from ponte.errors import DadosInvalidos, Problema
from ponte.listas import Pagina, Paginacao, cut, id_after, listing
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["canais"])
MAX_S = 10 * 366 * 86_400  # chosen: no token lives ten years
Nome = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
Segredo = Annotated[SecretStr, Field(min_length=1, max_length=4096)]
Vida = Annotated[int, Field(ge=1, le=MAX_S)]
Texto = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
_UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {
        "description": "There is no session of that name.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problema"}}
        },
    }
}


class SessaoIn(BaseModel):
    """Tokens as TikTok's own answer names them, or a jar of cookies."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    nome: Nome
    tipo: Literal["oauth", "cookies"]
    superficie: Annotated[
        Literal["videos", "mensagens"] | None,
        Field(description="Which app granted the tokens; videos by default"),
    ] = None
    access_token: Segredo | None = None
    refresh_token: Segredo | None = None
    expires_in: Vida | None = None
    refresh_expires_in: Vida | None = None
    refresh_token_expires_in: Vida | None = None
    open_id: Texto | None = None
    scope: Texto | None = None
    token_type: Texto | None = None
    cookies: list[dict[str, Any]] | dict[str, Any] | Texto | None = None
    expira_em: Annotated[str | None, Field(max_length=40, description="RFC 3339")] = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        tokens = self.access_token is not None or self.refresh_token is not None
        if self.tipo == "oauth" and (not tokens or self.cookies is not None):
            msg = "oauth: access_token or refresh_token expected, and no cookies"
            raise ValueError(msg)
        if self.tipo == "cookies" and (tokens or not self.cookies or self.superficie):
            msg = "cookies: cookies expected, and neither tokens nor superficie"
            raise ValueError(msg)
        return self

    def to_sessao(self, *, now_ms: int) -> Sessao:
        """Translate into the noun."""
        if self.tipo == "cookies":
            return Sessao(self.nome, new_id(), "cookies", expira_em=self._end())
        renews = self.refresh_token is not None
        expira_em, renovar_em = sessoes.lifetime(self.expires_in, now_ms=now_ms, renews=renews)
        given = self._end()
        if given is not None:
            expira_em = given
            vale_s = max(given - now_ms, 0) // 1000
            _, renovar_em = sessoes.lifetime(vale_s, now_ms=now_ms, renews=renews)
        return Sessao(
            self.nome,
            new_id(),
            "oauth",
            superficie=self.superficie or "videos",
            conta=self.open_id,
            expira_em=expira_em,
            renovar_em=renovar_em,
        )

    def secrets(self) -> dict[str, Any]:
        """Return what must be encrypted."""
        if self.tipo == "cookies":
            return {"cookies": self.cookies}
        tokens = {"access_token": self.access_token, "refresh_token": self.refresh_token}
        shown = {k: None if v is None else v.get_secret_value() for k, v in tokens.items()}
        return {**shown, "scope": self.scope}

    def _end(self) -> int | None:
        if self.expira_em is None:
            return None
        try:
            return parse_time(self.expira_em)
        except (ValueError, OverflowError):
            raise DadosInvalidos(Problema("expira_em", "RFC 3339 expected")) from None


class SessaoNaLista(BaseModel):
    """One session; its secrets are never shown."""

    model_config = ConfigDict(extra="forbid")

    nome: str
    tipo: Literal["oauth", "cookies"]
    superficie: Literal["videos", "mensagens"] | None
    conta: str | None
    estado: Literal["ativa", "expirada", "recusada", "revogada"]
    motivo: str | None
    expira_em: str | None
    criada_em: str
    atualizada_em: str


class ListaDeSessoes(BaseModel):
    """A page of sessions, by name."""

    model_config = ConfigDict(extra="forbid")

    itens: list[SessaoNaLista]
    total: int
    proximo: str | None


@router.get(
    "/hub/tiktok/sessoes", response_model=ListaDeSessoes, dependencies=[require("canais:ler")]
)
async def list_sessions(ctx: Ctx, pagina: Paginacao) -> Any:
    """List the sessions of TikTok by name, with state and end."""
    read, total = await ctx.db.read(_list, pagina)
    itens, proximo = cut(read, pagina.limite, lambda sessao: [sessao["nome"]])
    return json_response(listing(itens, total=total, proximo=proximo))


@router.post(
    "/hub/tiktok/sessoes",
    status_code=201,
    response_model=SessaoNaLista,
    dependencies=[require("canais:escrever")],
)
async def save_session(
    request: Request, ctx: Ctx, quem: Quem, corpo: Annotated[SessaoIn, body(SessaoIn)]
) -> Any:
    """Keep a session, encrypted; one of the same name gives way to it."""
    nova = corpo.to_sessao(now_ms=ctx.now_ms())
    before = await ctx.db.read(sessoes.find, nova.nome)
    # The secrets first: no row may stand without them.
    await sessoes.keep_secret(ctx, nova, corpo.secrets())
    try:
        return await idempotent(request, _save, ctx, nova, quem.id)
    finally:
        await _forget_all_but_the_last(ctx, nova, before)


@router.delete(
    "/hub/tiktok/sessoes",
    status_code=204,
    dependencies=[require("canais:escrever")],
    responses=_UNKNOWN,
)
async def remove_session(ctx: Ctx, quem: Quem, nome: Annotated[Nome, Query()]) -> Response:
    """Forget a session and its secrets."""
    sessao = await ctx.db.read(sessoes.find, nome)
    if sessao is not None:
        await ctx.tokens.delete(sessao.segredo)
    await ctx.db.transact(_remove, ctx, nome, quem.id)
    return Response(status_code=204)


async def _forget_all_but_the_last(ctx: Context, nova: Sessao, before: Sessao | None) -> None:
    """Drop secrets that no row points to: of a repeated request, or of what gave way."""
    kept = await ctx.db.read(sessoes.find, nova.nome)
    for sessao in (nova, before):
        if sessao is not None and (kept is None or kept.id != sessao.id):
            await ctx.tokens.delete(sessao.segredo)


async def _list(tx: Tx, pagina: Pagina) -> tuple[list[dict[str, Any]], int]:
    return await sessoes.list_all(
        tx, pular=pagina.pular, limite=pagina.limite + 1, depois=id_after(pagina)
    )


async def _save(tx: Tx, ctx: Context, nova: Sessao, autor: str) -> Resposta:
    sessao = await sessoes.save(tx, ctx, nova, autor=autor)
    return Resposta(201, orjson.dumps(sessoes.view(sessao, now_ms=tx.now_ms)))


async def _remove(tx: Tx, ctx: Context, nome: str, autor: str) -> None:
    await sessoes.remove(tx, ctx, nome, autor=autor)
