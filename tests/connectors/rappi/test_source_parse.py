"""Source, reading: stored bodies become documents in reais and in certain time, or are refused."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ponte.domain.origem import EventoNeutro, PedidoNeutro
from ponte.errors import Permanente
from tests.connectors.rappi.conftest import Mesa


@given(corpo=st.binary(max_size=40) | st.just(b"{}"), evento=st.text(max_size=10))
def test_any_body_is_read_or_refused_for_good(corpo: bytes, evento: str) -> None:
    source = Mesa("http://rappi.test").source()

    try:
        documentos = source.parse(evento, corpo)
    except Permanente as error:
        assert str(error)  # noqa: PT017 - refusing is one of two good ends
    else:
        assert isinstance(documentos, list)


@pytest.mark.parametrize("corpo", [b"", b"\xff", b"[]x", b"3", b'{"order_detail": {}}'])
def test_a_body_that_can_not_be_read_is_set_aside(mesa_parada: Mesa, corpo: bytes) -> None:
    with pytest.raises(Permanente):
        mesa_parada.source().parse("new_order", corpo)


def test_one_unreadable_order_does_not_take_the_others_along(mesa_parada: Mesa) -> None:
    corpo = b'[{"order_detail": {"order_id": 5}}, null]'

    documentos = mesa_parada.source().parse("orders", corpo)

    assert [x.pedido_externo for x in documentos] == ["5", None]


@pytest.mark.parametrize(
    ("zona", "hora"), [("America/Sao_Paulo", 13), ("America/Manaus", 14), ("Asia/Tokyo", 1)]
)
def test_a_time_without_a_zone_is_the_time_of_the_shop(
    mesa_parada: Mesa, zona: str, hora: int
) -> None:
    detalhe = {"order_id": "1", "created_at": "2026-09-18 10:19:09"}
    corpo = json.dumps({"order_detail": detalhe}).encode()

    (pedido,) = mesa_parada.source(timezone=zona).parse("new_order", corpo)

    assert isinstance(pedido, PedidoNeutro)
    assert pedido.criado_em is not None
    assert pedido.criado_em.com_zona
    assert pedido.criado_em.valor.hour == hora


def test_an_event_without_a_zone_is_the_time_of_the_shop_too(mesa_parada: Mesa) -> None:
    corpo = b'{"event": "arrive", "order_id": 1, "event_time": "2026-09-18 10:19:09"}'

    (evento,) = mesa_parada.source().parse("order_other_event", corpo)

    assert isinstance(evento, EventoNeutro)
    assert evento.em is not None
    assert evento.em.valor.isoformat() == "2026-09-18T13:19:09+00:00"


def test_a_shop_that_sends_centavos_is_divided(mesa_parada: Mesa) -> None:
    linha = {"sku": "A", "price": 2590, "quantity": 2, "subitems": [{"price": 10}]}
    detalhe = {"order_id": "1", "totals": {"total_order": 5180}, "items": [linha]}
    corpo = json.dumps({"order_detail": detalhe, "store": {"internal_id": 9}}).encode()

    (pedido,) = mesa_parada.source(divisor="1,9=100").parse("new_order", corpo)

    assert isinstance(pedido, PedidoNeutro)
    assert pedido.totais.pedido == Decimal("51.80")
    assert pedido.itens[0].preco_unitario == Decimal("25.90")
    assert pedido.itens[0].opcoes[0].preco_unitario == Decimal("0.10")
    assert pedido.itens[0].quantidade == 2
