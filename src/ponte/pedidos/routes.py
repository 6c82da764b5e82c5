"""Pedidos over HTTP: SPEC §3. `POST /pedido` answers after its commit, never before."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ponte.corpo import MAX_PROBLEMS
from ponte.deps import Ctx, adapter, body, idempotent, json_response, require
from ponte.domain.pedido import MAX_ITENS, MAX_QUANTIDADE, Cliente, NovoItem, NovoPedido
from ponte.domain.valores import (
    parse_centavos,
    parse_documento,
    parse_email,
    parse_telefone,
)
from ponte.errors import DadosInvalidos, Problema
from ponte.hot import Chamada, hot
from ponte.listas import Pagina, Paginacao, cut, instant, listing
from ponte.pedidos import consultas, service
from ponte.pedidos.modelos import ListaDePedidos, PedidoCompleto, PedidoResumo, Status
from ponte.rastro import RASTRO
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["pedidos"])
Id = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Texto = Annotated[str, StringConstraints(min_length=1, max_length=200)]
MAX_NUMERO = 2**63  # what every engine keeps as a whole number


class Modelo(BaseModel):
    """What comes in: exact types, nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ClienteIn(Modelo):
    """Who buys; all optional."""

    nome: Texto | None = None
    documento: Annotated[str, Field(max_length=20, description="CPF or CNPJ")] | None = None
    telefone: Annotated[str, Field(max_length=30, description="E.164 or Brazilian")] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None


class ItemIn(Modelo):
    """One line; without a price the product's own counts."""

    produto_id: Id
    quantidade: Annotated[int, Field(ge=1, le=MAX_QUANTIDADE)]
    preco_unitario: Annotated[str, Field(max_length=20, examples=["25.90"])] | None = None


class PedidoIn(Modelo):
    """An order; only `itens` is needed.

    The model holds the shape, `to_novo` the rules of each text: called from the model,
    they would cost an order half as much again.
    """

    canal: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")] = "api"
    pedido_externo: Id | None = None
    filial_id: Id = "1"
    cliente: ClienteIn | None = None
    itens: Annotated[list[ItemIn], Field(min_length=1, max_length=MAX_ITENS)]
    observacao: Annotated[str, StringConstraints(max_length=1000)] | None = None

    def to_novo(self) -> NovoPedido:
        """Translate into the order to accept; ValueError where a text breaks its own rule."""
        cliente = Cliente()
        if (c := self.cliente) is not None:
            cliente = Cliente(
                c.nome,
                None if c.documento is None else parse_documento(c.documento),
                None if c.telefone is None else parse_telefone(c.telefone),
                None if c.email is None else parse_email(c.email),
            )
        return NovoPedido(
            tuple(
                [
                    NovoItem(
                        i.produto_id,
                        i.quantidade,
                        None if i.preco_unitario is None else parse_centavos(i.preco_unitario),
                    )
                    for i in self.itens
                ]
            ),
            self.canal,
            self.pedido_externo,
            self.filial_id,
            cliente,
            self.observacao,
        )


class CancelarIn(Modelo):
    """Why an order is cancelled."""

    motivo: Texto


ADAPTER = adapter(PedidoIn)


async def create(chamada: Chamada) -> Resposta:
    """Accept an order. The answer comes after the commit; a repeat has no second effect."""
    rastro = chamada.scope.get(RASTRO)
    pedida = service.Pedida(_read(chamada), chamada.idempotency_key(), rastro)
    return cast("Resposta", await chamada.ctx.db.batch(service.accept_many, pedida))


def _read(chamada: Chamada) -> NovoPedido:
    try:
        entrada: PedidoIn = chamada.json(ADAPTER)
        return entrada.to_novo()
    except (DadosInvalidos, ValueError) as error:
        found = list(error.errors) if isinstance(error, DadosInvalidos) else []
        named = {problema.campo for problema in found}
        wrong = [p for p in _wrong_texts(orjson.loads(chamada.corpo)) if p.campo not in named]
        raise DadosInvalidos(*found, *wrong[:MAX_PROBLEMS]) from None


def _wrong_texts(corpo: Any) -> Iterator[Problema]:
    """Name each text of a refused body that breaks its own rule, whatever else is wrong."""
    for campo, parse, texto in _texts(corpo):
        try:
            if isinstance(texto, str):
                parse(texto)
        except ValueError as error:
            yield Problema(campo, str(error))


def _texts(corpo: Any) -> Iterator[tuple[str, Callable[[str], object], Any]]:
    match corpo:
        case {"cliente": {**cliente}}:
            yield "cliente.documento", parse_documento, cliente.get("documento")
            yield "cliente.telefone", parse_telefone, cliente.get("telefone")
            yield "cliente.email", parse_email, cliente.get("email")
    match corpo:
        case {"itens": [*itens]}:
            for n, item in enumerate(itens):
                if isinstance(item, dict):
                    yield f"itens.{n}.preco_unitario", parse_centavos, item.get("preco_unitario")


routes = [
    hot(
        "POST",
        "/pedido",
        create,
        escopo="pedidos:escrever",
        status_code=202,
        response_model=PedidoResumo,
        responses={200: {"model": PedidoResumo, "description": "It existed; as it stands"}},
        tags=["pedidos"],
        dependencies=[body(PedidoIn)],
    )
]


async def _filtro(
    status: Status | None = None,
    canal: Annotated[str | None, Query(max_length=30)] = None,
    busca: Annotated[str | None, Query(max_length=100)] = None,
    desde: Annotated[str | None, Query(max_length=40)] = None,
    ate: Annotated[str | None, Query(max_length=40)] = None,
) -> consultas.Filtro:
    return consultas.Filtro(
        status, canal, busca or None, instant("desde", desde), instant("ate", ate)
    )


@router.get("/pedidos", response_model=ListaDePedidos, dependencies=[require("pedidos:ler")])
async def list_orders(
    ctx: Ctx, pagina: Paginacao, filtro: Annotated[consultas.Filtro, Depends(_filtro)]
) -> Any:
    """List orders, newest first. `busca`: id, external id, document, phone, SKU or nota key."""
    read, total = await ctx.db.read(_list, filtro, pagina)
    itens, proximo = cut(read, pagina.limite, lambda pedido: [pedido["numero"]])
    return json_response(listing(itens, total=total, proximo=proximo))


@router.get(
    "/pedidos/{pedido_id}", response_model=PedidoCompleto, dependencies=[require("pedidos:ler")]
)
async def get_order(ctx: Ctx, pedido_id: str) -> Any:
    """Return an order with its lines, its nota and its story."""
    return json_response(await ctx.db.read(consultas.get_order, pedido_id))


@router.post(
    "/pedidos/{pedido_id}/cancelar",
    response_model=PedidoResumo,
    dependencies=[require("pedidos:escrever")],
)
async def cancel(
    request: Request, pedido_id: str, corpo: Annotated[CancelarIn, body(CancelarIn)]
) -> Any:
    """Cancel an order and give its stock back once."""
    return await idempotent(request, _cancel, pedido_id, corpo.motivo)


@router.post(
    "/pedidos/{pedido_id}/reprocessar",
    response_model=PedidoResumo,
    dependencies=[require("pedidos:escrever")],
    status_code=202,
)
async def reprocess(request: Request, pedido_id: str) -> Any:
    """Try an order again after `sem_estoque` or `erro`."""
    return await idempotent(request, _reprocess, pedido_id)


async def _list(
    tx: Tx, filtro: consultas.Filtro, pagina: Pagina
) -> tuple[list[dict[str, Any]], int]:
    return await consultas.list_orders(
        tx, filtro, pular=pagina.pular, limite=pagina.limite + 1, antes_de=_numero(pagina)
    )


def _numero(pagina: Pagina) -> int | None:
    match pagina.depois:
        case None:
            return None
        case [int(numero)] if 0 <= numero < MAX_NUMERO:
            return numero
    raise DadosInvalidos(Problema("cursor", "a value of proximo expected"))


async def _cancel(tx: Tx, pedido_id: str, motivo: str) -> Resposta:
    await service.cancel(tx, pedido_id, motivo=motivo)
    return Resposta(200, await service.stored_summary(tx, pedido_id))


async def _reprocess(tx: Tx, pedido_id: str) -> Resposta:
    await service.reprocess(tx, pedido_id)
    return Resposta(202, await service.stored_summary(tx, pedido_id), f"/pedidos/{pedido_id}")
