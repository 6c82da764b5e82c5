"""Pedido: the order document of Rappi as a neutral order.

One element of `GET /orders`, also the body of NEW_ORDER: `{order_detail, customer,
store}`. The rule a newcomer would break: a subitem's quantity is for each unit of
its parent, so three salads with one topping take three toppings off the shelf.
Source: dev-portal.rappi.com, API reference "Orders".
"""

from collections.abc import Iterable
from decimal import Decimal

from ponte.domain.leitura import (
    Objeto,
    decimal,
    inteiro,
    lista,
    lower,
    momento,
    objeto,
    objetos,
    texto,
)
from ponte.domain.origem import (
    ClienteNeutro,
    DivisaoDesconto,
    ItemNeutro,
    Loja,
    OpcaoNeutra,
    PagamentoNeutro,
    PedidoNeutro,
    TotaisNeutros,
)

FONTE = "rappi"
# Rappi's guide says 6 minutes, its FAQ 4; the shorter one can't be wrong.
PRAZO_ACEITE_S = 240
MAX_DEPTH = 8  # chosen: menus have two levels, three are known; deeper is a broken document


def parse_pedido(documento: Objeto, *, agendado: bool = False) -> PedidoNeutro | None:
    """Return the order, or None when it has no id (without one it can't be unique).

    Args:
        documento: One element of `GET /orders`.
        agendado: It is an announcement for later, with amounts that are not real.
    """
    detalhe = objeto(documento.get("order_detail"))
    pedido_externo = texto(detalhe.get("order_id"))
    if pedido_externo is None:
        return None
    itens = tuple(_item(x) for x in objetos(detalhe.get("items")))
    totais = _totais(detalhe, itens, agendado=agendado)
    return PedidoNeutro(
        fonte=FONTE,
        pedido_externo=pedido_externo,
        loja=loja_of(documento),
        itens=itens,
        totais=totais,
        criado_em=momento(detalhe.get("created_at")),
        agendado=agendado,
        agendado_para=momento(detalhe.get("place_at")),
        operacao=lower(detalhe.get("delivery_operation_type")),
        entrega=lower(detalhe.get("delivery_method")),
        cliente=_cliente(objeto(documento.get("customer"))),
        pagamento=_pagamento(detalhe),
        divisao_desconto=_divisao(detalhe),
        preparo_min=inteiro(detalhe.get("cooking_time")),
        prazo_aceite_s=None if agendado else PRAZO_ACEITE_S,
        avisos=tuple(_avisos(detalhe, itens, totais=totais)),
    )


def loja_of(documento: Objeto) -> Loja:
    """Return the shop: in `store`, or inside the order as in a cancelled announcement."""
    store = objeto(documento.get("store"))
    detalhe = objeto(documento.get("order_detail"))
    return Loja(
        plataforma_id=texto(store.get("internal_id")) or texto(detalhe.get("store_id")),
        parceiro_id=texto(store.get("external_id")),
        nome=texto(store.get("name")),
    )


def _cliente(customer: Objeto) -> ClienteNeutro | None:
    partes = (texto(customer.get("first_name")), texto(customer.get("last_name")))
    cliente = ClienteNeutro(
        nome=" ".join(x for x in partes if x) or None,
        documento=texto(customer.get("document_number")),
        telefone=texto(customer.get("phone_number")),
        email=texto(customer.get("email")),
    )
    return None if cliente == ClienteNeutro() else cliente


def _pagamento(detalhe: Objeto) -> PagamentoNeutro:
    """Read the cash that the shop collects; what Rappi's own courier collects is Rappi's."""
    a_cobrar = decimal(objeto(detalhe.get("totals")).get("total_to_pay"))
    pre_pago = None if a_cobrar is None else a_cobrar == 0
    if lower(detalhe.get("delivery_method")) == "delivery":
        pre_pago = True
    return PagamentoNeutro(
        metodo=texto(detalhe.get("payment_method")), a_cobrar=a_cobrar, pre_pago=pre_pago
    )


# ---------------------------------------------------------------- lines


def _item(linha: Objeto) -> ItemNeutro:
    quantidade = _quantidade(linha)
    return ItemNeutro(
        sku=texto(linha.get("sku")),
        plataforma_id=texto(linha.get("id")),
        nome=texto(linha.get("name")) or "",
        quantidade=quantidade,
        preco_unitario=_preco(linha),
        observacao=texto(linha.get("comments")),
        opcoes=_opcoes(linha, quantidade, depth=1),
    )


def _opcoes(linha: Objeto, vezes: Decimal, *, depth: int) -> tuple[OpcaoNeutra, ...]:
    if depth > MAX_DEPTH:
        return ()
    return tuple(_opcao(x, vezes, depth=depth) for x in objetos(linha.get("subitems")))


def _opcao(linha: Objeto, vezes: Decimal, *, depth: int) -> OpcaoNeutra:
    por_unidade = _quantidade(linha)
    total = por_unidade * vezes
    return OpcaoNeutra(
        sku=texto(linha.get("sku")),
        plataforma_id=texto(linha.get("id")),
        nome=texto(linha.get("name")) or "",
        quantidade_por_unidade=por_unidade,
        quantidade_total=total,
        preco_unitario=_preco(linha),
        opcoes=_opcoes(linha, total, depth=depth + 1),
    )


def _quantidade(linha: Objeto) -> Decimal:
    """Return the quantity, 1 where none can be read: the customer did choose the line."""
    quantidade = decimal(linha.get("quantity"))
    return Decimal(1) if quantidade is None else quantidade


def _preco(linha: Objeto) -> Decimal | None:
    return first_decimal(linha, "price", "unit_price_without_discount", "unit_price_with_discount")


def first_decimal(de: Objeto, *nomes: str) -> Decimal | None:
    """Return the first of these fields that holds a number."""
    return next((x for x in (decimal(de.get(nome)) for nome in nomes) if x is not None), None)


def _own_sum(itens: Iterable[ItemNeutro]) -> Decimal:
    return sum(
        (
            (item.preco_unitario or Decimal(0)) * item.quantidade + _options_sum(item.opcoes)
            for item in itens
        ),
        Decimal(0),
    )


def _options_sum(opcoes: Iterable[OpcaoNeutra]) -> Decimal:
    return sum(
        (
            (x.preco_unitario or Decimal(0)) * x.quantidade_total + _options_sum(x.opcoes)
            for x in opcoes
        ),
        Decimal(0),
    )


# ---------------------------------------------------------------- totals


def _totais(detalhe: Objeto, itens: tuple[ItemNeutro, ...], *, agendado: bool) -> TotaisNeutros:
    totals = objeto(detalhe.get("totals"))
    charges = objeto(totals.get("charges"))
    bruto = first_decimal(totals, "total_products", "total_products_without_discount")
    return TotaisNeutros(
        bruto_itens=_own_sum(itens) if bruto is None else bruto,
        descontos=_descontos(totals),
        frete=decimal(charges.get("shipping")),
        taxa_servico=decimal(charges.get("service_fee")),
        gorjeta=decimal(objeto(totals.get("other_totals")).get("tip")),
        pedido=decimal(totals.get("total_order")),
        provisorios=agendado,
    )


def _descontos(totals: Objeto) -> Decimal | None:
    """Return the discounts; older documents split them into the products' own and others."""
    total = decimal(totals.get("total_discounts"))
    if total is not None:
        return total
    outros = decimal(totals.get("total_other_discounts"))
    cheio = decimal(totals.get("total_products_without_discount"))
    pago = decimal(totals.get("total_products_with_discount"))
    if cheio is None or pago is None:
        return outros
    return cheio - pago + (outros or Decimal(0))


def _divisao(detalhe: Objeto) -> DivisaoDesconto:
    do_parceiro = decimal(objeto(detalhe.get("totals")).get("total_discount_by_partner"))
    if not isinstance(detalhe.get("discounts"), list):
        return DivisaoDesconto(parceiro=do_parceiro)
    descontos = objetos(detalhe.get("discounts"))
    partes = [decimal(x.get("amount_by_partner")) for x in descontos]
    if not any(x is not None for x in partes) and do_parceiro is not None:
        return DivisaoDesconto(_sum(descontos, "amount_by_rappi"), do_parceiro)
    return DivisaoDesconto(_sum(descontos, "amount_by_rappi"), _sum(descontos, "amount_by_partner"))


def _sum(descontos: list[Objeto], nome: str) -> Decimal:
    return sum((decimal(x.get(nome)) or Decimal(0) for x in descontos), Decimal(0))


def _avisos(
    detalhe: Objeto, itens: tuple[ItemNeutro, ...], *, totais: TotaisNeutros
) -> Iterable[str]:
    """Say what is odd; the order stands all the same."""
    brutas = lista(detalhe.get("items"))
    if not itens:
        yield "no readable item"
    elif len(itens) != len(brutas):
        yield f"{len(brutas) - len(itens)} unreadable items left out"
    if any(decimal(x.get("quantity")) is None for x in objetos(brutas)):
        yield "item without a readable quantity taken as 1"
    if any(item.quantidade <= 0 for item in itens):
        yield "item with quantity 0 or less moves no stock"
    soma = _own_sum(itens)
    if totais.bruto_itens is not None and soma != totais.bruto_itens:
        yield f"items add up to {soma:f}, the platform says {totais.bruto_itens:f}"
