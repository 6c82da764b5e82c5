"""Facts of estoque, and of what marketplaces are told of it."""

from typing import Any, ClassVar

from ponte.events.fato import Fato


class _DoEstoque(Fato, frozen=True, kw_only=True):
    produto_id: str
    filial_id: str
    nome: str
    preco: str
    quantidade: int
    minimo: int
    baixo: bool
    em: str

    sala: ClassVar[str | None] = "estoque"

    def lane(self) -> str:
        return f"{self.produto_id}@{self.filial_id}"

    def public(self) -> dict[str, Any] | None:
        return {
            "produto_id": self.produto_id,
            "filial_id": self.filial_id,
            "nome": self.nome,
            "preco": self.preco,
            "quantidade": self.quantidade,
            "disponivel": self.quantidade,
            "minimo": self.minimo,
            "baixo": self.baixo,
            "em": self.em,
        }


class EstoqueAlterado(_DoEstoque, frozen=True, kw_only=True):
    """The quantity at a commit; several sales of one commit are one fact."""

    tipo: ClassVar[str] = "estoque.alterado"
    antes: int
    origem: str


class EstoqueBaixou(_DoEstoque, frozen=True, kw_only=True):
    """The quantity crossed from `minimo` or more to below it."""

    tipo: ClassVar[str] = "estoque.baixo"


class EstoqueNormalizou(_DoEstoque, frozen=True, kw_only=True):
    """The quantity is back at `minimo` or more."""

    tipo: ClassVar[str] = "estoque.normalizado"


class EstoqueEsgotou(_DoEstoque, frozen=True, kw_only=True):
    """The quantity reached zero: marketplaces must switch the item off."""

    tipo: ClassVar[str] = "estoque.esgotado"


class EstoqueVoltou(_DoEstoque, frozen=True, kw_only=True):
    """The quantity rose above zero again: marketplaces may switch the item on."""

    tipo: ClassVar[str] = "estoque.disponivel"


class DisponibilidadePedida(Fato, frozen=True, kw_only=True):
    """A marketplace's shop must be told which products it has; one queue a connector."""

    tipo: ClassVar[str] = "disponibilidade.pedida"
    conector: str
    loja: str

    def lane(self) -> str:
        return f"{self.conector}@{self.loja}"
