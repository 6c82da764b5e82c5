"""Webhook: a delivery is verified by its bytes, and PING tells about the shop."""

from collections.abc import Callable

import pytest

from ponte.connectors.rappi.settings import RappiSettings
from ponte.connectors.rappi.verify import sign
from ponte.connectors.rappi.webhook import RappiWebhook
from ponte.ports import Pedido2xx, WebhookRequest

SECRET = "ponte-test-secret-rappi"


def webhook(**given: str) -> RappiWebhook:
    return RappiWebhook(RappiSettings.model_validate({"webhook_secrets": SECRET, **given}))


def request(evento: str, body: bytes, *, secret: str = SECRET) -> WebhookRequest:
    headers = {"rappi-signature": sign(body, secret, timestamp="1790000000000")}
    return WebhookRequest(evento, headers, {}, body)


def shop(*abertas: str) -> Callable[[str], bool | None]:
    return lambda loja: True if loja in abertas else None


def test_a_signed_delivery_comes_in_and_another_does_not() -> None:
    signed, forged = request("ping", b"{}"), request("ping", b"{}", secret="other")

    assert webhook().verify(signed, now_ms=0)
    assert not webhook().verify(forged, now_ms=0)


def test_the_skew_limit_of_the_settings_holds() -> None:
    old = request("ping", b"{}")

    assert not webhook(max_skew_s="60").verify(old, now_ms=1_790_000_061_000)


@pytest.mark.parametrize("evento", ["ping", "PING", "Ping"])
def test_a_ping_of_an_open_shop_is_ok_and_is_not_stored(evento: str) -> None:
    reply = webhook().reply(request(evento, b'{"store_id": 999}'), aberta=shop("999"))

    assert reply == Pedido2xx({"status": "OK", "description": "Loja aberta"}, store=False)


def test_a_ping_of_an_unknown_shop_is_answered_and_not_ok() -> None:
    mapped = webhook(stores="1=1")

    reply = mapped.reply(request("ping", b'{"store_id": 999}'), aberta=lambda _loja: True)

    assert reply.corpo["status"] == "UNKNOWN"


def test_a_ping_of_a_closed_shop_is_not_ok() -> None:
    reply = webhook().reply(request("ping", b'{"store_id": 999}'), aberta=lambda _loja: False)

    assert reply.corpo["status"] == "CLOSED"


def test_a_ping_asks_for_the_shop_by_the_platform_id() -> None:
    mapped = webhook(stores="30000011/123445=1")

    reply = mapped.reply(request("ping", b'{"store_id": 123445}'), aberta=shop("30000011"))

    assert reply.corpo["status"] == "OK"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"store_id": null}', b"[" * 10**5])
def test_a_ping_that_names_no_shop_is_not_ok(body: bytes) -> None:
    reply = webhook().reply(request("ping", body), aberta=lambda _loja: True)

    assert reply.corpo["status"] != "OK"


def test_every_other_event_is_stored() -> None:
    assert webhook().reply(request("new_order", b"{}"), aberta=shop()) == Pedido2xx()
