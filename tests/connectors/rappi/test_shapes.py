"""Shapes: documents without an event are told by what is in them, readers by what they refuse."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ponte.connectors.rappi.parse import parse, parse_file
from ponte.connectors.rappi.view import view
from ponte.domain.leitura import booleano, decimal, in_zone, loads, split, texto
from ponte.domain.origem import Momento, PedidoNeutro

CANCEL = {"event": "cancel_for_a_new_reason", "order_id": "1", "store_id": "2"}
STATUS = {"event": "a_new_status", "order_id": "1", "event_time": "2026-01-02 03:04:05"}


def one(documento: object) -> dict[str, Any]:
    (lido,) = parse(None, documento)
    return view(lido)


@pytest.mark.parametrize(
    ("documento", "expected"),
    [
        (CANCEL, {"event": "order_cancelled", "reason": "cancel_for_a_new_reason"}),
        (STATUS, {"event": "order_status", "status": "a_new_status"}),
        ({**STATUS, "event": "CANCEL_BY_USER"}, {"event": "order_cancelled"}),
        ({"event": "arrive", "order_id": 1}, {"event": "order_status", "external_id": "1"}),
        ({"event": "NEW_ORDER"}, {"event": "unknown", "status": "NEW_ORDER"}),
        ({"store_id": "9", "message": "Menu Rejected"}, {"event": "menu_rejected"}),
        ({"external_store_id": 9, "enabled": 0}, {"partner_store_id": "9", "enabled": False}),
        (
            {"item_id": 2136411305, "item_type": "PRODUCT", "stock_out_state": "AVAILABLE"},
            {"event": "item_availability", "platform_id": "2136411305", "enabled": True},
        ),
        ({"900105433": False}, {"event": "store_availability", "enabled": {"900105433": False}}),
        ({}, {"event": "unknown"}),
        ({"anything": 1}, {"event": "unknown"}),
    ],
)
def test_a_document_without_an_event_is_told_by_its_shape(
    documento: object, expected: dict[str, Any]
) -> None:
    seen = one(documento)

    assert {key: seen.get(key) for key in expected} == expected


def test_a_registered_webhook_shows_that_it_is_signed_and_not_with_what() -> None:
    stores = [{"url": "https://x.test", "store_id": 9, "state": "ENABLE"}]

    seen = one({"event": "PING", "stores": stores, "secret": "canary"})

    assert (seen["signed"], seen["stores"], seen["webhook"]) == (True, {"9": "ENABLE"}, "PING")
    assert "canary" not in str(seen)


def test_a_provisioning_without_a_code_is_judged_by_its_words() -> None:
    results = [
        {"storeId": 1, "status": "ACTIVE"},
        {"storeId": 2, "status": "FAILED"},
        {"storeId": 3, "errorMessage": "no"},
    ]

    seen = one({"batchId": "b", "results": results})

    assert seen["ok"] == ["1"]
    assert seen["failed"] == {"2": [None, None], "3": [None, "no"]}


def test_several_shops_of_one_answer_are_several_views() -> None:
    shops = [{"store_id": i, "is_enabled": bool(i)} for i in range(2)]

    seen = parse_file('{"results": []}'), [view(x) for x in parse(None, {"results": shops})]

    assert isinstance(seen[0], dict)
    assert [x["enabled"] for x in seen[1]] == [False, True]


def test_a_menu_that_nests_for_ever_is_read_to_a_depth() -> None:
    linha: dict[str, Any] = {"sku": "S", "quantity": 1}
    for _ in range(40):
        linha = {"sku": "S", "quantity": 1, "subitems": [linha]}

    (pedido,) = parse("new_order", {"order_detail": {"order_id": 1, "items": [linha]}})

    assert isinstance(pedido, PedidoNeutro)
    assert pedido.movimentos_por_sku() == {"S": Decimal(-9)}


def test_an_unreadable_line_is_left_out_and_told() -> None:
    (pedido,) = parse("new_order", {"order_detail": {"order_id": 1, "items": [{"sku": "A"}, 3]}})

    assert isinstance(pedido, PedidoNeutro)
    assert "1 unreadable items left out" in pedido.avisos


@pytest.mark.parametrize(
    ("valor", "expected"),
    [
        ("10.50", Decimal("10.50")),
        ("1234,5", Decimal("1234.5")),
        (10, Decimal(10)),
        (0.1, Decimal("0.1")),
        ("1.234,50", None),
        ("1e3", None),
        ("", None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (Decimal("1E+400"), None),
        (Decimal("1E-400"), None),
        (10**30, None),
        ([], None),
    ],
)
def test_an_amount_is_a_plain_number(valor: object, expected: Decimal | None) -> None:
    assert decimal(valor) == expected


def test_an_id_longer_than_any_amount_is_still_an_id() -> None:
    assert texto(10**30) == "1" + "0" * 30
    assert texto(10**400) is None


@pytest.mark.parametrize(
    ("valor", "expected"), [("TRUE", True), ("0", False), (1, True), ("yes", None), (None, None)]
)
def test_a_truth_value_may_be_text(valor: object, expected: object) -> None:
    assert booleano(valor) is expected


def test_a_list_is_split_into_the_bytes_of_its_elements() -> None:
    corpo = ' [ {"a": 1.50} ,\n[2, "],["],"é" ] '

    assert split(corpo) == [b'{"a": 1.50}', b'[2, "],["]', b'"\xc3\xa9"']
    assert split(b"[]") == []


@pytest.mark.parametrize("corpo", [b"{}", b"[1", b"", b"\xff", b"[" * 100_000])
def test_what_is_no_list_is_not_split(corpo: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of JSON, of UTF-8 and of our own
        split(corpo)


def test_a_file_saved_on_windows_is_read() -> None:
    assert loads("\ufeff[1]") == loads(b"\xef\xbb\xbf[1]") == [1]
    assert isinstance(parse_file("\ufeff[]"), list)


def test_a_time_at_the_edge_of_the_calendar_is_no_time() -> None:
    tarde = Momento(datetime(9999, 12, 31, 23, 59))  # noqa: DTZ001 - the time of the shop

    assert in_zone(tarde, ZoneInfo("America/Sao_Paulo")) is None
    assert in_zone(tarde, UTC) == Momento(datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
