"""View: a neutral document as the JSON that people compare between sources.

Amounts are text with the decimals they were sent with; a time without a zone is
spelled `_local`. Keys that a document can't have are left out.
"""

from decimal import Decimal

from ponte.domain.origem import (
    DocumentoNeutro,
    EventoNeutro,
    ItemNeutro,
    Momento,
    OpcaoNeutra,
    PedidoNeutro,
    TotaisNeutros,
)

PROVISIONAL = "provisional, all zero: not to be invoiced"


def view(documento: DocumentoNeutro) -> dict[str, object]:
    """Return the neutral view of one document."""
    if isinstance(documento, PedidoNeutro):
        return _pedido(documento)
    return _evento(documento)


def _pedido(pedido: PedidoNeutro) -> dict[str, object]:
    cliente = pedido.cliente
    return {
        "source": pedido.fonte,
        "event": "order_scheduled" if pedido.agendado else "new_order",
        "external_id": pedido.pedido_externo,
        "display_id": pedido.numero_visivel,
        "store": {
            "platform_id": pedido.loja.plataforma_id,
            "partner_id": pedido.loja.parceiro_id,
        },
        **_when("created_at", pedido.criado_em, bare=False),
        **_when("scheduled_for", pedido.agendado_para, bare=True),
        "operation": pedido.operacao,
        "fulfilment": pedido.entrega,
        "cooking_time_minutes": pedido.preparo_min,
        "customer": cliente
        and {
            "name": cliente.nome,
            "document": cliente.documento,
            "phone": cliente.telefone,
            **({"email": cliente.email} if cliente.email else {}),
        },
        "payment": _pagamento(pedido),
        "items": [_item(x) for x in pedido.itens],
        "totals": _totais(pedido.totais),
        "discount_split": {
            "platform": amount(pedido.divisao_desconto.plataforma),
            "partner": amount(pedido.divisao_desconto.parceiro),
        },
        "stock_movements_by_sku": {
            sku: number(x) for sku, x in pedido.movimentos_por_sku().items()
        },
        "lines_without_sku": pedido.linhas_sem_sku(),
        "warnings": list(pedido.avisos),
    }


def _evento(evento: EventoNeutro) -> dict[str, object]:
    fields: dict[str, object] = {
        "external_id": evento.pedido_externo,
        "platform_store_id": evento.loja.plataforma_id,
        "partner_store_id": evento.loja.parceiro_id,
        "reason": evento.motivo,
        "status": evento.status,
        "enabled": evento.habilitada,
        **(_when("event_time", evento.em, bare=False) if evento.em else {}),
        **(_when("scheduled_for", evento.agendado_para, bare=True) if evento.agendado_para else {}),
    }
    known = {k: v for k, v in fields.items() if v is not None}
    return {"source": evento.fonte, "event": evento.evento, **known, **evento.detalhes}


def _pagamento(pedido: PedidoNeutro) -> dict[str, object]:
    troco = pedido.pagamento.troco_para
    return {
        "method": pedido.pagamento.metodo,
        "to_collect": amount(pedido.pagamento.a_cobrar),
        "prepaid": pedido.pagamento.pre_pago,
        **({} if troco is None else {"change_for": amount(troco)}),
    }


def _item(item: ItemNeutro) -> dict[str, object]:
    return {
        "sku": item.sku,
        "platform_id": item.plataforma_id,
        "name": item.nome,
        "quantity": number(item.quantidade),
        "unit_price": amount(item.preco_unitario),
        "note": item.observacao,
        "options": [_opcao(x) for x in item.opcoes],
    }


def _opcao(opcao: OpcaoNeutra) -> dict[str, object]:
    return {
        "sku": opcao.sku,
        "platform_id": opcao.plataforma_id,
        "name": opcao.nome,
        "quantity_per_unit": number(opcao.quantidade_por_unidade),
        "quantity_total": number(opcao.quantidade_total),
        "unit_price": amount(opcao.preco_unitario),
        **({"options": [_opcao(x) for x in opcao.opcoes]} if opcao.opcoes else {}),
    }


def _totais(totais: TotaisNeutros) -> object:
    if totais.provisorios:
        return PROVISIONAL
    return {
        "gross_items": amount(totais.bruto_itens),
        "discounts": amount(totais.descontos),
        "shipping": amount(totais.frete),
        "service_fee": amount(totais.taxa_servico),
        "tip": amount(totais.gorjeta),
        "order": amount(totais.pedido),
    }


def _when(nome: str, momento: Momento | None, *, bare: bool) -> dict[str, object]:
    """Spell a time `_utc` or `_local`; `bare` adds the name itself, null where there is none."""
    key = nome if bare else f"{nome}_utc"
    if momento is None:
        return {key: None}
    escrito = _iso(momento)
    suffix = "utc" if momento.com_zona else "local"
    return {**({nome: escrito} if bare else {}), f"{nome}_{suffix}": escrito}


def _iso(momento: Momento) -> str:
    quando = momento.valor
    fraction = quando.microsecond
    fine = "microseconds" if fraction % 1000 else "milliseconds"
    timespec = fine if fraction else "seconds"
    escrito = quando.replace(tzinfo=None).isoformat(timespec=timespec)
    return f"{escrito}Z" if momento.com_zona else escrito


def amount(valor: Decimal | None) -> str | None:
    """Return an amount as text, its decimals as they were sent."""
    return None if valor is None else format(valor, "f")


def number(valor: Decimal) -> int | str:
    """Return a quantity: whole as a number, otherwise as text."""
    return int(valor) if valor == valor.to_integral_value() else format(valor, "f")
