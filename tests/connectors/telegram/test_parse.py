"""Parse: every published update becomes what is expected of it, and nothing odd raises."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from ponte.connectors.telegram.parse import parse
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.connectors.telegram.webhook import TelegramWebhook
from ponte.ports import WebhookRequest

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected_events.json").read_text())
BOT = TelegramSettings(bot_username="@ponte_loja_bot")
KEYS = [
    "message", "edited_message", "business_message", "callback_query", "message_reaction",
    "my_chat_member", "deleted_business_messages", "channel_post", "result",
]  # fmt: skip
FIELDS = [
    "chat", "from", "id", "message_id", "date", "text", "photo", "venue", "contact", "poll",
    "entities", "message", "new_reaction", "new_chat_member", "message_ids", "reply_markup",
]  # fmt: skip
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
    ),
    max_leaves=12,
)
updates = st.dictionaries(st.sampled_from([*KEYS, "update_id"]), odd, max_size=3)


def agrees(expected: Any, actual: Any) -> bool:
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(key in actual and agrees(x, actual[key]) for key, x in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(agrees, expected, actual))
    return bool(expected == actual)


def views(**update: Any) -> list[dict[str, Any]]:
    return [x.view() for x in parse(json.dumps(update).encode(), BOT)]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_sample_becomes_what_is_expected(name: str) -> None:
    found = [evento.view() for evento in parse((FIXTURES / name).read_bytes(), BOT)]

    assert agrees(EXPECTED[name], found), found


@settings(deadline=None)
@given(corpo=st.binary(max_size=80) | updates.map(lambda x: json.dumps(x).encode()))
def test_no_body_raises(corpo: bytes) -> None:
    for evento in parse(corpo, TelegramSettings()):
        assert json.dumps(evento.view())


def test_a_message_type_that_nobody_knows_is_shown_to_the_operator() -> None:
    [view] = views(message={"message_id": 1, "chat": {"id": 7}, "dice": {"value": 3}})

    assert (view["type"], view["chat_id"]) == ("unsupported", "7")


def test_what_nobody_wrote_is_no_message() -> None:
    assert views(message={"message_id": 1, "chat": {"id": 7}, "pinned_message": {}}) == []


@pytest.mark.parametrize(("bot", "command"), [("Ponte_Loja_Bot", "status"), ("other_bot", None)])
def test_only_a_command_for_this_bot_is_one(bot: str, command: str | None) -> None:
    text = f"/status@{bot} 12"
    entity = {"type": "bot_command", "offset": 0, "length": len(text) - 3}

    [view] = views(message={"chat": {"id": -7}, "text": text, "entities": [entity]})

    assert view.get("command") == command


def test_the_same_id_in_two_chats_is_two_messages() -> None:
    bodies = [
        json.dumps({"message": {"message_id": 1, "chat": {"id": chat}, "text": "a"}}).encode()
        for chat in (7, 8)
    ]

    one, two = [parse(body, BOT)[0].identity for body in bodies]

    assert one != two


@pytest.mark.parametrize(
    ("headers", "evento", "accepted"),
    [
        ({"x-telegram-bot-api-secret-token": "fake-secret_token-0001"}, "", True),
        ({"x-telegram-bot-api-secret-token": "fake-secret_token-0002"}, "", True),
        ({"x-telegram-bot-api-secret-token": "fake-secret_token-000"}, "", False),
        ({"x-telegram-bot-api-secret-token": "x"}, "fake-secret_token-0001", False),
        ({}, "fake-secret_token-0001", True),
        ({}, "", False),
    ],
)
def test_only_who_knows_a_secret_is_heard(
    headers: dict[str, str], evento: str, *, accepted: bool
) -> None:
    secrets = (SecretStr("fake-secret_token-0001"), SecretStr("fake-secret_token-0002"))
    webhook = TelegramWebhook(TelegramSettings(webhook_secrets=secrets))

    assert webhook.verify(WebhookRequest(evento, headers, {}, b"{}"), now_ms=0) is accepted


def test_without_a_secret_nobody_is_heard() -> None:
    assert not TelegramWebhook(BOT).verify(WebhookRequest("", {}, {}, b"{}"), now_ms=0)
