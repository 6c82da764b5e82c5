"""The order as the limit and the naive app read it: the fields of `POST /pedido`."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class Item(BaseModel):
    """One line of an order."""

    model_config = ConfigDict(extra="forbid")

    produto_id: str
    quantidade: int = Field(ge=1, le=999_999)
    preco_unitario: Decimal | None = None


class Cliente(BaseModel):
    """Who buys."""

    model_config = ConfigDict(extra="forbid")

    nome: str | None = None
    documento: str | None = None
    telefone: str | None = None
    email: str | None = None


class Pedido(BaseModel):
    """An order, checked for shape alone."""

    model_config = ConfigDict(extra="forbid")

    canal: str = "api"
    pedido_externo: str | None = None
    filial_id: str = "1"
    cliente: Cliente | None = None
    itens: list[Item] = Field(min_length=1, max_length=500)
    observacao: str | None = None
