"""Samples: every published document becomes what is expected of it."""

import json
from typing import Any

import pytest

from ponte.connectors.rappi.parse import parse_file
from tests.connectors.rappi.conftest import FIXTURES

EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected.json").read_text())
REMARKS = {"note", "rule", "gross_items_check", "personal_data", "reply_status", "reply_body"}
EVENTS = {
    "orders_get_regular.json": "orders",
    "new_order_2026_minimal.json": "new_order",
    "new_order_legacy_totals_3_items.json": "NEW_ORDER",
    "new_order_scheduled.json": "new_order_scheduled",
    "order_event_cancel.json": "order-event-cancel",
    "order_other_event.json": "order_other_event",
    "ping.json": "ping",
    "menu_approved.json": "menu_approved",
    "menu_rejected.json": "menu_rejected",
    "store_connectivity.json": "store_connectivity",
    "store_provisioning_status.json": "store_provisioning_status",
}
OF_NO_EVENT = {
    "availability_enable_response.json": {"enabled": True, "platform_store_id": "90774"},
    "availability_items_request.json": [{"turn_on": ["1111"], "turn_off": ["5555"]}],
    "error_400_store.json": {"event": "error", "classe": "auth"},
    "error_401.json": {"event": "error", "classe": "auth", "reason": "Invalid token"},
    "error_404_app_client.json": {"event": "error", "classe": "auth"},
    "order_events_response.json": [
        {"event": "order_cancelled", "event_time_utc": "2020-05-28T12:31:12.501Z"},
        {"event": "order_status", "status": "taken_visible_order"},
    ],
    "ping_response.json": {"event": "ping_response", "status": "OK"},
    "reject_request.json": {"cancel_type": "ITEM_NOT_FOUND", "items_skus": ["sku1", "sku2"]},
    "stores_pa_response.json": [{"platform_store_id": "890982", "partner_store_id": "111"}],
    "token_response.json": {"event": "token", "expires_in": 604798},
}


def missing(expected: Any, actual: Any, path: str = "") -> list[str]:
    """Return where `actual` lacks what is expected; keys that are not expected are free."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = [key for key in expected if key not in REMARKS]
        return [
            gap
            for key in keys
            for gap in missing(expected[key], actual.get(key, "(absent)"), f"{path}.{key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [gap for i, (e, a) in pairs for gap in missing(e, a, f"{path}[{i}]")]
    return [] if expected == actual else [f"{path}: {expected!r} expected, not {actual!r}"]


def test_no_sample_is_left_without_an_expectation() -> None:
    names = {path.name for path in FIXTURES.glob("*.json")} - {"expected.json", "signatures.json"}

    assert names == EXPECTED.keys() | OF_NO_EVENT.keys()
    assert EVENTS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_sample_is_told_by_its_shape(name: str) -> None:
    view = parse_file((FIXTURES / name).read_text())

    assert missing(EXPECTED[name], view) == []


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_sample_is_read_as_the_event_of_its_address(name: str) -> None:
    view = parse_file((FIXTURES / name).read_text(), EVENTS[name])

    assert missing(EXPECTED[name], view) == []


@pytest.mark.parametrize("name", sorted(OF_NO_EVENT))
def test_answers_and_requests_are_told_by_their_shape(name: str) -> None:
    view = parse_file((FIXTURES / name).read_text())

    assert missing(OF_NO_EVENT[name], view) == []


def test_no_view_shows_a_token_or_a_person_of_a_courier() -> None:
    files = [path.read_text() for path in FIXTURES.glob("*.json") if path.name != "signatures.json"]

    shown = json.dumps([parse_file(content) for content in files], ensure_ascii=False)

    assert "<opaque>" not in shown
    assert "Apellido Ejemplo" not in shown
