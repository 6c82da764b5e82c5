"""Divisor: amounts of a shop that sends them in another unit than reais.

Every public document of Rappi is in currency units, but none of them is Brazilian.
Should a shop turn out to send centavos, its divisor is set to 100 and nothing else
changes.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from ponte.domain.origem import (
    DivisaoDesconto,
    OpcaoNeutra,
    PagamentoNeutro,
    PedidoNeutro,
    TotaisNeutros,
)


def divide(pedido: PedidoNeutro, divisor: Decimal) -> PedidoNeutro:
    """Return the order with every amount divided; 1 leaves it exactly as it was sent."""
    if divisor == 1:
        return pedido
    itens = tuple(
        replace(
            item,
            preco_unitario=_amount(item.preco_unitario, divisor),
            opcoes=_opcoes(item.opcoes, divisor),
        )
        for item in pedido.itens
    )
    pagamento, divisao = pedido.pagamento, pedido.divisao_desconto
    return replace(
        pedido,
        itens=itens,
        totais=_totais(pedido.totais, divisor),
        pagamento=PagamentoNeutro(
            pagamento.metodo,
            _amount(pagamento.a_cobrar, divisor),
            pagamento.pre_pago,
            _amount(pagamento.troco_para, divisor),
        ),
        divisao_desconto=DivisaoDesconto(
            _amount(divisao.plataforma, divisor), _amount(divisao.parceiro, divisor)
        ),
    )


def _amount(valor: Decimal | None, divisor: Decimal) -> Decimal | None:
    return None if valor is None else valor / divisor


def _opcoes(opcoes: Iterable[OpcaoNeutra], divisor: Decimal) -> tuple[OpcaoNeutra, ...]:
    return tuple(
        replace(
            x,
            preco_unitario=_amount(x.preco_unitario, divisor),
            opcoes=_opcoes(x.opcoes, divisor),
        )
        for x in opcoes
    )


def _totais(totais: TotaisNeutros, divisor: Decimal) -> TotaisNeutros:
    return TotaisNeutros(
        bruto_itens=_amount(totais.bruto_itens, divisor),
        descontos=_amount(totais.descontos, divisor),
        frete=_amount(totais.frete, divisor),
        taxa_servico=_amount(totais.taxa_servico, divisor),
        gorjeta=_amount(totais.gorjeta, divisor),
        pedido=_amount(totais.pedido, divisor),
        provisorios=totais.provisorios,
    )
