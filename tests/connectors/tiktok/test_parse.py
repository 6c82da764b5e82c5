"""Parse: odd payloads of customers are shown, odd payloads of the platform do no harm."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ponte.connectors.tiktok.parse import PUBLISH, parse
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.domain.evento import EventoDeCanal

SHOP, PERSON = "-000FAKE_shop", "+FAKEperson/01"
NAMES = ["im_receive_msg", "im_receive_msg_eu", "im_send_msg", "im_mark_read_msg",
         "im_referral_msg", "im_auto_message_sent", "comment.update", "authorization.removed",
         *PUBLISH]  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=10,
)
fields = st.sampled_from([
    "from_user", "to_user", "unique_identifier", "conversation_id", "message_id", "timestamp",
    "type", "text", "image", "video", "sticker", "emoji", "share_post", "referral", "read",
    "referenced_message_info", "message_tag", "publish_id", "post_id", "reason", "ad",
    "comment_action", "comment_id", "short_link", "from",
])  # fmt: skip


def read(event: str, content: Any, **outer: Any) -> list[EventoDeCanal]:
    body = {"event": event, "user_openid": SHOP, "create_time": 1767225600, **outer}
    packed = content if isinstance(content, str) else json.dumps(content)
    return parse(json.dumps({**body, "content": packed}).encode(), TiktokSettings())


def said(**parts: Any) -> dict[str, Any]:
    return {
        "from": "cliente_um",
        "from_user": {"id": PERSON, "role": "personal_account"},
        "to_user": {"id": SHOP, "role": "business_account"},
        "unique_identifier": PERSON,
        "conversation_id": "a1FAKE==",
        "message_id": "u1FAKE==",
        "timestamp": 1767225600123,
        **parts,
    }


def test_text_may_be_a_plain_string_and_its_type_in_capitals() -> None:
    [event] = read("im_receive_msg_eu", said(type="TEXT", text="Oi"))

    assert (event.type, event.text, event.timestamp_ms) == ("text", "Oi", 1767225600123)
    assert event.pessoa == ("a1FAKE==", PERSON)


@pytest.mark.parametrize("tipo", ["poll", "live_gift", "", None, 7, ["text"]])
def test_an_unknown_message_is_shown_as_unsupported(tipo: object) -> None:
    [event] = read("im_receive_msg", said(type=tipo))

    assert (event.kind, event.type, event.message_id) == ("message", "unsupported", "u1FAKE==")


@pytest.mark.parametrize("kind", ["sticker", "emoji"])
def test_stickers_and_drawn_emoji_are_stickers(kind: str) -> None:
    [event] = read("im_receive_msg", said(type=kind, **{kind: {"url": "https://x.example/s"}}))

    assert (event.type, event.media[0].url) == ("sticker", "https://x.example/s")


def test_a_shared_post_without_an_address_keeps_its_id_to_the_last_digit() -> None:
    content = json.dumps(said(type="share_post", share_post={"video_id": 7600000000000000099}))

    [event] = read("im_receive_msg", content)

    assert event.view()["post_id"] == "7600000000000000099"


def test_the_customer_of_an_echo_is_whom_it_went_to() -> None:
    people = {
        "from_user": {"id": SHOP, "role": "business_account"},
        "to_user": {"id": PERSON},
        "unique_identifier": SHOP,
    }

    [event] = read("im_send_msg", said(type="text", text={"body": "Olá"}, **people))

    assert (event.from_me, event.sender_id) == (True, SHOP)
    assert event.pessoa == ("a1FAKE==", PERSON)


@pytest.mark.parametrize(("source", "origin"), [("WEB", "app"), ("API", "api"), ("OTHERS", None)])
def test_an_echo_says_where_it_was_written(source: str, origin: str | None) -> None:
    [event] = read("im_send_msg", said(type="text", text="x", message_tag={"source": source}))

    assert event.origin == origin


def test_what_the_shop_itself_read_is_no_event() -> None:
    content = said(from_user={"id": SHOP, "role": "BUSINESS_ACCOUNT"})

    assert read("im_mark_read_msg", {**content, "read": {"last_read_timestamp": 1}}) == []


@pytest.mark.parametrize(
    ("referral", "expected"),
    [
        ({"ad": [{"ad_id": "1", "timestamp": 5}, {"ad_id": "2", "timestamp": 9}]},
         {"source": "ad", "ad_id": "2"}),
        ({"short_link": {"ref": "promo"}}, {"source": "short_link", "ref": "promo"}),
        ({"short_link": [{"ref": "promo"}]}, {"source": "short_link", "ref": "promo"}),
        ("?", {}),
    ],
)  # fmt: skip
def test_a_referral_is_read_in_each_of_its_forms(referral: object, expected: object) -> None:
    [event] = read("im_referral_msg", said(referral=referral))

    assert event.referral == expected


def test_a_comment_is_told_once_it_is_written_with_its_ids_exact() -> None:
    comment = {"comment_id": 7600000000000000013, "video_id": 7600000000000000014,
               "comment_action": "insert", "text": "quanto?", "unique_identifier": "u"}  # fmt: skip

    [event] = read("comment.update", comment)

    assert (event.kind, event.message_id, event.text) == (
        "comment", "7600000000000000013", "quanto?",
    )  # fmt: skip
    assert read("comment.update", {**comment, "comment_action": "delete"}) == []


def test_the_older_events_of_the_share_kit_name_their_share() -> None:
    [event] = read("video.upload.failed", {"share_id": "video.1"})

    assert (event.status, event.view()["publish_id"]) == ("failed", "video.1")


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b"\xff\xfe", b'{"event": "im_receive_msg", "content": "{"}',
     b'{"event": ["im_receive_msg"], "content": "{}"}', b'{"event": "tomorrow", "content": "{}"}'],
)  # fmt: skip
def test_what_can_not_be_read_or_is_unknown_yields_nothing(body: bytes) -> None:
    assert parse(body, TiktokSettings()) == []


@settings(deadline=None)  # others share the machine
@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise(body: bytes) -> None:
    assert isinstance(parse(body, TiktokSettings()), list)


@settings(deadline=None)
@given(
    st.sampled_from(NAMES),
    st.dictionaries(fields, json_values, max_size=8),
    json_values,
)
def test_no_fields_of_any_type_raise(name: str, content: dict[str, Any], outer: Any) -> None:
    body = {"event": name, "content": content, "user_openid": outer, "create_time": outer}

    events = parse(json.dumps(body).encode(), TiktokSettings())

    for event in events:
        assert json.dumps(event.view())
        assert event.identity
        assert event.channel == "tiktok"
