"""Build: the calls are those of Rappi's reference, on both families of routes."""

from typing import Any, cast

import pytest

from ponte.connectors.rappi.build import MAX_ITEMS, Motivo, Rotas
from ponte.errors import ConfiguracaoInvalida, Permanente

LEGACY = Rotas("https://legacy.test", "https://new.test")
NEW = Rotas("https://legacy.test", "https://new.test", novas=True)
PREFIX = "https://legacy.test/api/v2/restaurants-integrations-public-api"
NEW_ORDER = "https://new.test/restaurants/orders/v1/stores/9/orders/1"


def test_legacy_routes_are_those_of_the_certification() -> None:
    calls = [
        LEGACY.take("1", loja=None),
        LEGACY.take("1", loja="9", minutos=20),
        LEGACY.ready("1", loja=None),
        LEGACY.orders(),
        LEGACY.orders(loja="9"),
        LEGACY.orders_sent(),
        LEGACY.events("1"),
        LEGACY.stores(),
        LEGACY.webhooks("PING"),
    ]

    assert [(x.metodo, x.url.removeprefix(PREFIX)) for x in calls] == [
        ("PUT", "/orders/1/take"),
        ("PUT", "/orders/1/take/20"),
        ("POST", "/orders/1/ready-for-pickup"),
        ("GET", "/orders"),
        ("GET", "/orders?storeId=9"),
        ("GET", "/orders/status/sent"),
        ("GET", "/orders/1/events"),
        ("GET", "/stores-pa"),
        ("GET", "/webhook/PING"),
    ]


def test_new_routes_name_the_shop() -> None:
    calls = [
        NEW.take("1", loja="9"),
        NEW.take("1", loja="9", minutos=20),
        NEW.ready("1", loja="9"),
        NEW.reject("1", loja="9", motivo=Motivo("STORE_CLOSED", "Fechada")),
        NEW.orders(loja="9"),
    ]

    assert [(x.metodo, x.url) for x in calls] == [
        ("PUT", f"{NEW_ORDER}/take"),
        ("PUT", f"{NEW_ORDER}/cooking_time/20/take"),
        ("POST", f"{NEW_ORDER}/ready-for-pickup"),
        ("PUT", f"{NEW_ORDER}/cancel_type/STORE_CLOSED/reject"),
        ("GET", "https://new.test/restaurants/orders/v1/stores/9/orders"),
    ]


def test_new_routes_without_a_shop_are_refused() -> None:
    with pytest.raises(Permanente):
        NEW.take("1", loja=None)


def test_the_token_is_asked_for_at_the_new_address() -> None:
    call = LEGACY.token("id", "secret")

    assert call.url == "https://new.test/restaurants/auth/v1/token/login/integrations"
    assert call.json == {"client_id": "id", "client_secret": "secret"}


def test_an_id_that_is_no_number_stays_one_part_of_the_path() -> None:
    assert LEGACY.events("a/../b?c").url == f"{PREFIX}/orders/a%2F..%2Fb%3Fc/events"


def test_a_rejection_names_the_items_that_are_gone() -> None:
    call = LEGACY.reject("1", loja=None, motivo=Motivo("ITEM_NOT_FOUND", "Acabou", ["sku1"]))

    assert call.json == {
        "reason": "Acabou",
        "cancel_type": "ITEM_NOT_FOUND",
        "items_ids": [],
        "items_skus": ["sku1"],
    }


@pytest.mark.parametrize("motivo", [Motivo("ITEM_NOT_FOUND", "Acabou"), Motivo("BORED", "")])
def test_a_rejection_that_rappi_would_refuse_is_not_sent(motivo: Motivo) -> None:
    with pytest.raises(Permanente):
        LEGACY.reject("1", loja=None, motivo=motivo)


def test_no_availability_call_holds_more_than_a_hundred_items() -> None:
    on, off = [f"on{i}" for i in range(130)], [f"off{i}" for i in range(90)]

    calls = LEGACY.availability("9", on=on, off=off)

    bodies = [cast("Any", call.json)[0] for call in calls]
    sizes = [len(x["items"]["turn_on"]) + len(x["items"]["turn_off"]) for x in bodies]
    assert sizes == [MAX_ITEMS, MAX_ITEMS, 20]
    assert [sku for x in bodies for sku in x["items"]["turn_on"]] == on
    assert [sku for x in bodies for sku in x["items"]["turn_off"]] == off
    assert {x["store_integration_id"] for x in bodies} == {"9"}


def test_an_item_that_goes_on_and_off_goes_off() -> None:
    (call,) = LEGACY.availability("9", on=["a", "b", "a"], off=["b"])

    assert cast("Any", call.json)[0]["items"] == {"turn_on": ["a"], "turn_off": ["b"]}


def test_nothing_to_switch_is_no_call() -> None:
    assert LEGACY.availability("9", on=[], off=[]) == []


def test_a_webhook_is_registered_for_shops() -> None:
    call = LEGACY.register_webhook("NEW_ORDER", url="https://ponte.test/w", lojas=["9"])

    assert call.url == f"{PREFIX}/webhook"
    assert call.json == {
        "event": "NEW_ORDER",
        "data": [{"url": "https://ponte.test/w", "stores": ["9"]}],
    }


@pytest.mark.parametrize("secret", ["", "  "])
def test_a_webhook_that_would_not_be_signed_is_not_registered(secret: str) -> None:
    with pytest.raises(ConfiguracaoInvalida):
        LEGACY.register_client_webhook("c", evento="PING", url="https://x.test", secret=secret)


def test_a_client_webhook_carries_our_secret() -> None:
    call = LEGACY.register_client_webhook("c", evento="PING", url="https://x.test", secret="s")

    assert call.url == f"{PREFIX}/clients/c/webhooks"
    assert call.json == {"event": "PING", "url": "https://x.test", "secret": "s"}
