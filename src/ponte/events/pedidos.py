"""Facts of pedidos, their notas, and the webhooks that bring them."""

from typing import Any, ClassVar

import msgspec

from ponte.events.fato import Fato


class ItemPedido(msgspec.Struct, frozen=True, kw_only=True):
    """One line: `produto_id` is None when the platform's line has no SKU here."""

    linha: int
    produto_id: str | None
    quantidade: int


class _DoPedido(Fato, frozen=True, kw_only=True):
    pedido_id: str
    numero: int
    canal: str
    filial_id: str
    total: str
    itens: list[ItemPedido]
    em: str

    sala: ClassVar[str | None] = "pedidos"

    def lane(self) -> str:
        return self.pedido_id

    def public(self) -> dict[str, Any] | None:
        return {"numero": self.numero, "itens": len(self.itens), "em": self.em}


class PedidoRecebido(_DoPedido, frozen=True, kw_only=True):
    """An order was accepted; `conta_externa` names the shop on its platform."""

    tipo: ClassVar[str] = "pedido.recebido"
    pedido_externo: str | None = None
    loja_externa: str | None = None
    prazo_aceite_ms: int | None = None


class PedidoReprocessado(_DoPedido, frozen=True, kw_only=True):
    """A person asked to try the order again; it counts as received once more."""

    tipo: ClassVar[str] = "pedido.reprocessado"


class PedidoConcluido(_DoPedido, frozen=True, kw_only=True):
    """Stock was taken and the nota issued."""

    tipo: ClassVar[str] = "pedido.concluido"
    nota_chave: str


class PedidoSemEstoque(_DoPedido, frozen=True, kw_only=True):
    """Not enough stock for all items; nothing was taken."""

    tipo: ClassVar[str] = "pedido.sem_estoque"
    faltas: list[dict[str, Any]]


class PedidoCancelado(_DoPedido, frozen=True, kw_only=True):
    """The order was cancelled; `devolvido` tells whether stock went back."""

    tipo: ClassVar[str] = "pedido.cancelado"
    palavras: ClassVar[frozenset[str]] = frozenset({"motivo"})
    motivo: str
    devolvido: bool


class PedidoErro(_DoPedido, frozen=True, kw_only=True):
    """The order was set aside after its tries; a person must look."""

    tipo: ClassVar[str] = "pedido.erro"
    palavras: ClassVar[frozenset[str]] = frozenset({"motivo"})
    motivo: str


class NotaEmitida(Fato, frozen=True, kw_only=True):
    """A nota got its number and key, in the transaction that took the stock."""

    tipo: ClassVar[str] = "nota.emitida"
    sala: ClassVar[str | None] = "pedidos"
    pedido_id: str
    pedido_numero: int
    modelo: int
    serie: int
    numero: int
    chave: str

    def lane(self) -> str:
        return self.pedido_id


class LinhaSemProduto(Fato, frozen=True, kw_only=True):
    """A platform's order has a line whose SKU is unknown here; the order stands."""

    tipo: ClassVar[str] = "pedido.linha_sem_produto"
    pedido_id: str
    numero: int
    canal: str
    linhas: list[str]

    def lane(self) -> str:
        return self.pedido_id


class AvisoPedido(Fato, frozen=True, kw_only=True):
    """The customer is to be told how their order ended; put where the shop wants notices."""

    tipo: ClassVar[str] = "pedido.aviso"
    pedido_id: str
    status: str

    def lane(self) -> str:
        return self.pedido_id


class WebhookRecebido(Fato, frozen=True, kw_only=True):
    """A verified body was stored; parsing comes after the answer."""

    tipo: ClassVar[str] = "webhook.recebido"
    webhook_id: str
    conector: str
    evento: str
    porta: str = "pedidos"  # "canal" where people's messages come

    def lane(self) -> str:
        return self.webhook_id
