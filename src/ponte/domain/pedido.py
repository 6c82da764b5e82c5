"""Pedido: an order before it is stored, whatever door it came through.

Structs and not dataclasses: every order makes a handful of them on the hot path,
and a frozen dataclass costs several times as much to make.
"""

from enum import StrEnum

import msgspec

MAX_ITENS = 500  # SPEC §3
MAX_QUANTIDADE = 999_999  # SPEC §3


class StatusPedido(StrEnum):
    """Where an order stands."""

    RECEBIDO = "recebido"
    CONCLUIDO = "concluido"
    SEM_ESTOQUE = "sem_estoque"
    CANCELADO = "cancelado"
    ERRO = "erro"


class Cliente(msgspec.Struct, frozen=True):
    """Who buys, already normalised: document without punctuation, phone E.164."""

    nome: str | None = None
    documento: str | None = None
    telefone: str | None = None
    email: str | None = None


class NovoItem(msgspec.Struct, frozen=True):
    """One line. `preco_centavos` None means the product's own price.

    `opcao_de` is the line (from 1) that an option of a marketplace belongs to.
    """

    sku: str | None
    quantidade: int
    preco_centavos: int | None = None
    nome: str | None = None
    observacao: str | None = None
    opcao_de: int | None = None


class NovoPedido(msgspec.Struct, frozen=True):
    """An order to accept.

    `marketplace` orders are sales already made: an unknown SKU keeps the order
    and `total_centavos` of the platform wins over the sum of the lines.
    """

    itens: tuple[NovoItem, ...]
    canal: str = "api"
    pedido_externo: str | None = None
    filial_id: str = "1"
    cliente: Cliente = Cliente()
    observacao: str | None = None
    marketplace: bool = False
    total_centavos: int | None = None
    loja_externa: str | None = None
    prazo_aceite_ms: int | None = None
    avisos: tuple[str, ...] = ()
