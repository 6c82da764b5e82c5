"""Webhooks: only TikTok's own bytes are taken, only while they are fresh."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.connectors.tiktok.verify import sign, verify
from ponte.connectors.tiktok.webhook import TiktokWebhook
from ponte.ports import WebhookRequest
from tests.connectors.lent import HERE

VECTORS: list[dict[str, Any]] = json.loads(
    (HERE / "tiktok" / "fixtures" / "signatures.json").read_text()
)
BODY, NOW_S = b'{"event":"im_receive_msg"}', 1_767_225_600


def request(header: str = "", **query: str) -> WebhookRequest:
    headers = {"tiktok-signature": header} if header else {}
    return WebhookRequest(evento="", headers=headers, query=query, body=BODY)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda x: x.get("why", "good"))
def test_the_published_signatures_are_judged_as_published(vector: dict[str, Any]) -> None:
    accepted = verify(
        {vector["header"]: vector["value"]},
        vector["body"].encode(),
        [vector["secret"]],
        now_ms=vector["now"] * 1000,
    )

    assert accepted is vector["accept"]


@pytest.mark.parametrize("secret", ["of-the-app", "of-the-portal", "old", "new"])
def test_every_secret_set_is_valid_at_once(secret: str) -> None:
    settings = TiktokSettings(
        app_secret=SecretStr("of-the-app"),
        client_secret=SecretStr("of-the-portal"),
        webhook_secrets=(SecretStr("old"), SecretStr("new")),
    )
    signed = request(sign(BODY, secret, timestamp=NOW_S))

    assert TiktokWebhook(settings).verify(signed, now_ms=NOW_S * 1000)


@pytest.mark.parametrize("skew_s", [-301, 301])
def test_a_signature_from_another_time_is_refused(skew_s: int) -> None:
    webhook = TiktokWebhook(TiktokSettings(app_secret=SecretStr("s")))
    header = sign(BODY, "s", timestamp=NOW_S + skew_s)

    assert not webhook.verify(request(header), now_ms=NOW_S * 1000)


@pytest.mark.parametrize(
    "header",
    ["", "t=", "s=00", "t=x,s=00", f"t={NOW_S},s=", f"t={NOW_S},s=é", "t=" + "9" * 40 + ",s=00",
     "x" * 5000, f"t=-{NOW_S},s=00", f"t={NOW_S},s={'0' * 64}", "t=²,s=00"],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(header: str) -> None:
    webhook = TiktokWebhook(TiktokSettings(app_secret=SecretStr("s")))

    assert not webhook.verify(request(header), now_ms=NOW_S * 1000)


def test_without_a_secret_nothing_is_taken() -> None:
    header = sign(BODY, "", timestamp=NOW_S)

    assert not TiktokWebhook(TiktokSettings()).verify(request(header), now_ms=NOW_S * 1000)


def test_a_challenge_is_given_back_as_it_came_and_markup_is_not() -> None:
    webhook = TiktokWebhook(TiktokSettings())

    assert webhook.challenge(request(challenge="abc-123_x="), now_ms=0) == "abc-123_x="
    assert webhook.challenge(request(challenge="<script>"), now_ms=0) is None
    assert webhook.challenge(request(), now_ms=0) is None


@pytest.mark.parametrize(
    ("values", "on", "sends"),
    [
        ({}, False, False),
        ({"app_secret": "s"}, True, False),
        ({"webhook_secrets": "a, b"}, True, False),
        ({"business_id": "b", "access_token": "t"}, True, True),
        ({"business_id": "b", "refresh_token": "r"}, False, False),
        ({"business_id": "b", "refresh_token": "r", "app_id": 7, "app_secret": "s"}, True, True),
        ({"app_secret": "", "business_id": ""}, False, False),
    ],
)
def test_it_is_on_only_where_it_can_do_something(
    values: dict[str, Any], *, on: bool, sends: bool
) -> None:
    settings = TiktokSettings.model_validate(values)

    assert (settings.is_on, settings.can_send) == (on, sends)


def test_one_stand_in_may_serve_both_addresses() -> None:
    alone = TiktokSettings(base_url="http://127.0.0.1:1/")
    both = TiktokSettings(base_url="http://127.0.0.1:1", business_base_url="http://127.0.0.1:2/")

    assert alone.business_url == "http://127.0.0.1:1"
    assert both.business_url == "http://127.0.0.1:2"
    assert TiktokSettings().business_url == "https://business-api.tiktok.com"
