"""Further: shapes that the contracts of Instagram and Messenger name and no sample shows whole."""

import json
from typing import Any

import pytest

from ponte.connectors.meta.verify import sign, verify
from tests.connectors.lent import answer
from tests.connectors.meta.redes import REDES, RedeDeTeste
from tests.connectors.shapes import gaps

QUANDO = 1767225600000
FOTO, DEDO = "https://cdn.test/1", 369239263222822
LUGAR = {"latitude": -23.5, "longitude": -46.6}


def of(kind: str, url: str | None = FOTO) -> list[dict[str, Any]]:
    return [{"kind": kind, "url": url}]


def hung(*anexos: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"message": {"mid": "m1", "attachments": list(anexos), **more}}


def file(kind: str, url: str = FOTO, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": {"url": url, **payload}}


def shown(rede: RedeDeTeste, body: Any) -> list[dict[str, Any]]:
    return [event.view() for event in rede.parse(json.dumps(body).encode())]


MESSAGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"message": {"mid": "m1", "text": "Oi 👋🏽\nolá"}}, {"type": "text", "text": "Oi 👋🏽\nolá"}),
    ({"message": {"mid": 10**17 + 1, "text": "a"}}, {"message_id": "100000000000000001"}),
    ({"message": {"mid": "m1"}}, {"type": "unsupported", "text": None}),
    ({"message": {"mid": "m1", "is_unsupported": "true", "text": "a"}}, {"type": "unsupported"}),
    ({"message": {"mid": "m1", "text": "a", "reply_to": {"mid": "m0", "is_self_reply": True}}},
     {"reply_to": "m0", "type": "text"}),
    ({"message": {"mid": "m1", "text": "a", "reply_to": {"mid": "m0", "story": {"id": 7}}}},
     {"reply_to": None, "story_id": "7"}),
    ({"message": {"mid": "m1", "text": "Sim", "quick_reply": {"payload": "S"}}},
     {"type": "interactive", "choice_id": "S", "text": "Sim"}),
    ({"message": {"mid": "m1", "text": "Sim", "quick_reply": {}}}, {"type": "text"}),
    ({"message": {"mid": "m1", "text": "a", "referral": {
        "ref": "r", "ad_id": 12, "source": "ADS", "type": "OPEN_THREAD",
        "ads_context_data": {"ad_title": "T", "product_id": 5}}}},
     {"referral": {"source": "ADS", "ad_id": "12", "ref": "r", "product_id": "5"}}),
    *[(hung(file(told)), {"type": want, "media": of(want), "text": None}) for told, want in (
        ("image", "image"), ("VIDEO", "video"), ("audio", "audio"), ("file", "document"),
        ("share", "share"), ("ig_post", "share"), ("ig_reel", "share"), ("reel", "share"),
        ("post", "share"))],
    (hung(file("story_mention")), {"type": "story_mention", "media": of("story")}),
    (hung(file("image"), file("video", "https://cdn.test/2"), text="olha"),
     {"type": "image", "text": "olha",
      "media": [*of("image"), *of("video", "https://cdn.test/2")]}),
    (hung(file("image"), file("image")), {"media": of("image") * 2}),
    (hung({"type": "like_heart"}), {"type": "sticker", "text": "❤️", "media": []}),
    (hung({"type": "ephemeral"}), {"type": "unsupported", "media": []}),
    (hung({"type": "hologram"}, text="a"), {"type": "unsupported", "text": "a"}),
    (hung({"type": "fallback", "title": "T", "payload": {"url": FOTO}}),
     {"type": "text", "text": f"T {FOTO}", "media": []}),
    (hung({"type": "fallback", "url": FOTO, "title": "T"}, text=FOTO),
     {"type": "text", "text": FOTO, "media": []}),
    (hung({"type": "fallback", "payload": None}), {"type": "unsupported", "text": None}),
    (hung(file("fallback"), file("image"), text="a"), {"type": "image", "media": of("image")}),
    (hung({"type": "location", "title": "Pin", "payload": {"coordinates": {
        "lat": "-23.5", "long": -46.6}}}),
     {"type": "location", "location": {**LUGAR, "name": "Pin", "address": None}}),
    (hung(file("image", sticker_id=1)), {"type": "sticker", "text": None, "media": of("sticker")}),
    (hung(file("image"), sticker_id=DEDO), {"type": "sticker", "text": "👍"}),
    (hung(file("sticker"), sticker_id=str(DEDO)), {"type": "sticker", "text": "👍"}),
    (hung(file("image", sticker_id=DEDO), file("sticker", "https://cdn.test/2")),
     {"type": "sticker", "text": "👍", "media": of("sticker")}),
    (hung(file("image"), file("sticker", "https://cdn.test/2"), sticker_id=1),
     {"type": "sticker", "media": of("sticker")}),
    (hung({"type": "template", "payload": {"template_type": "generic", "elements": [
        {"title": "Tênis"}, {"title": "Bota"}]}}), {"type": "interactive",
                                                   "text": "Tênis\nBota"}),
    ({"message": None}, {"type": "unsupported", "message_id": None}),
]  # fmt: skip


@pytest.mark.parametrize(("item", "want"), MESSAGES)
@pytest.mark.parametrize("where", ["messaging", "standby"])
def test_what_a_person_wrote_is_told(
    rede: RedeDeTeste, where: str, item: dict[str, Any], want: dict[str, Any]
) -> None:
    common = {"channel": rede.channel, "account": rede.loja, "kind": "message",
              "chat_id": rede.pessoa, "sender_id": rede.pessoa, "from_me": False,
              "timestamp_ms": QUANDO, "standby": where == "standby"}  # fmt: skip

    events = [event.view() for event in rede.posted(item, where=where)]

    assert gaps([common | want], events) == []


REAGE = {"mid": "m0", "action": "react"}
OTHERS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"message": {"mid": "m1", "is_deleted": True}},
     [{"kind": "delete", "target_id": "m1", "message_id": None}]),
    ({"message_edit": {"mid": "m1", "text": "b", "num_edit": "1"}},
     [{"kind": "edit", "target_id": "m1", "text": "b"}]),
    ({"reaction": {**REAGE, "reaction": "other", "emoji": "🔥"}},
     [{"kind": "reaction", "target_id": "m0", "reaction": "🔥"}]),
    ({"reaction": {**REAGE, "reaction": "wow"}}, [{"reaction": "😮"}]),
    ({"reaction": {"mid": "m0", "action": "unreact", "emoji": "🔥"}}, [{"reaction": ""}]),
    ({"postback": {"mid": "m1", "title": "Sim"}}, [{"kind": "postback", "message_id": "m1",
                                                   "choice_id": None, "text": "Sim"}]),
    ({"postback": {"title": "Sim", "payload": "S", "referral": {"ref": "r", "source": "ADS"}}},
     [{"choice_id": "S", "referral": {"ref": "r", "source": "ADS"}, "message_id": None}]),
    ({"referral": {"ref": "r", "source": "SHORTLINK", "type": "OPEN_THREAD"}},
     [{"kind": "referral", "referral": {"ref": "r", "source": "SHORTLINK"}}]),
    ({"read": {"mid": "m0"}}, [{"kind": "read", "target_id": "m0", "watermark_ms": None}]),
    ({"read": {"watermark": "1767225600"}}, [{"kind": "read", "target_id": None,
                                             "watermark_ms": QUANDO}]),
    ({"delivery": {"watermark": QUANDO}}, [{"kind": "status", "status": "delivered",
                                           "target_id": None, "watermark_ms": QUANDO}]),
    ({"delivery": {"mids": ["m1", "m2"]}},
     [{"target_id": "m1", "watermark_ms": None}, {"target_id": "m2", "status": "delivered"}]),
    ({"optin": {"ref": "r"}}, [{"kind": "optin", "ref": "r"}]),
    ({"pass_thread_control": {"new_owner_app_id": 1, "previous_owner_app_id": 2}},
     [{"kind": "handover", "new_owner": "1", "event": "pass_thread_control"}]),
    ({"take_thread_control": {"previous_owner_app_id": "2"}},
     [{"kind": "handover", "new_owner": None}]),
    ({"request_thread_control": {"requested_owner_app_id": 3}}, [{"kind": "handover"}]),
    *[({key: {"x": 1}}, []) for key in ("account_linking", "policy_enforcement", "novidade")],
]  # fmt: skip


@pytest.mark.parametrize(("item", "want"), OTHERS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_else_is_told_of_a_conversation(
    rede: RedeDeTeste, item: dict[str, Any], want: list[dict[str, Any]], *, wrapped: bool
) -> None:
    common = {"account": rede.loja, "chat_id": rede.pessoa, "timestamp_ms": QUANDO}
    sides = {"sender": {"id": rede.pessoa}, "recipient": {"id": rede.loja}}
    value = {**sides, "timestamp": "1767225600", **item}
    change = {"field": next(iter(item)), "value": value}

    events = rede.posted(change, where="changes") if wrapped else rede.posted(item)

    assert gaps([common | each for each in want], [event.view() for event in events]) == []


@pytest.mark.parametrize("echo", [True, "true"])
def test_an_echo_is_of_the_account_that_wrote_it_whichever_entry_holds_it(
    rede: RedeDeTeste, echo: object
) -> None:
    item = {"sender": {"id": 123456789012345678}, "recipient": {"id": rede.pessoa},
            "timestamp": "2026-01-01T00:00:00+0000",
            "message": {"mid": "m1", "is_echo": echo, "app_id": 5, "text": "Temos"}}  # fmt: skip

    events = shown(rede, {"object": rede.objeto, "entry": [{"id": "9", "messaging": [item]}]})

    wanted = {"account": "123456789012345678", "chat_id": rede.pessoa, "from_me": True,
              "sender_id": "123456789012345678", "origin": "api",
              "timestamp_ms": QUANDO}  # fmt: skip
    assert gaps([wanted], events) == []


def test_of_several_entries_in_several_bodies_nothing_is_left_out(rede: RedeDeTeste) -> None:
    def item(mid: str) -> dict[str, Any]:
        sides = {"sender": {"id": rede.pessoa}, "recipient": {"id": rede.loja}}
        return {**sides, "timestamp": 1767225600, "message": {"mid": mid, "text": "a"}}

    change = {"field": "messages", "value": [item("m4"), item("m5")]}
    entries = [{"id": rede.loja, "messaging": [item("m1"), None, item("m2")]},
               {"id": rede.loja, "standby": [item("m3")], "changes": [change, {}]}]  # fmt: skip
    body = {"object": rede.objeto, "entry": entries}

    events = shown(rede, [body, {"object": "user", "entry": entries}, 7])

    assert [event["message_id"] for event in events] == ["m1", "m2", "m3", "m4", "m5"]


def test_what_nobody_is_named_for_is_still_told(rede: RedeDeTeste) -> None:
    entry = {"id": rede.loja, "messaging": [{"message": {"mid": "m1", "text": "a"}}]}

    events = shown(rede, {"object": rede.objeto, "entry": [entry]})

    assert gaps([{"kind": "message", "text": "a", "chat_id": None}], events) == []


FEED = {"item": "comment", "verb": "add", "comment_id": "300_1", "post_id": "300_9",
        "from": {"id": 8, "name": "Ana"}, "message": "preço?",
        "created_time": 1767225600}  # fmt: skip
COMMENTS: list[tuple[str, str, dict[str, Any], list[dict[str, Any]]]] = [
    ("facebook", "feed", FEED, [{"kind": "comment", "sender_id": "8", "sender_name": "Ana",
                                 "message_id": "300_1", "text": "preço?",
                                 "timestamp_ms": QUANDO}]),
    ("facebook", "feed", {**FEED, "created_time": "2026-01-01T00:00:00+0000"},
     [{"timestamp_ms": QUANDO}]),
    ("facebook", "feed", {**FEED, "from": {"id": "300"}}, []),
    ("facebook", "feed", {**FEED, "item": "reaction"}, []),
    ("instagram", "comments", {"id": 18, "text": "a", "from": {"id": 8, "username": "ana"},
                               "media": {"id": 4}, "parent_id": 17},
     [{"message_id": "18", "sender_name": "ana", "reply_to": "17", "thread_id": "4"}]),
    ("instagram", "live_comments", {"id": "18", "text": "a", "from": {"id": "8"}},
     [{"kind": "comment", "message_id": "18"}]),
    ("instagram", "mentions", {"media_id": "4", "comment_id": "18"},
     [{"kind": "comment", "message_id": "18", "sender_id": None}]),
    ("instagram", "story_insights", {"media_id": "4", "reach": 1}, []),
]  # fmt: skip


@pytest.mark.parametrize(("nome", "field", "value", "want"), COMMENTS)
def test_a_comment_is_told(
    nome: str, field: str, value: dict[str, Any], want: list[dict[str, Any]]
) -> None:
    entry = {"id": "300", "time": 1767225600, "changes": [{"field": field, "value": value}]}

    events = shown(REDES[nome], {"object": REDES[nome].objeto, "entry": [entry]})

    assert gaps(want, events) == []


ANSWERS: list[tuple[int, Any, str]] = [
    *[(400, {"code": 10, "error_subcode": x}, "window_closed") for x in (2018065, "2018278",
                                                                         2534022)],
    (403, {"code": 200, "error_subcode": 2018278}, "window_closed"),
    *[(400, {"code": a, "error_subcode": b}, "recipient_unreachable") for a, b in (
        (100, 2018001), (551, 1545041), ("551", None), (10, 2018108))],
    *[(400, {"code": x}, "auth") for x in (10, 190, 102, 3, 230, 200)],
    *[(400, {"code": 10, "error_subcode": x}, "auth") for x in (2018027, 2018028)],
    *[(400, {"code": x}, "rate_limited") for x in (4, 17, 32, 613, 80002, 80006)],
    (400, {"code": 4, "is_transient": True}, "rate_limited"),
    *[(400, {"code": x}, "retry") for x in (1, 2, 1200)],
    (400, {"code": 100, "is_transient": "true"}, "retry"),
    (500, {"message": "x"}, "retry"),
    *[(400, {"code": 100, "error_subcode": x}, "invalid_request") for x in (
        2018008, 2018034, 2018047, 2018109)],
    (400, {"code": 36000}, "invalid_request"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "error", "classe"), ANSWERS)
def test_each_row_of_the_error_table(
    rede: RedeDeTeste, status: int, error: dict[str, Any], classe: str
) -> None:
    classify = rede.connector.classify
    assert classify is not None

    assert classify(answer(status, {"error": error})).classe == classe
    assert classify(answer(200, {"error": error})).classe != "ok"


def test_the_bytes_are_signed_and_not_what_they_mean() -> None:
    body, secrets = b'{"text":"ol\\u00e1"}', ["", "outro", "s"]
    given = {"x-hub-signature-256": sign(body, "s")}

    assert verify(given, body, secrets)
    assert not verify({"x-hub-signature-256": sign(body, "s")[7:]}, body, secrets)
    assert not verify(given, '{"text":"olá"}'.encode(), secrets)
    assert not verify({"x-hub-signature": given["x-hub-signature-256"]}, body, secrets)
