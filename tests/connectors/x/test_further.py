"""Further: shapes that the contract of X names and no published body shows whole."""

import json
from typing import Any

import pytest

from ponte.connectors.x.classify import classify
from ponte.connectors.x.parse import parse
from ponte.connectors.x.verify import sign, verify
from tests.connectors.lent import answer
from tests.connectors.shapes import gaps

LOJA, ANA = "1111111111111111111", "2222222222222222222"
QUANDO_S, QUANDO = 1767225600, 1767225600000
CURTO, FOTO = "https://t.co/1", "https://ton.twitter.com/1.jpg"
MEDIUM = {"id_str": "9", "id": 9, "media_url_https": FOTO, "url": CURTO, "type": "photo"}
USERS = {ANA: {"name": "Ana", "screen_name": "ana"}}


def shown(body: Any) -> list[dict[str, Any]]:
    return [event.view() for event in parse(json.dumps(body).encode())]


def activity(event: str, payload: Any, **more: Any) -> dict[str, Any]:
    data = {"event_uuid": "-1", "filter": {"user_id": LOJA}, "event_type": event}
    return {"data": {**data, "payload": payload, **more}}


def dm(sender: Any = ANA, to: Any = LOJA, **data: Any) -> dict[str, Any]:
    create = {"target": {"recipient_id": to}, "sender_id": sender, "message_data": data}
    return {"type": "message_create", "id": "7", "created_timestamp": str(QUANDO),
            "message_create": create}  # fmt: skip


def link(url: str, expanded: str | None) -> dict[str, Any]:
    return {"url": url, "expanded_url": expanded, "display_url": "x"}


MESSAGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"text": " Oi 👋🏽 "}, {"type": "text", "text": "Oi 👋🏽"}),
    ({"text": f"a {CURTO} b {CURTO}2", "entities": {"urls": [
        link(CURTO, "https://a.test/1"), link(f"{CURTO}2", "https://b.test")]}},
     {"text": "a https://a.test/1 b https://b.test"}),
    ({"text": f"a {CURTO}", "entities": {"urls": [link(CURTO, None)]}}, {"text": f"a {CURTO}"}),
    ({"text": f"olha {CURTO}", "attachment": {"type": "media", "media": MEDIUM},
      "entities": {"urls": [link(CURTO, "https://x.com/messages/media/7")]}},
     {"type": "image", "text": "olha", "media": [{"kind": "image", "url": FOTO, "id": "9"}]}),
    ({"text": CURTO, "attachment": {"media": MEDIUM}}, {"type": "image", "text": None}),
    *[({"text": "", "attachment": {"media": {**MEDIUM, "type": kind}}},
       {"type": "video", "text": None, "media": [{"kind": "video", "url": FOTO}]})
      for kind in ("video", "animated_gif")],
    ({"text": "a", "attachment": {"type": "location", "location": {}}},
     {"type": "unsupported", "text": "a", "media": []}),
    ({"text": "Sim", "quick_reply_response": {"type": "options", "metadata": "S"}},
     {"type": "interactive", "choice_id": "S", "text": "Sim"}),
    ({"text": "Sim", "quick_reply_response": {"type": "options"},
      "attachment": {"media": MEDIUM}}, {"type": "interactive", "media": [{"id": "9"}]}),
    ({}, {"type": "unsupported", "text": None}),
    ({"text": None, "entities": None, "attachment": []}, {"type": "unsupported"}),
]  # fmt: skip


@pytest.mark.parametrize(("data", "want"), MESSAGES)
@pytest.mark.parametrize("product", ["activity", "account activity"])
def test_what_a_person_wrote_is_told(
    product: str, data: dict[str, Any], want: dict[str, Any]
) -> None:
    listed = {"direct_message_events": [dm(**data)], "users": USERS}
    body = activity("dm.received", listed) if product == "activity" else {
        "for_user_id": LOJA, **listed}  # fmt: skip
    common = {"channel": "x", "account": LOJA, "kind": "message", "chat_id": ANA,
              "sender_id": ANA, "sender_name": "Ana", "from_me": False, "message_id": "7",
              "timestamp_ms": QUANDO}  # fmt: skip

    assert gaps([common | want], shown(body)) == []


def test_what_a_link_becomes_is_no_text_to_look_for_links_in() -> None:
    urls = [link("https://t.co/a", "https://t.co/b"), link("https://t.co/b", "https://t.co/a")]
    urls += [link("a", "aa" * 100)] * 40

    [view] = shown({"for_user_id": LOJA, "direct_message_events": [
        dm(text="https://t.co/a aaa", entities={"urls": urls})]})  # fmt: skip

    assert view["text"] == "https://t.co/b aaa"


POST = {"id": "30", "text": "oi", "author_id": ANA, "created_at": "2026-01-01T00:00:00.000Z"}
ANTIGO = {"id": 3 * 10**18, "id_str": "30", "text": "o…", "truncated": True,
          "extended_tweet": {"full_text": "oi"}, "user": {"id_str": ANA, "name": "Ana"},
          "created_at": "Thu Jan 01 00:00:00 +0000 2026"}  # fmt: skip
MARK = {"sender_id": ANA, "target": {"recipient_id": LOJA}, "created_timestamp": str(QUANDO),
        "last_read_event_id": "7"}  # fmt: skip
COMMENT = {"kind": "comment", "account": LOJA, "sender_id": ANA, "message_id": "30",
           "text": "oi", "timestamp_ms": QUANDO}  # fmt: skip
OTHERS: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("sent", activity("dm.sent", {"direct_message_events": [dm(LOJA, ANA, text="a")]}),
     [{"account": LOJA, "from_me": True, "chat_id": ANA, "sender_id": LOJA}]),
    ("sent, the filter empty", activity(
        "dm.sent", {"direct_message_events": [dm(LOJA, ANA, text="a")]}, filter={}),
     [{"account": LOJA, "from_me": True, "chat_id": ANA}]),
    ("received, the filter empty", activity(
        "dm.received", {"direct_message_events": [dm(text="a")]}, filter={}),
     [{"account": LOJA, "from_me": False, "chat_id": ANA}]),
    ("ids as numbers", activity("dm.received", {"direct_message_events": [
        {**dm(int(ANA), int(LOJA), text="a"), "id": 2080000000000000001,
         "created_timestamp": QUANDO_S}]}, filter={"user_id": int(LOJA)}),
     [{"account": LOJA, "sender_id": ANA, "message_id": "2080000000000000001",
       "timestamp_ms": QUANDO}]),
    ("several", activity("dm.received", {"direct_message_events": [
        dm(text="a"), None, {**dm(text="b"), "id": "8"}]}),
     [{"text": "a"}, {"text": "b", "message_id": "8"}]),
    ("no id", activity("dm.received", {"direct_message_events": [{**dm(text="a"), "id": None}]}),
     [{"text": "a", "message_id": None}]),
    ("nobody named", activity("dm.received", {"direct_message_events": [
        dm(None, text="a"), {"type": "novidade", "id": "8"}]}),
     [{"text": "a", "chat_id": None, "sender_id": None, "from_me": False}]),
    ("only a user name", activity("dm.received", {
        "direct_message_events": [dm(text="a")], "users": {ANA: {"data": {"username": "ana"}}}}),
     [{"sender_name": "ana"}]),
    ("read", activity("dm.read", {"direct_message_mark_read_events": [MARK]}),
     [{"kind": "read", "target_id": "7", "chat_id": ANA, "timestamp_ms": QUANDO}]),
    ("read, bare", activity("dm.read", MARK), [{"kind": "read", "target_id": "7"}]),
    ("typing", activity("dm.indicate_typing", MARK), [{"kind": "typing", "chat_id": ANA}]),
    *[(f"encrypted {kind}", activity(kind, {
        "id": "5", "sender_id": sender, "conversation_id": f"{LOJA}:{ANA}",
        "created_at_msec": str(QUANDO)}),
       [{"kind": "message", "type": "unsupported", "message_id": "5", "chat_id": ANA,
         "sender_id": sender, "from_me": from_me, "timestamp_ms": QUANDO}])
      for kind, sender, from_me in (("chat.received", ANA, False), ("chat.sent", LOJA, True))],
    *[(kind, activity(kind, POST, includes={"users": [{"id": ANA, "name": "Ana"}]}),
       [COMMENT | {"sender_name": "Ana"}])
      for kind in ("post.mention.create", "post.reply.create", "post.quote.create")],
    ("an author that is wrapped", activity("post.mention.create", POST, includes={
        "users": [{"data": {"id": ANA, "name": "Ana"}}]}), [{"sender_name": "Ana"}]),
    ("an answer", activity("post.reply.create", {**POST, "referenced_tweets": [
        {"type": "quoted", "id": "28"}, {"type": "replied_to", "id": "29"}]}),
     [{"reply_to": "29"}]),
    ("a quote", activity("post.quote.create", {**POST, "referenced_tweets": [
        {"type": "quoted", "id": "28"}]}), [{"reply_to": "28"}]),
    ("its own", activity("post.mention.create", {**POST, "author_id": LOJA}), []),
    ("older posts", {"for_user_id": LOJA, "tweet_create_events": [
        ANTIGO, {**ANTIGO, "user": {"id_str": LOJA}}]}, [COMMENT | {"sender_name": "Ana"}]),
    ("revoked", activity("oauth.revoke", {"user_id": LOJA, "app_id": "1",
                                          "date_time": "2026-01-01T00:00:00+00:00"}, filter={}),
     [{"kind": "authorization", "status": "removed", "account": LOJA, "timestamp_ms": QUANDO}]),
    ("revoked, older", {"user_event": {"revoke": {
        "date_time": "2026-01-01T00:00:00+00:00", "target": {"app_id": "1"},
        "source": {"user_id": LOJA}}}}, [{"account": LOJA, "timestamp_ms": QUANDO}]),
    ("all at once", {"for_user_id": LOJA, "direct_message_events": [dm(text="a")],
                     "direct_message_mark_read_events": [MARK], "tweet_create_events": [ANTIGO]},
     [{"kind": "message"}, {"kind": "read"}, {"kind": "comment"}]),
    *[(kind, activity(kind, {"id": "1"}), []) for kind in (
        "post.create", "post.delete", "like.create", "follow.follow", "novidade")],
]  # fmt: skip


@pytest.mark.parametrize(("body", "want"), [x[1:] for x in OTHERS], ids=[x[0] for x in OTHERS])
def test_what_x_tells_is_told(body: dict[str, Any], want: list[dict[str, Any]]) -> None:
    assert gaps(want, shown(body)) == []


DETALHE = "You do not have permission to DM one or more participants."
ANSWERS: list[tuple[int, Any, str]] = [
    (201, {"data": {"dm_event_id": "1"}}, "ok"),
    (200, {"data": {"id": "1"}, "errors": [{"message": "x"}]}, "ok"),
    (200, {"errors": [{"message": "x"}]}, "invalid_request"),
    (400, {"errors": [{"message": "x", "parameters": {}}], "title": "Invalid"}, "invalid_request"),
    (401, {"title": "Unauthorized"}, "auth"),
    (401, None, "auth"),
    (403, {"detail": DETALHE}, "recipient_unreachable"),
    (403, {"errors": [{"message": DETALHE}]}, "recipient_unreachable"),
    *[(403, {"type": f"https://api.x.com/2/problems/{end}", "detail": "x"}, "auth")
      for end in ("client-forbidden", "unsupported-authentication")],
    (403, {"detail": "Your client app is not configured with the appropriate oauth1 app "
                     "permissions for this endpoint."}, "auth"),
    (403, {"detail": "You are not allowed to create a Tweet with duplicate content."},
     "invalid_request"),
    (404, {"detail": "Could not find dm_conversation with id: [1]."}, "gone"),
    (404, {"errors": [{"detail": "Could not find it", "resource_type": "user"}]},
     "recipient_unreachable"),
    (404, None, "gone"),
    (429, {"title": "Too Many Requests"}, "rate_limited"),
    (429, "slow down", "rate_limited"),
    (500, None, "retry"),
    (503, "<html>", "retry"),
    (200, "<html>", "retry"),
    (200, None, "retry"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "classe"), ANSWERS)
def test_each_row_of_the_error_table(status: int, body: Any, classe: str) -> None:
    assert classify(answer(status, body)).classe == classe


@pytest.mark.parametrize("day", ["x-user-limit-24hour", "x-app-limit-24hour"])
@pytest.mark.parametrize(
    ("left", "reset"), [("0", 1767312000), ("5", 1767226200), ("", 1767226200)]
)
def test_a_limit_waits_for_the_end_of_what_is_used_up(day: str, left: str, reset: int) -> None:
    headers = {"X-Rate-Limit-Reset": "1767226200", f"{day}-remaining": left,
               f"{day}-reset": "1767312000"}  # fmt: skip

    assert classify(answer(429, {}, headers=headers)).reset_epoch_s == reset


def test_a_signature_is_of_the_bytes_and_in_base64() -> None:
    body = '{"text":"olá  "}'.encode()
    good = sign(body, "s")

    def taken(header: str) -> bool:
        return verify({"x-twitter-webhooks-signature": header}, body, ["", "old", "s"])

    assert taken(good)
    assert not any(map(taken, ("", good[7:], good.lower(), good + "=", "sha256=" + "0" * 64)))
    assert not verify({"x-twitter-webhooks-signature": good}, body.strip(b"}"), ["s"])
