"""Parse: odd documents still become the order that the customer made."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ponte.connectors.rappi.eventos import CANCELAMENTOS, EVENTOS
from ponte.connectors.rappi.parse import parse, parse_file, read
from ponte.connectors.rappi.view import view
from ponte.domain.origem import EventoNeutro, PedidoNeutro

Order = dict[str, Any]
EVENT_NAMES = [None, "new_order", "orders", "new_order_scheduled", "anything", *EVENTOS]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
NAMES = st.sampled_from(
    ["order_detail", "order_id", "items", "subitems", "quantity", "price", "sku", "id", "totals",
     "charges", "other_totals", "discounts", "customer", "store", "store_id", "event", "event_time",
     "results", "deliveries", "action", "created_at", "place_at", "additional_information",
     "status", "lat", "lng", "message", "secret", "stores", "access_token", "is_enabled", "enabled"]
)  # fmt: skip
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=25,
)


def one(documento: object, evento: str | None = "new_order") -> Order:
    (lido,) = parse(evento, documento)
    return view(lido)


def item(**fields: Any) -> Order:
    return {"sku": "A", "id": "1", "name": "Arroz", "price": 10, "quantity": 2, **fields}


# ---------------------------------------------------------------- any document


@given(documento=ANY_JSON, evento=st.sampled_from(EVENT_NAMES))
def test_no_json_makes_it_raise(documento: object, evento: str | None) -> None:
    texto = json.dumps(documento)

    seen = parse_file(texto, evento)

    json.dumps(seen, allow_nan=False).encode()


@given(conteudo=st.text(max_size=60) | st.binary(max_size=60).map(lambda x: x.decode("latin-1")))
def test_no_text_makes_it_raise(conteudo: str) -> None:
    json.dumps(parse_file(conteudo))


@given(corpo=st.binary(max_size=60))
def test_no_bytes_make_it_raise(corpo: bytes) -> None:
    assert isinstance(read("new_order", corpo), list)


@pytest.mark.parametrize(
    "conteudo",
    [
        "[" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"order_detail":{"order_id":' + "9" * 5_000 + "}}",
        '{"order_detail":{"order_id":"1","totals":{"total_order":1e999999999999999999999}}}',
        '{"order_detail":{"order_id":"1","items":[{"quantity":1e999999,"price":NaN}]}}',
        '{"order_detail":{"order_id":"1","items":[{"name":"\\ud800\\u0000"}]}}',
        '{"order_detail":{"order_id":"1","created_at":"0001-01-01T00:00:00+14:00"}}',
        '{"order_detail":{"order_id":"1","created_at":"9999-12-31T23:59:59-14:00"}}',
        "",
    ],
    ids=["deep", "deep objects", "long number", "big exponent", "NaN", "surrogate", "first", "last",
         "empty"],
)  # fmt: skip
def test_a_hostile_document_is_shown_and_does_not_raise(conteudo: str) -> None:
    json.dumps(parse_file(conteudo), allow_nan=False, ensure_ascii=False).encode()


# ---------------------------------------------------------------- lines


def test_subitems_of_three_levels_leave_the_shelf_for_each_unit_of_their_parent(
    pedido_minimo: Order,
) -> None:
    sauce = {"sku": "S", "id": "3", "name": "Molho", "price": 1, "quantity": 2}
    bread = {"sku": "B", "id": "2", "name": "Pão", "price": 5, "quantity": 3, "subitems": [sauce]}
    pedido_minimo["order_detail"]["items"] = [item(quantity=2, subitems=[bread])]

    seen = one(pedido_minimo)

    assert seen["stock_movements_by_sku"] == {"A": -2, "B": -6, "S": -12}
    (inner,) = cast("Any", seen)["items"][0]["options"][0]["options"]
    assert (inner["quantity_per_unit"], inner["quantity_total"]) == (2, 12)


def test_lines_of_the_same_sku_add_up(pedido_minimo: Order) -> None:
    pedido_minimo["order_detail"]["items"] = [item(quantity=2), item(quantity=1, id="2")]

    assert one(pedido_minimo)["stock_movements_by_sku"] == {"A": -3}


@pytest.mark.parametrize("sku", [None, "", "   ", True, {}, []])
def test_a_line_without_a_sku_stays_and_moves_no_stock(pedido_minimo: Order, sku: object) -> None:
    pedido_minimo["order_detail"]["items"] = [item(sku=sku)]

    seen = one(pedido_minimo)

    assert seen["stock_movements_by_sku"] == {}
    assert seen["lines_without_sku"] == ["1"]
    assert len(cast("Any", seen)["items"]) == 1


@pytest.mark.parametrize(
    ("sku", "expected"), [(2089918082, "2089918082"), (" 0009 ", "0009"), (7.0, "7")]
)
def test_a_sku_is_text_whatever_it_was(pedido_minimo: Order, sku: object, expected: str) -> None:
    pedido_minimo["order_detail"]["items"] = [item(sku=sku)]

    assert one(pedido_minimo)["stock_movements_by_sku"] == {expected: -2}


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("3", 3), (3.0, 3), ("2.5", "2.5"), (None, 1), ("many", 1), (True, 1), (0, 0), (-1, -1)],
)
def test_a_quantity_is_read_where_it_can_be(
    pedido_minimo: Order, quantity: object, expected: object
) -> None:
    pedido_minimo["order_detail"]["items"] = [item(quantity=quantity)]

    (linha,) = cast("Any", one(pedido_minimo))["items"]

    assert linha["quantity"] == expected


@pytest.mark.parametrize("quantity", [0, -5])
def test_a_quantity_below_one_never_raises_the_stock(pedido_minimo: Order, quantity: int) -> None:
    pedido_minimo["order_detail"]["items"] = [item(quantity=quantity)]

    seen = one(pedido_minimo)

    assert seen["stock_movements_by_sku"] == {}
    assert "item with quantity 0 or less moves no stock" in cast("Any", seen)["warnings"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"price": None, "unit_price_without_discount": 9.5}, "9.5"),
        ({"price": "", "unit_price_with_discount": "8.50"}, "8.50"),
        ({"price": "10,50"}, "10.50"),
        ({"price": 0}, "0"),
        ({"price": "free"}, None),
    ],
)
def test_the_unit_price_is_the_first_that_can_be_read(
    pedido_minimo: Order, fields: Order, expected: str | None
) -> None:
    pedido_minimo["order_detail"]["items"] = [item(**fields)]

    (linha,) = cast("Any", one(pedido_minimo))["items"]

    assert linha["unit_price"] == expected


@pytest.mark.parametrize("itens", [None, "none", {}, [None, 3, "x"], []])
def test_an_order_without_readable_items_is_still_an_order(
    pedido_minimo: Order, itens: object
) -> None:
    pedido_minimo["order_detail"]["items"] = itens

    seen = one(pedido_minimo)

    assert seen["event"] == "new_order"
    assert "no readable item" in cast("Any", seen)["warnings"]


# ---------------------------------------------------------------- the order


def test_amounts_keep_the_decimals_they_were_sent_with() -> None:
    conteudo = '{"order_detail":{"order_id":"1","totals":{"total_order":10.10,"total_products":7}}}'

    (pedido,) = read("new_order", conteudo)

    assert isinstance(pedido, PedidoNeutro)
    assert pedido.totais.pedido == Decimal("10.10")
    assert cast("Any", view(pedido))["totals"]["order"] == "10.10"
    assert cast("Any", view(pedido))["totals"]["gross_items"] == "7"


def test_totals_that_do_not_add_up_warn_and_the_platform_wins(pedido_minimo: Order) -> None:
    pedido_minimo["order_detail"]["totals"]["total_products"] = 99

    seen = cast("Any", one(pedido_minimo))

    assert seen["totals"]["gross_items"] == "99"
    assert seen["warnings"] == ["items add up to 10000.0, the platform says 99"]


def test_without_platform_totals_the_gross_is_our_own_sum(pedido_minimo: Order) -> None:
    pedido_minimo["order_detail"].update(totals=None, items=[item()])

    assert cast("Any", one(pedido_minimo))["totals"]["gross_items"] == "20"


def test_older_documents_split_their_discounts(pedido_minimo: Order) -> None:
    pedido_minimo["order_detail"]["totals"] = {
        "total_products_without_discount": 50,
        "total_products_with_discount": 45,
        "total_other_discounts": 2,
    }

    assert cast("Any", one(pedido_minimo))["totals"]["discounts"] == "7"


@pytest.mark.parametrize("customer", [None, {}, "hidden", [], {"first_name": " ", "email": None}])
def test_a_hidden_customer_is_null(pedido_minimo: Order, customer: object) -> None:
    pedido_minimo["customer"] = customer

    assert one(pedido_minimo)["customer"] is None


@pytest.mark.parametrize(
    ("sent", "key", "expected"),
    [
        ("2019-04-10T11:12:57.000Z", "created_at_utc", "2019-04-10T11:12:57Z"),
        ("2019-04-10T11:12:57.120Z", "created_at_utc", "2019-04-10T11:12:57.120Z"),
        ("2026-09-18T10:19:09-03:00", "created_at_utc", "2026-09-18T13:19:09Z"),
        ("2026-09-18 10:19:09", "created_at_local", "2026-09-18T10:19:09"),
        ("18/09/2026 10:19:09", "created_at_local", "2026-09-18T10:19:09"),
        (1789737549, "created_at_utc", "2026-09-18T13:19:09Z"),
        ("1789737549000", "created_at_utc", "2026-09-18T13:19:09Z"),
        ("soon", "created_at_utc", None),
        (None, "created_at_utc", None),
    ],
)
def test_a_time_is_utc_or_says_that_it_is_local(
    pedido_minimo: Order, sent: object, key: str, expected: str | None
) -> None:
    pedido_minimo["order_detail"]["created_at"] = sent

    assert one(pedido_minimo)[key] == expected


def test_enums_of_any_letter_case_and_unknown_ones_are_kept(pedido_minimo: Order) -> None:
    pedido_minimo["order_detail"].update(
        delivery_method="PICKUP", delivery_operation_type="Drone", payment_method="PIX"
    )

    seen = cast("Any", one(pedido_minimo))

    assert (seen["fulfilment"], seen["operation"]) == ("pickup", "drone")
    assert seen["payment"]["method"] == "PIX"


def test_cash_is_collected_by_the_shop_only_without_the_courier_of_rappi(
    pedido_minimo: Order,
) -> None:
    pedido_minimo["order_detail"].update(delivery_method="marketplace", payment_method="cash")
    pedido_minimo["order_detail"]["totals"]["total_to_pay"] = 45.9

    seen = cast("Any", one(pedido_minimo))

    assert seen["payment"] == {"method": "cash", "to_collect": "45.9", "prepaid": False}


def test_ids_are_text(pedido_minimo: Order) -> None:
    pedido_minimo["order_detail"]["order_id"] = 1308613474
    pedido_minimo["store"] = {"internal_id": 900105814, "external_id": 77}

    seen = one(pedido_minimo)

    assert seen["external_id"] == "1308613474"
    assert seen["store"] == {"platform_id": "900105814", "partner_id": "77"}


def test_the_same_order_twice_in_a_list_is_one_order(pedido_minimo: Order) -> None:
    documentos = parse("orders", [pedido_minimo, pedido_minimo])

    assert len(documentos) == 1


def test_an_announcement_moves_no_stock_and_waits_for_no_acceptance(
    sample: Callable[[str], str],
) -> None:
    (pedido,) = read("new_order", sample("new_order_scheduled.json"))

    assert isinstance(pedido, PedidoNeutro)
    assert pedido.agendado
    assert pedido.movimentos_por_sku() == {}
    assert pedido.prazo_aceite_s is None
    assert pedido.agendado_para is not None
    assert pedido.agendado_para.valor == datetime(2026, 7, 22, 17, 35)  # noqa: DTZ001 - shop time


# ---------------------------------------------------------------- events


@pytest.mark.parametrize("motivo", [*sorted(CANCELAMENTOS), "cancelled_for_a_new_reason"])
def test_every_cancel_event_cancels_whatever_its_reason(motivo: str) -> None:
    (evento,) = parse(
        "order_event_cancel", {"event": motivo, "order_id": 106, "store_id": 900109448}
    )

    assert isinstance(evento, EventoNeutro)
    assert (evento.cancela, evento.pedido_externo, evento.motivo) == (True, "106", motivo)


def test_a_cancelled_announcement_cancels_and_names_its_shop() -> None:
    detalhe = {"order_id": 7, "store_id": 900105814, "place_at": "2026-07-22 17:35:00"}

    for evento in ("new_order_scheduled_cancelled", None):
        (lido,) = parse(evento, {"order_detail": detalhe, "action": "cancelled"})

        assert isinstance(lido, EventoNeutro)
        assert (lido.cancela, lido.pedido_externo) == (True, "7")
        assert lido.loja.plataforma_id == "900105814"


def test_the_courier_of_an_order_is_left_behind(sample: Callable[[str], str]) -> None:
    seen = one(json.loads(sample("order_other_event.json")), "order_other_event")

    assert seen["eta_to_store"] == 147
    assert "Apellido" not in json.dumps(seen)


def test_a_tracking_event_keeps_the_time_and_not_the_place() -> None:
    corpo = {
        "lat": 4.6, "lng": -74.1, "eta_in_millis": 60000, "eta_type": "PICKUP", "order_id": 9,
        "store_id": 3, "courier_id": 4, "created_at": "21/04/2026 10:00:00",
    }  # fmt: skip

    seen = one(corpo, None)

    assert seen["event"] == "order_rt_tracking"
    assert seen["event_time_local"] == "2026-04-21T10:00:00"
    assert "lat" not in seen


def test_the_sandbox_words_connectivity_differently() -> None:
    corpo = {"store_id": 5, "online": "false", "checked_at": "2026-04-21T10:00:00Z"}

    seen = one(corpo, "store_connectivity")

    assert (seen["platform_store_id"], seen["enabled"]) == ("5", False)


@pytest.mark.parametrize(
    ("evento", "documento", "reason"),
    [
        ("new_order", {"order_id": "1"}, "order_detail missing"),
        ("new_order", {"order_detail": {"items": []}}, "order_id missing"),
        ("new_order", "text", "an object was expected"),
        ("order_event_cancel", {"event": "cancel_by_user"}, "order_id missing"),
    ],
)
def test_what_can_not_be_read_says_why(evento: str, documento: object, reason: str) -> None:
    seen = one(documento, evento)

    assert seen == {"source": "rappi", "event": "unreadable", "reason": reason}


def test_an_event_that_nobody_announced_is_unknown_and_no_order(pedido_minimo: Order) -> None:
    assert one(pedido_minimo, "new_order_v9")["event"] == "unknown"


def test_a_file_of_several_deliveries_gives_a_list_without_repeats(pedido_minimo: Order) -> None:
    conteudo = json.dumps({"deliveries": [pedido_minimo, pedido_minimo, {"store_id": 999}]})

    seen = cast("Any", parse_file(conteudo))

    assert [x["event"] for x in seen] == ["new_order", "ping"]
