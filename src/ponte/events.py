"""Events: the catalogue of facts, how they are encoded, and who may see them.

A fact is something that happened, named by a past participle. It is written in
the transaction that made it true and never changed. The one rule: no personal
data in a fact, ever. Facts live for months in logs, streams and browsers, and
cannot be erased for one person; the row they point to can.

`sala` is the private room whose sockets get the fact; `public` is what anybody
may see of it. Source of the envelope's names: CloudEvents 1.0.
"""

from typing import Any, ClassVar

import msgspec
import orjson

from ponte.domain.valores import format_time

SOURCE = "ponte"


class Fato(msgspec.Struct, frozen=True, kw_only=True):
    """What happened. Its fields are the `dados` of the wire; unknown ones are ignored."""

    tipo: ClassVar[str]
    sala: ClassVar[str | None] = None

    def lane(self) -> str:
        """Return the aggregate id: facts of one lane are handled in order."""
        return self.tipo

    def public(self) -> dict[str, Any] | None:
        """Return what anybody may see, or None when the fact is not public."""
        return None


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
    motivo: str
    devolvido: bool


class PedidoErro(_DoPedido, frozen=True, kw_only=True):
    """The order was set aside after its tries; a person must look."""

    tipo: ClassVar[str] = "pedido.erro"
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


class _DoAlerta(Fato, frozen=True, kw_only=True):
    alerta_id: str
    nome: str
    severidade: str
    titulo: str

    sala: ClassVar[str | None] = "alertas"

    def lane(self) -> str:
        return self.alerta_id


class AlertaCriado(_DoAlerta, frozen=True, kw_only=True):
    """An alert opened, or an open one fired again (`contagem` > 1)."""

    tipo: ClassVar[str] = "alerta.criado"
    texto: str
    labels: dict[str, str]
    contagem: int


class AlertaReconhecido(_DoAlerta, frozen=True, kw_only=True):
    """A person said that they are on it."""

    tipo: ClassVar[str] = "alerta.reconhecido"
    por: str


class AlertaResolvido(_DoAlerta, frozen=True, kw_only=True):
    """The cause is gone."""

    tipo: ClassVar[str] = "alerta.resolvido"
    por: str


class EntregaPedida(Fato, frozen=True, kw_only=True):
    """One sink must be told of one alert; each sink has a queue of its own."""

    tipo: ClassVar[str] = "alerta.entrega_pedida"
    alerta_id: str
    destino: str
    motivo: str

    def lane(self) -> str:
        return self.alerta_id


class AlertaEntregue(_DoAlerta, frozen=True, kw_only=True):
    """A sink took the notice."""

    tipo: ClassVar[str] = "alerta.entregue"
    destino: str
    motivo: str
    tentativa: int


class AlertaNaoEntregue(_DoAlerta, frozen=True, kw_only=True):
    """A sink did not take the notice after its tries."""

    tipo: ClassVar[str] = "alerta.nao_entregue"
    destino: str
    erro: str


class DisponibilidadePedida(Fato, frozen=True, kw_only=True):
    """A marketplace's shop must be told which products it has; one queue a connector."""

    tipo: ClassVar[str] = "disponibilidade.pedida"
    conector: str
    loja: str

    def lane(self) -> str:
        return f"{self.conector}@{self.loja}"


class WebhookRecebido(Fato, frozen=True, kw_only=True):
    """A verified body was stored; parsing comes after the answer."""

    tipo: ClassVar[str] = "webhook.recebido"
    webhook_id: str
    conector: str
    evento: str

    def lane(self) -> str:
        return self.webhook_id


class _DaFalha(Fato, frozen=True, kw_only=True):
    falha_id: str
    fila: str
    causa: str

    sala: ClassVar[str | None] = "falhas"

    def lane(self) -> str:
        return self.falha_id


class FalhaCriada(_DaFalha, frozen=True, kw_only=True):
    """Work was set aside whole after its tries."""

    tipo: ClassVar[str] = "falha.criada"
    fato_tipo: str
    fato_lane: str
    dados_do_fato: dict[str, Any]


class FalhaReprocessada(_DaFalha, frozen=True, kw_only=True):
    """Set-aside work went back to its queue with the same id."""

    tipo: ClassVar[str] = "falha.reprocessada"


class FalhaDescartada(_DaFalha, frozen=True, kw_only=True):
    """A person decided that set-aside work is not to be done."""

    tipo: ClassVar[str] = "falha.descartada"
    motivo: str


class MensagemPublicada(Fato, frozen=True, kw_only=True):
    """A person wrote to everybody on /ws, or in the private room `para_sala`."""

    tipo: ClassVar[str] = "mensagem"
    sala: ClassVar[str | None] = "mensagens"
    de: str
    texto: str
    para_sala: str | None = None

    def lane(self) -> str:
        return self.de

    def public(self) -> dict[str, Any] | None:
        return None if self.para_sala else {"texto": self.texto}


def _concrete(root: type[Fato]) -> list[type[Fato]]:
    found = [root] if not root.__name__.startswith("_") and root is not Fato else []
    return found + [leaf for child in root.__subclasses__() for leaf in _concrete(child)]


CATALOGO: dict[str, type[Fato]] = {classe.tipo: classe for classe in _concrete(Fato)}


class FatoGravado(msgspec.Struct, frozen=True):
    """A fact as it was committed: its place among all facts and its room numbers.

    `pos` counts every fact; `seq` those with a room; `seq_publico` those that
    anybody may see; `seq_estoque` the public ones about stock. Each is dense, so
    that a client sees a hole as a jump. None where the fact is not in that stream.
    """

    pos: int
    id: str
    tipo: str
    lane: str
    em_ms: int
    dados: bytes
    seq: int | None = None
    seq_publico: int | None = None
    seq_estoque: int | None = None
    traceparent: str | None = None

    def fato(self) -> Fato:
        """Decode into its class."""
        return decode(self.tipo, self.dados)

    @property
    def sala(self) -> str | None:
        """Return the private room of the fact."""
        return CATALOGO[self.tipo].sala

    def envelope(self) -> dict[str, Any]:
        """Return the CloudEvents form for the outside."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": SOURCE,
            "type": self.tipo,
            "subject": self.lane,
            "time": format_time(self.em_ms),
            "datacontenttype": "application/json",
            "ponteversion": 1,
            "data": orjson.loads(self.dados),
        }


_decoders = {tipo: msgspec.json.Decoder(classe) for tipo, classe in CATALOGO.items()}
_encoder = msgspec.json.Encoder()


def encode(fato: Fato) -> bytes:
    """Encode the `dados` of a fact."""
    return _encoder.encode(fato)


def decode(tipo: str, dados: bytes | str) -> Fato:
    """Decode a fact; fields that a newer or older version added or lacked are tolerated.

    Raises:
        KeyError: the tipo is not in the catalogue.
        msgspec.ValidationError: the row is not what the class needs.
    """
    return _decoders[tipo].decode(dados)
