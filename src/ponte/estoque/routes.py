"""Estoque over HTTP: SPEC §4. Reading is public; changing needs a key and leaves a trace."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from ponte.acesso import auditoria
from ponte.deps import Ctx, body, caller, idempotent, json_response, public, require
from ponte.domain.valores import format_time, parse_centavos, parse_time
from ponte.errors import DadosInvalidos, Problema
from ponte.estoque import planilha, service
from ponte.estoque.modelos import (
    Importado,
    ItemDeEstoque,
    ListaDeEstoque,
    ListaDeMovimentos,
    Simulado,
)
from ponte.estoque.service import Contagem, Filtro
from ponte.listas import Pagina, Paginacao, cut, listing
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["estoque"])
MAX_UNIDADES = 1_000_000_000  # chosen: far above any shelf, far below what SQLite adds exactly
MAX_ID = 2**63  # what every engine keeps as a whole number
Id = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Texto = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ContagemIn(BaseModel):
    """A count. `nome` and `preco` are needed where the product is new."""

    model_config = ConfigDict(extra="forbid", strict=True)

    quantidade: Annotated[int, Field(ge=0, le=MAX_UNIDADES)]
    motivo: Texto
    filial_id: Id = "1"
    medido_em: Annotated[str, Field(max_length=40)] | None = None
    nome: Texto | None = None
    preco: Annotated[str, Field(max_length=20, examples=["25.90"])] | None = None
    minimo: Annotated[int, Field(ge=0, le=MAX_UNIDADES)] | None = None
    ean: Annotated[str, StringConstraints(pattern=r"^\d{8,14}$")] | None = None
    categoria: Texto | None = None
    imagem_url: (
        Annotated[str, StringConstraints(max_length=500, pattern=r"^(https?://|/)\S+$")] | None
    ) = None

    @field_validator("preco")
    @classmethod
    def _preco(cls, value: str | None) -> str | None:
        if value is not None:
            parse_centavos(value)
        return value

    @field_validator("medido_em")
    @classmethod
    def _medido_em(cls, value: str | None) -> str | None:
        if value is not None:
            _instant(value)
        return value

    def to_contagem(self, produto_id: str) -> Contagem:
        """Translate into the count to apply."""
        return Contagem(
            produto_id=produto_id,
            filial_id=self.filial_id,
            quantidade=self.quantidade,
            motivo=self.motivo,
            medido_em=None if self.medido_em is None else _instant(self.medido_em),
            nome=self.nome,
            preco_centavos=None if self.preco is None else parse_centavos(self.preco),
            minimo=self.minimo,
            ean=self.ean,
            categoria=self.categoria,
            imagem_url=self.imagem_url,
        )


class AjusteIn(BaseModel):
    """Units added or taken by hand."""

    model_config = ConfigDict(extra="forbid", strict=True)

    delta: Annotated[int, Field(ge=-MAX_UNIDADES, le=MAX_UNIDADES)]
    motivo: Texto
    filial_id: Id = "1"

    @field_validator("delta")
    @classmethod
    def _not_zero(cls, value: int) -> int:
        if value == 0:
            msg = "zero changes nothing"
            raise ValueError(msg)
        return value


async def _filtro(
    filial_id: Annotated[str | None, Query(max_length=100)] = None,
    baixo: Annotated[bool, Query()] = False,
    busca: Annotated[str | None, Query(max_length=100)] = None,
) -> Filtro:
    return Filtro(filial_id or None, baixo, (busca or "").strip() or None)


@router.get("/estoque", response_model=ListaDeEstoque, dependencies=[public()])
async def list_items(
    ctx: Ctx, pagina: Paginacao, filtro: Annotated[Filtro, Depends(_filtro)]
) -> Any:
    """List the stock by product and filial."""
    read, total = await ctx.db.read(_list, filtro, pagina)
    itens, proximo = cut(read, pagina.limite, lambda i: [i["produto_id"], i["filial_id"]])
    return json_response(listing(itens, total=total, proximo=proximo))


@router.get("/estoque/{produto_id}", response_model=ItemDeEstoque, dependencies=[public()])
async def get_item(
    ctx: Ctx, produto_id: str, filial_id: Annotated[str | None, Query(max_length=100)] = None
) -> Any:
    """Return one product, in the filial asked for or the first that has it."""
    return json_response(await ctx.db.read(service.get_item, produto_id, filial_id))


@router.put(
    "/estoque/{produto_id}",
    response_model=ItemDeEstoque,
    responses={201: {"model": ItemDeEstoque, "description": "The product is new"}},
    dependencies=[require("estoque:escrever")],
)
async def count(
    request: Request, ctx: Ctx, produto_id: Id, corpo: Annotated[ContagemIn, body(ContagemIn)]
) -> Any:
    """Set the quantity as counted; what was sold after `medido_em` still counts."""
    status, item = await ctx.db.transact(
        _count, corpo.to_contagem(produto_id), ctx.settings.estoque_minimo, _who(request)
    )
    return json_response(item, status)


@router.post(
    "/estoque/importar",
    response_model=Importado | Simulado,
    dependencies=[require("estoque:escrever")],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    },
)
async def import_csv(
    request: Request, ctx: Ctx, simular: Annotated[bool, Query()] = False
) -> Response:
    """Import a CSV: all rows or none, each bad row named. `simular` shows the difference only.

    At most 10,000 rows at once: they are one transaction, and orders wait for its end.
    """
    # Beside the loop: a long sheet takes half a second to read.
    contagens = await asyncio.to_thread(planilha.read, await request.body())
    minimo, autor = ctx.settings.estoque_minimo, _who(request)
    if simular:
        return json_response(await ctx.db.read(planilha.difference, contagens))
    return await idempotent(request, _import, contagens, minimo, autor)


@router.post(
    "/estoque/{produto_id}/ajustes",
    response_model=ItemDeEstoque,
    dependencies=[require("estoque:escrever")],
)
async def adjust(
    request: Request, produto_id: Id, corpo: Annotated[AjusteIn, body(AjusteIn)]
) -> Any:
    """Add or take units; 409 when that many are not there."""
    return await idempotent(request, _adjust, produto_id, corpo, _who(request))


@router.get(
    "/estoque/{produto_id}/movimentos",
    response_model=ListaDeMovimentos,
    dependencies=[require("estoque:ler")],
)
async def list_movements(
    ctx: Ctx,
    produto_id: str,
    pagina: Paginacao,
    filial_id: Annotated[str | None, Query(max_length=100)] = None,
) -> Any:
    """Return the ledger, newest first; its deltas add up to the quantity."""
    read, total = await ctx.db.read(_movements, produto_id, filial_id, pagina)
    itens, proximo = cut(read, pagina.limite, lambda movimento: [movimento["id"]])
    return json_response(listing(itens, total=total, proximo=proximo))


async def _list(tx: Tx, filtro: Filtro, pagina: Pagina) -> tuple[list[dict[str, Any]], int]:
    return await service.list_items(
        tx, filtro, pular=pagina.pular, limite=pagina.limite + 1, depois=_pair(pagina)
    )


async def _movements(
    tx: Tx, produto_id: str, filial_id: str | None, pagina: Pagina
) -> tuple[list[dict[str, Any]], int]:
    alvo = (produto_id, filial_id)
    return await service.list_movements(
        tx, alvo, pular=pagina.pular, limite=pagina.limite + 1, antes_de=_id(pagina)
    )


def _pair(pagina: Pagina) -> tuple[str, str] | None:
    match pagina.depois:
        case None:
            return None
        case [str(produto_id), str(filial_id)]:
            return produto_id, filial_id
    raise DadosInvalidos(Problema("cursor", "a value of proximo expected"))


def _id(pagina: Pagina) -> int | None:
    match pagina.depois:
        case None:
            return None
        case [int(movimento_id)] if 0 <= movimento_id < MAX_ID:
            return movimento_id
    raise DadosInvalidos(Problema("cursor", "a value of proximo expected"))


async def _count(tx: Tx, contagem: Contagem, minimo: int, autor: str) -> tuple[int, dict[str, Any]]:
    created = await service.count(tx, contagem, minimo=minimo, autor=autor)
    await auditoria.record(
        tx,
        autor=autor,
        acao="estoque.contagem",
        alvo=f"{contagem.produto_id}@{contagem.filial_id}",
        dados={"quantidade": contagem.quantidade, "motivo": contagem.motivo},
    )
    item = await service.get_item(tx, contagem.produto_id, contagem.filial_id)
    return (201 if created else 200), item


async def _import(tx: Tx, contagens: list[Contagem], minimo: int, autor: str) -> Resposta:
    created = await service.count_many(tx, contagens, minimo=minimo, autor=autor)
    await auditoria.record(
        tx, autor=autor, acao="estoque.importacao", alvo="estoque", dados={"linhas": len(contagens)}
    )
    return Resposta(200, orjson.dumps({"linhas": len(contagens), "criados": created}))


async def _adjust(tx: Tx, produto_id: str, corpo: AjusteIn, autor: str) -> Resposta:
    chave = (produto_id, corpo.filial_id)
    await service.adjust(tx, chave, delta=corpo.delta, motivo=corpo.motivo, autor=autor)
    await auditoria.record(
        tx,
        autor=autor,
        acao="estoque.ajuste",
        alvo="@".join(chave),
        dados={"delta": corpo.delta, "motivo": corpo.motivo},
    )
    return Resposta(200, orjson.dumps(await service.get_item(tx, *chave)))


def _who(request: Request) -> str:
    chamador = caller(request)
    return chamador.nome if chamador else "?"


def _instant(texto: str) -> int:
    try:
        return parse_time(texto)
    except OverflowError as error:
        raise ValueError(format_time(0)) from error
