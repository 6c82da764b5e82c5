"""Origem: an order as its marketplace tells it, in words that are the same for every source.

A connector translates each document into these; the acceptance turns them into
a `Pedido`. The one rule: a platform's amounts are kept exactly as sent (`Decimal`,
never float) and a platform's totals win. What does not add up becomes a line in
`avisos`, never a refusal: the customer has already bought.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Momento:
    """A time as the platform wrote it; without a zone it means the time of the shop."""

    valor: datetime

    @property
    def com_zona(self) -> bool:
        """Tell whether the instant is certain."""
        return self.valor.tzinfo is not None


@dataclass(frozen=True, slots=True)
class Loja:
    """The shop: by the platform's id, and by the id that the merchant registered there."""

    plataforma_id: str | None = None
    parceiro_id: str | None = None
    nome: str | None = None


@dataclass(frozen=True, slots=True)
class ClienteNeutro:
    """Who bought, as sent: nothing is normalised or checked yet."""

    nome: str | None = None
    documento: str | None = None
    telefone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class OpcaoNeutra:
    """A choice inside a line; `quantidade_total` is what leaves the shelf for the whole line."""

    sku: str | None
    plataforma_id: str | None
    nome: str
    quantidade_por_unidade: Decimal
    quantidade_total: Decimal
    preco_unitario: Decimal | None = None
    opcoes: tuple["OpcaoNeutra", ...] = ()


@dataclass(frozen=True, slots=True)
class ItemNeutro:
    """One line of the order; the price is for one unit, before discounts, without options."""

    sku: str | None
    plataforma_id: str | None
    nome: str
    quantidade: Decimal
    preco_unitario: Decimal | None = None
    observacao: str | None = None
    opcoes: tuple[OpcaoNeutra, ...] = ()


@dataclass(frozen=True, slots=True)
class TotaisNeutros:
    """The platform's own totals; None where it did not send one.

    `provisorios` marks an announcement whose amounts are not real yet: nothing
    may be invoiced from them.
    """

    bruto_itens: Decimal | None = None
    descontos: Decimal | None = None
    frete: Decimal | None = None
    taxa_servico: Decimal | None = None
    gorjeta: Decimal | None = None
    pedido: Decimal | None = None
    provisorios: bool = False


@dataclass(frozen=True, slots=True)
class DivisaoDesconto:
    """Who pays for the discounts."""

    plataforma: Decimal | None = None
    parceiro: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PagamentoNeutro:
    """How it is paid; `a_cobrar` at the door. The method is an open vocabulary."""

    metodo: str | None = None
    a_cobrar: Decimal | None = None
    pre_pago: bool | None = None
    troco_para: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Linha:
    """One thing that leaves the shelf: a line or an option, flattened in reading order."""

    sku: str | None
    plataforma_id: str | None
    nome: str
    quantidade: Decimal
    preco_unitario: Decimal | None
    opcao: bool


@dataclass(frozen=True, slots=True)
class PedidoNeutro:
    """An order of a marketplace, one per (fonte, pedido_externo).

    `agendado` marks an announcement for later: it moves no stock and is not
    invoiced until the order itself arrives. `entrega` is "delivery" (courier of the
    platform), "marketplace" (courier of the merchant), "pickup", or what a platform
    invents next. `prazo_aceite_s`: seconds after its arrival in which the platform
    wants it accepted; later is pointless. None where nothing is to be accepted.
    """

    fonte: str
    pedido_externo: str
    loja: Loja
    itens: tuple[ItemNeutro, ...]
    totais: TotaisNeutros
    numero_visivel: str | None = None
    criado_em: Momento | None = None
    agendado: bool = False
    agendado_para: Momento | None = None
    operacao: str | None = None
    entrega: str | None = None
    cliente: ClienteNeutro | None = None
    pagamento: PagamentoNeutro = field(default_factory=PagamentoNeutro)
    divisao_desconto: DivisaoDesconto = field(default_factory=DivisaoDesconto)
    preparo_min: int | None = None
    prazo_aceite_s: int | None = None
    avisos: tuple[str, ...] = ()

    def linhas(self) -> Iterator[Linha]:
        """Yield every line and, after it, its options at any depth."""
        for item in self.itens:
            yield Linha(
                item.sku,
                item.plataforma_id,
                item.nome,
                quantidade=item.quantidade,
                preco_unitario=item.preco_unitario,
                opcao=False,
            )
            yield from _lines_of(item.opcoes)

    def movimentos_por_sku(self) -> dict[str, Decimal]:
        """Return what the order does to the stock, by SKU: negative leaves the shelf."""
        movimentos: dict[str, Decimal] = {}
        if self.agendado:
            return movimentos
        for linha in self.linhas():
            if linha.sku is not None and linha.quantidade > 0:
                movimentos[linha.sku] = movimentos.get(linha.sku, Decimal(0)) - linha.quantidade
        return movimentos

    def linhas_sem_sku(self) -> list[str]:
        """Return the platform ids (or the names) of lines that no product here can be told from."""
        return [x.plataforma_id or x.nome for x in self.linhas() if x.sku is None]


def _lines_of(opcoes: tuple[OpcaoNeutra, ...]) -> Iterator[Linha]:
    for opcao in opcoes:
        yield Linha(
            opcao.sku,
            opcao.plataforma_id,
            opcao.nome,
            quantidade=opcao.quantidade_total,
            preco_unitario=opcao.preco_unitario,
            opcao=True,
        )
        yield from _lines_of(opcao.opcoes)


@dataclass(frozen=True, slots=True)
class EventoNeutro:
    """A document that is no order: a cancellation, a status, a probe, an answer.

    `cancela` is true for a confirmed cancellation of `pedido_externo`, which may
    come before the order itself; a *request* to cancel does not set it.
    `detalhes` holds further JSON-able fields in the platform's own words, without
    personal data.
    """

    fonte: str
    evento: str
    pedido_externo: str | None = None
    loja: Loja = field(default_factory=Loja)
    cancela: bool = False
    motivo: str | None = None
    status: str | None = None
    habilitada: bool | None = None
    em: Momento | None = None
    agendado_para: Momento | None = None
    detalhes: Mapping[str, object] = field(default_factory=dict)


DocumentoNeutro = PedidoNeutro | EventoNeutro
