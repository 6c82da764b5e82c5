"""Modelos: what the routes of pedidos answer, as OpenAPI tells it.

The answers are bytes, encoded once; these say what is in them, and a test holds
every answer to that. A field added to an answer is added here too.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["recebido", "concluido", "sem_estoque", "cancelado", "erro"]


class _Saida(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PedidoResumo(_Saida):
    """The answer to a new order, and to what changes one."""

    id: str
    numero: int
    status: Status
    canal: str
    pedido_externo: str | None
    filial_id: str
    total: str
    recebido_em: str


class ClienteDoPedido(_Saida):
    """Who bought."""

    nome: str | None
    documento: str | None
    telefone: str | None
    email: str | None


class PedidoNaLista(PedidoResumo):
    """An order without its lines."""

    cliente: ClienteDoPedido
    observacao: str | None
    atualizado_em: str


class ItemDoPedido(_Saida):
    """One line; `produto_id` is null when a platform's SKU is unknown here."""

    linha: int
    produto_id: str | None
    sku: str | None
    nome: str
    quantidade: int
    preco_unitario: str
    opcao_de: int | None
    observacao: str | None


class NotaDoPedido(_Saida):
    """The nota fiscal of an order."""

    modelo: int
    serie: int
    numero: int
    chave: str
    situacao: str
    emitida_em: str


class MomentoDoPedido(_Saida):
    """One fact of an order's story."""

    tipo: str
    em: str
    dados: dict[str, Any]


class PedidoCompleto(PedidoNaLista):
    """An order with its lines, its nota and its story."""

    avisos: list[str]
    itens: list[ItemDoPedido]
    nota: NotaDoPedido | None
    linha_do_tempo: list[MomentoDoPedido]


class ListaDePedidos(_Saida):
    """A page of orders; `proximo` is null at the end."""

    itens: list[PedidoNaLista]
    total: int
    proximo: str | None
