"""Further: shapes that the contract of TikTok names and no published body shows whole."""

import json
from typing import Any

import pytest

from ponte.connectors.tiktok.classify import classify
from ponte.connectors.tiktok.parse import parse
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.connectors.tiktok.verify import sign, verify
from tests.connectors.lent import answer
from tests.connectors.shapes import gaps

LOJA, PESSOA, CONVERSA = "-000FAKE_shop", "+FAKEperson/01", "a1FAKE=="
QUANDO_S, QUANDO = 1767225600, 1767225600000
NOS = {"from_user": {"id": PESSOA, "role": "personal_account"},
       "to_user": {"id": LOJA, "role": "business_account"}}  # fmt: skip
ECO = {"from_user": NOS["to_user"], "to_user": NOS["from_user"], "unique_identifier": LOJA,
       "from": "loja"}  # fmt: skip
DITO = {**NOS, "from": "ana", "to": "loja", "unique_identifier": PESSOA, "message_id": "u1==",
        "conversation_id": CONVERSA, "timestamp": QUANDO}  # fmt: skip


def told(event: str, content: Any, **outer: Any) -> dict[str, Any]:
    written = content if isinstance(content, str) else json.dumps(content)
    envelope = {"client_key": "1", "event": event, "create_time": QUANDO_S, "user_openid": LOJA}
    return {**envelope, "content": written, **outer}


def shown(body: Any) -> list[dict[str, Any]]:
    return [event.view() for event in parse(json.dumps(body).encode(), TiktokSettings())]


MESSAGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "text", "text": {"body": "Oi 👋🏽"}}, {"type": "text", "text": "Oi 👋🏽"}),
    ({"type": "TEXT", "text": "Oi"}, {"type": "text", "text": "Oi"}),
    ({"message_type": "TEXT", "text": {"body": "Oi"}}, {"type": "text", "text": "Oi"}),
    ({"text": {"body": "Oi"}}, {"type": "text", "text": "Oi"}),
    ({"type": "text"}, {"type": "unsupported", "text": None}),
    ({"type": "IMAGE", "image": {"media_id": 10**17 + 1}},
     {"type": "image", "media": [{"kind": "image", "id": "100000000000000001", "url": None}]}),
    ({"type": "video", "video": {"media_id": "v"}},
     {"type": "video", "media": [{"kind": "video", "id": "v"}]}),
    *[({"type": kind, kind: {"url": "https://cdn.test/1"}},
       {"type": "sticker", "media": [{"kind": "sticker", "url": "https://cdn.test/1"}]})
      for kind in ("sticker", "emoji")],
    ({"type": "share_post", "share_post": {"embed_url": "https://t.test/1"}},
     {"type": "share", "media": [{"kind": "share", "url": "https://t.test/1"}]}),
    ({"type": "share_post", "share_post": {"video_id": 7600000000000000099}},
     {"type": "share", "post_id": "7600000000000000099"}),
    ({"type": "template", "template": {"title": "T"}}, {"type": "unsupported"}),
    ({"type": "novidade", "text": {"body": "Oi"}}, {"type": "unsupported", "text": "Oi"}),
    ({"type": "text", "text": "a", "referenced_message_info": {"referenced_message_id": "u0=="}},
     {"reply_to": "u0=="}),
    ({"type": "text", "text": "a", "timestamp": str(QUANDO_S)}, {"timestamp_ms": QUANDO}),
    ({"type": "text", "text": "a", "timestamp": None}, {"timestamp_ms": QUANDO}),
    ({"type": "text", "text": "a", "referral": [{"ad": {"ad_id": 12}}]},
     {"referral": {"source": "ad", "ad_id": "12"}}),
    ({"type": "text", "text": "a", "from_user": None}, {"sender_id": PESSOA}),
    ({"type": "text", "text": "a", "conversation_id": None}, {"chat_id": PESSOA}),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "want"), MESSAGES)
@pytest.mark.parametrize("event", ["im_receive_msg", "im_receive_msg_eu", "IM_RECEIVE_MSG"])
def test_what_a_person_wrote_is_told(
    event: str, parts: dict[str, Any], want: dict[str, Any]
) -> None:
    common = {"channel": "tiktok", "account": LOJA, "kind": "message", "chat_id": CONVERSA,
              "sender_id": PESSOA, "sender_name": "ana", "from_me": False, "message_id": "u1==",
              "timestamp_ms": QUANDO, "origin": None}  # fmt: skip

    assert gaps([common | want], shown(told(event, {**DITO, **parts}))) == []


@pytest.mark.parametrize(
    ("source", "origin"), [("API", "api"), ("app", "app"), ("WEB", "app"), ("OTHERS", None)]
)
@pytest.mark.parametrize("event", ["im_send_msg", "im_auto_message_welcome"])
def test_an_echo_is_the_shops_and_is_for_whom_it_went_to(
    event: str, source: str, origin: str | None
) -> None:
    echo = {**DITO, **ECO, "conversation_id": None, "text": "a",
            "message_tag": {"source": source}}  # fmt: skip
    if event != "im_send_msg":
        echo["conversation_id"] = CONVERSA

    wanted = {"from_me": True, "sender_id": LOJA, "origin": origin,
              "chat_id": echo["conversation_id"] or PESSOA}  # fmt: skip
    assert gaps([wanted], shown(told(event, echo))) == []


COMENTOU = {"comment_id": 7600000000000000001, "video_id": 7600000000000000002,
            "parent_comment_id": 7600000000000000003, "comment_type": "reply",
            "comment_action": "insert", "timestamp": QUANDO_S, "unique_identifier": PESSOA,
            "text": "preço?"}  # fmt: skip
OTHERS: list[tuple[str, Any, list[dict[str, Any]]]] = [
    ("im_mark_read_msg", {**DITO, "read": {"last_read_timestamp": "1767225600"}},
     [{"kind": "read", "watermark_ms": QUANDO, "chat_id": CONVERSA}]),
    ("im_mark_read_msg", {**DITO, **ECO, "read": {"last_read_timestamp": QUANDO}}, []),
    ("im_referral_msg", {**DITO, "referral": {"ad": [
        {"ad_id": 1, "timestamp": 1}, {"ad_id": 2, "timestamp": 2}]}},
     [{"kind": "referral", "referral": {"source": "ad", "ad_id": "2"}}]),
    ("im_referral_msg", {**DITO, "referral": {"short_link": {"ref": "r"}}},
     [{"kind": "referral", "referral": {"source": "short_link", "ref": "r"}}]),
    ("im_referral_msg", DITO, [{"kind": "referral", "sender_id": PESSOA}]),
    *[("authorization.removed", {"reason": x}, [{"kind": "authorization", "status": "removed",
                                                 "reason": x, "timestamp_ms": QUANDO}])
      for x in range(6)],
    ("authorization.removed", "{broken", [{"status": "removed", "reason": None}]),
    ("post.publish.failed", {"publish_id": "p", "reason": "r", "publish_type": "DIRECT_PUBLISH"},
     [{"kind": "publish_status", "status": "failed", "publish_id": "p", "reason": "r"}]),
    ("post.publish.complete", {"publish_id": "p"}, [{"status": "complete"}]),
    ("post.publish.inbox_delivered", {"publish_id": "p"}, [{"status": "inbox"}]),
    ("post.publish.publicly_available", {"publish_id": "p", "post_id": 7600000000000000011},
     [{"status": "public", "post_id": "7600000000000000011"}]),
    ("post.publish.no_longer_publicaly_available", {"publish_id": "p"}, [{"status": "removed"}]),
    ("video.upload.failed", {"share_id": "s"}, [{"status": "failed", "publish_id": "s"}]),
    ("video.publish.completed", {"share_id": "s"}, [{"status": "complete", "publish_id": "s"}]),
    ("comment.update", COMENTOU,
     [{"kind": "comment", "message_id": "7600000000000000001", "text": "preço?",
       "reply_to": "7600000000000000003", "sender_id": PESSOA, "timestamp_ms": QUANDO}]),
    ("comment.update", {**COMENTOU, "parent_comment_id": 0}, [{"reply_to": None}]),
    *[("comment.update", {**COMENTOU, "comment_action": x}, []) for x in (
        "delete", "set_to_hidden", "set_to_friends_only", "set_to_public")],
    ("im_auto_message_settings", {"status": "on"}, []),
    ("im_receive_high_intent_comment", {"comment_id": "1"}, []),
    ("tiktok.ping", {"reason": "testing"}, []),
    ("im_receive_msg", "{broken", []),
]  # fmt: skip


@pytest.mark.parametrize(("event", "content", "want"), OTHERS)
def test_what_tiktok_tells_is_told(event: str, content: Any, want: list[dict[str, Any]]) -> None:
    assert gaps([{"account": LOJA} | each for each in want], shown(told(event, content))) == []


def posting(word: str) -> dict[str, Any]:
    return {"data": {}, "error": {"code": word, "message": "m", "log_id": "l"}}


ANSWERS: list[tuple[int, Any, str]] = [
    (200, posting("ok"), "ok"),
    (200, {"code": "OK", "message": "", "log_id": "l"}, "ok"),
    *[(status, posting(word), "auth") for word in (
        "access_token_invalid", "scope_not_authorized", "scope_permission_missed",
        "spam_risk_user_banned_from_posting") for status in (200, 400, 401)],
    *[(status, posting(word), "rate_limited") for word in (
        "rate_limit_exceeded", "spam_risk_too_many_posts", "spam_risk_too_many_pending_share",
        "reached_active_user_cap") for status in (200, 403, 429)],
    *[(status, posting(word), "invalid_request") for word in (
        "unaudited_client_can_only_post_to_private_accounts", "privacy_level_option_mismatch",
        "url_ownership_unverified", "invalid_params", "invalid_file_upload",
        "app_version_check_failed", "novidade") for status in (200, 400, 403)],
    (500, posting("internal_error"), "retry"),
    (200, posting("internal_error"), "retry"),
    (503, posting("invalid_params"), "retry"),
    (200, {"code": "0", "message": "OK", "data": ""}, "ok"),
    *[(200, {"code": code}, classe) for code, classe in (
        (40100, "rate_limited"), (40001, "auth"), ("40102", "auth"), (40103, "auth"),
        (40104, "auth"), (40105, "auth"), (50000, "retry"), (59999, "retry"),
        (40002, "invalid_request"), (60000, "invalid_request"))],
    (429, {"code": 1}, "rate_limited"),
    (502, {"code": 40105}, "retry"),
    *[(400, {"error": x, "error_description": "d", "log_id": "l"}, "auth") for x in (
        "invalid_grant", "invalid_client", "access_denied")],
    (200, {"error": "invalid_grant"}, "auth"),
    (200, "<html>", "retry"),
    (200, None, "retry"),
    (429, "slow down", "rate_limited"),
    (500, "<html>", "retry"),
    (401, None, "auth"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "classe"), ANSWERS)
def test_each_row_of_the_error_tables(status: int, body: Any, classe: str) -> None:
    assert classify(answer(status, body)).classe == classe


def test_a_wait_is_read_in_both_of_its_forms() -> None:
    date, later = "Thu, 01 Jan 2026 23:59:00 GMT", "Thu, 01 Jan 2026 23:59:30 GMT"
    body = posting("rate_limit_exceeded")

    waits = [classify(answer(429, body, headers={"Retry-After": wait, "Date": date})).retry_after_s
             for wait in ("30", later)]  # fmt: skip

    assert waits == [30, 30]
    daily = answer(200, posting("spam_risk_too_many_posts"), headers={"Date": date})
    assert classify(daily).retry_after_s == 60


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        (lambda header: header, True),
        (lambda header: header.replace(",", ", "), True),
        (lambda header: ",".join(reversed(header.split(","))), True),
        (lambda header: header + "0", False),
        (lambda header: header.replace("t=", "t=1"), False),
        (lambda header: header.partition(",")[2], False),
    ],
)
def test_a_signature_is_taken_however_its_parts_are_laid(change: Any, *, accepted: bool) -> None:
    body = '{"content":"olá  "}'.encode()
    header = change(sign(body, "s", timestamp=QUANDO_S))

    found = verify({"TikTok-Signature": header}, body, ["", "old", "s"], now_ms=QUANDO)

    assert found is accepted
