"""Modelos: what the routes of estoque answer, as OpenAPI tells it.

The answers are bytes, encoded once; these say what is in them, and a test holds
every answer to that. A field added to an answer is added here too.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Saida(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ItemDeEstoque(_Saida):
    """One product in one filial."""

    produto_id: str
    nome: str
    preco: str
    categoria: str | None
    imagem_url: str | None
    ean: str | None
    filial_id: str
    quantidade: int
    disponivel: int
    minimo: int
    baixo: bool
    atualizado_em: str


class ListaDeEstoque(_Saida):
    """A page of items by product and filial; `proximo` is null at the end."""

    itens: list[ItemDeEstoque]
    total: int
    proximo: str | None


class MovimentoDeEstoque(_Saida):
    """One change; `saldo` is the quantity after it."""

    id: int
    filial_id: str
    delta: int
    saldo: int
    tipo: Literal["abertura", "contagem", "ajuste", "venda", "cancelamento", "externo"]
    pedido_id: str | None
    pedido_numero: int | None
    linha: int | None
    motivo: str | None
    autor: str | None
    em: str
    medido_em: str | None


class ListaDeMovimentos(_Saida):
    """A page of the ledger, newest first; `proximo` is null at the end."""

    itens: list[MovimentoDeEstoque]
    total: int
    proximo: str | None


class Importado(_Saida):
    """What an import did."""

    linhas: int
    criados: int


class Mudanca(_Saida):
    """What a row would change; what is not there yet is null."""

    produto_id: str
    filial_id: str
    antes: int | None
    depois: int
    preco_antes: str | None
    preco_depois: str


class Simulado(_Saida):
    """What an import would do."""

    linhas: int
    mudancas: list[Mudanca]
