"""Further: shapes that the contract of Telegram names and no published update shows whole."""

import json
import time
from typing import Any

import pytest

from ponte.connectors.telegram.classify import classify, moved_to
from ponte.connectors.telegram.parse import parse
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.connectors.telegram.webhook import TelegramWebhook
from ponte.ports import WebhookRequest
from tests.connectors.lent import answer
from tests.connectors.shapes import gaps

BOT = TelegramSettings.model_validate(
    {"bot_username": "ponte_loja_bot", "bot_token": "700:FAKE", "webhook_secrets": "um_1,dois-2"}
)
ANA = {"id": 700000001, "is_bot": False, "first_name": "Ana", "last_name": "Lua"}
CHAT, GRUPO = (
    {"id": 700000001, "type": "private"},
    {"id": -1001, "type": "supergroup", "title": "G"},
)
BASE = {"message_id": 41, "from": ANA, "chat": CHAT, "date": 1767225600}
QUANDO = 1767225600000
ARQUIVO = {"file_id": "F", "file_unique_id": "U", "file_size": 9}
LUGAR = {"latitude": -23.5, "longitude": -46.6}


def shown(**update: Any) -> list[dict[str, Any]]:
    corpo = json.dumps({"update_id": 900, **update}).encode()
    return [evento.view() for evento in parse(corpo, BOT)]


def of(kind: str) -> list[dict[str, Any]]:
    return [{"kind": kind, "id": "F", "url": None, "mime": None}]


CONTENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"text": " Olá 👋🏽\n"}, {"type": "text", "text": " Olá 👋🏽\n"}),
    ({"photo": [{"file_id": "s", "width": 90, "height": 90}, {**ARQUIVO, "width": 800,
      "height": 800}, {"file_id": "m", "width": 320, "height": 320}], "caption": "c"},
     {"type": "image", "text": "c", "media": of("image")}),
    ({"photo": [{"file_id": "s", "file_size": 1}, {"file_id": "F", "file_size": 3}]},
     {"media": of("image")}),
    ({"photo": [{"file_id": "s"}, {"file_id": "F"}]}, {"media": of("image")}),
    ({"animation": {**ARQUIVO, "mime_type": "video/mp4"}, "document": {**ARQUIVO}},
     {"type": "video", "media": [{"kind": "video", "mime": "video/mp4", "voice": False}]}),
    ({"video": {**ARQUIVO, "file_name": "a.mp4"}, "media_group_id": 13, "caption": "c"},
     {"type": "video", "text": "c", "album_id": "13", "media": [{"filename": "a.mp4"}]}),
    ({"video_note": ARQUIVO}, {"type": "video", "media": of("video")}),
    ({"audio": {**ARQUIVO, "mime_type": "audio/mpeg"}},
     {"type": "audio", "media": [{"kind": "audio", "voice": False, "mime": "audio/mpeg"}]}),
    ({"voice": ARQUIVO, "caption": "c"}, {"type": "audio", "text": "c",
                                          "media": [{"voice": True}]}),
    ({"document": {**ARQUIVO, "file_name": "nota ção.pdf"}},
     {"type": "document", "media": [{"filename": "nota ção.pdf"}]}),
    ({"sticker": {**ARQUIVO, "emoji": "👍", "is_animated": True, "thumb": {"file_id": "t"}}},
     {"type": "sticker", "text": "👍", "media": of("sticker")}),
    ({"sticker": ARQUIVO}, {"type": "sticker", "text": None}),
    ({"location": {**LUGAR, "live_period": 60, "heading": 3}},
     {"type": "location", "location": {**LUGAR, "name": None, "address": None}}),
    ({"venue": {"location": LUGAR, "title": "T", "address": "A"}, "location": LUGAR},
     {"type": "location", "location": {**LUGAR, "name": "T", "address": "A"}}),
    ({"contact": {"phone_number": "+55 (11) 99999-0001", "first_name": "B", "last_name": "C"}},
     {"type": "contact", "contacts": [{"name": "B C", "phones": ["5511999990001"]}]}),
    ({"contact": {"phone_number": 5511999990001, "first_name": "B"}},
     {"contacts": [{"name": "B", "phones": ["5511999990001"]}]}),
    ({"poll": {"id": "1", "question": "Cor?", "options": [{"text": "Azul", "voter_count": 0},
                                                          {"text": "Preto"}]}},
     {"type": "poll", "text": "Cor?", "options": ["Azul", "Preto"]}),
    ({"web_app_data": {"data": "{}", "button_text": "Abrir"}},
     {"type": "interactive", "text": "Abrir", "choice_id": "{}"}),
    *[({key: {"x": 1}}, {"type": "unsupported", "text": None})
      for key in ("dice", "game", "story", "paid_media", "checklist", "gift", "unique_gift",
                  "invoice", "giveaway", "novidade")],
    ({"paid_media": {}, "caption": "c"}, {"type": "unsupported", "text": "c"}),
    ({"dice": {"value": 1}, "pinned_message": None}, {"type": "unsupported"}),
    ({}, {"type": "unsupported"}),
    ({"text": "a", "reply_to_message": {**BASE, "message_id": 7, "text": "b",
      "reply_to_message": {"message_id": 3}}}, {"reply_to": "7"}),
    ({"text": "a", "chat": GRUPO, "is_topic_message": True, "message_thread_id": 5},
     {"chat_id": "-1001", "is_group": True, "thread_id": "5", "sender_id": "700000001"}),
    ({"text": "a", "forward_origin": {"type": "hidden_user"}}, {"forwarded": True}),
    ({"text": "a", "forward_from": {"id": 1}, "forward_date": 1}, {"forwarded": True}),
    ({"text": "a", "forward_sender_name": "B", "forward_date": 1}, {"forwarded": True}),
    ({"text": "a", "chat": GRUPO, "sender_chat": GRUPO}, {"sender_id": "-1001",
                                                          "sender_name": "G"}),
    ({"text": "a", "from": {"id": 1, "username": "zé"}}, {"sender_id": "1", "sender_name": "zé"}),
    ({"text": "a", "chat": {"id": -4, "type": "group"}}, {"chat_id": "-4", "is_group": True}),
    ({"text": "a", "from": {"id": 700, "is_bot": True}}, {"from_me": True}),
    ({"text": "a", "chat": {"id": 1, "type": ["group"]}}, {"chat_id": "1", "is_group": False}),
    ({"text": "a", "date": 2**63}, {"timestamp_ms": None}),
    ({"text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]},
     {"command": "start", "command_args": None, "text": "/start"}),
    ({"text": "/ver@ponte_loja_bot a  b", "entities": [{"type": "bot_command", "offset": 0,
                                                        "length": 19}]},
     {"command": "ver", "command_args": "a  b"}),
    ({"message_id": "41", "date": "1767225600", "text": "a"}, {"text": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "want"), CONTENT)
@pytest.mark.parametrize("key", ["message", "business_message"])
def test_what_a_person_wrote_is_told(
    key: str, message: dict[str, Any], want: dict[str, Any]
) -> None:
    common = {"channel": "telegram", "account": "ponte_loja_bot", "kind": "message",
              "message_id": "41", "timestamp_ms": QUANDO}  # fmt: skip

    assert gaps([common | want], shown(**{key: {**BASE, **message}})) == []


PRESS = {"id": "4382", "from": ANA, "chat_instance": "1"}
REACTION = {"chat": CHAT, "message_id": 51, "user": ANA, "date": 1767225600, "old_reaction": []}
EMOJI, OWN = {"type": "emoji", "emoji": "👍"}, {"type": "custom_emoji", "custom_emoji_id": "9"}
MEMBER = {"chat": CHAT, "from": ANA, "date": 1767225600, "old_chat_member": {"status": "member"}}
OTHERS: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("edited_message", {**BASE, "text": "b", "edit_date": 1767225630},
     [{"kind": "edit", "target_id": "41", "text": "b", "timestamp_ms": 1767225630000}]),
    ("edited_business_message", {**BASE, "photo": [ARQUIVO], "caption": "b", "edit_date": "7"},
     [{"kind": "edit", "target_id": "41", "text": "b", "type": "image", "timestamp_ms": 7000}]),
    ("edited_message", {**BASE, "location": LUGAR}, [{"kind": "edit", "type": "location"}]),
    ("business_message", {**BASE, "business_connection_id": "B", "text": "a",
     "from": {"id": 5, "first_name": "Loja"}},
     [{"chat_id": "700000001", "sender_id": "5", "from_me": True}]),
    ("business_message", {**BASE, "business_connection_id": "B", "text": "a"},
     [{"from_me": False}]),
    ("channel_post", {**BASE, "text": "a"}, []),
    ("edited_channel_post", {**BASE, "text": "a"}, []),
    ("callback_query", {**PRESS, "data": "ok:1", "message": {**BASE, "message_id": 50,
     "from": {"id": 700, "is_bot": True}, "reply_markup": {"inline_keyboard": [
         [{"text": "Sim", "callback_data": "ok:1"}]]}}},
     [{"kind": "postback", "choice_id": "ok:1", "target_id": "50", "callback_id": "4382",
       "sender_id": "700000001", "from_me": False, "text": "Sim"}]),
    ("callback_query", {**PRESS, "data": "x", "message": {"chat": GRUPO, "message_id": 50,
                                                          "date": 0}},
     [{"chat_id": "-1001", "is_group": True, "target_id": "50", "sender_id": "700000001"}]),
    ("callback_query", {**PRESS, "data": "x", "inline_message_id": "i"},
     [{"chat_id": "700000001", "target_id": None, "choice_id": "x"}]),
    ("callback_query", {**PRESS, "id": 4382, "game_short_name": "g"},
     [{"callback_id": "4382", "choice_id": None}]),
    ("message_reaction", {**REACTION, "new_reaction": [OWN, EMOJI]},
     [{"kind": "reaction", "target_id": "51", "reaction": "👍", "sender_id": "700000001",
       "timestamp_ms": QUANDO}]),
    ("message_reaction", {**REACTION, "old_reaction": [EMOJI], "new_reaction": []},
     [{"kind": "reaction", "reaction": ""}]),
    ("message_reaction", {**REACTION, "chat": GRUPO, "user": None, "actor_chat": GRUPO,
                          "new_reaction": [EMOJI]}, [{"sender_id": "-1001", "sender_name": "G"}]),
    *[("my_chat_member", {**MEMBER, "new_chat_member": {"status": told}},
       [{"kind": "subscription", "status": want, "chat_id": "700000001"}])
      for told, want in (("kicked", "blocked"), ("left", "blocked"), ("member", "active"))],
    ("deleted_business_messages", {"business_connection_id": "B", "chat": CHAT,
                                   "message_ids": [1, "2"]},
     [{"kind": "delete", "target_id": "1", "chat_id": "700000001"}, {"target_id": "2"}]),
    ("message", {**BASE, "chat": {"id": -4, "type": "group"}, "migrate_to_chat_id": -1001},
     [{"kind": "system", "event": "chat_migrated", "chat_id": "-4", "new_id": "-1001"}]),
    ("message", {**BASE, "chat": GRUPO, "migrate_from_chat_id": -4}, []),
    *[("message", {**BASE, "chat": GRUPO, key: valor}, []) for key, valor in (
        ("new_chat_members", [ANA]), ("left_chat_member", ANA), ("new_chat_title", "x"),
        ("pinned_message", BASE), ("forum_topic_created", {}), ("delete_chat_photo", True),
        ("poll_option_added", {"option_text": "x"}))],
    *[(key, {"id": 1, "chat": CHAT}, []) for key in
      ("business_connection", "chat_member", "poll", "poll_answer", "inline_query",
       "message_reaction_count", "chat_join_request", "pre_checkout_query", "novidade")],
]  # fmt: skip


@pytest.mark.parametrize(("key", "corpo", "want"), OTHERS)
def test_what_telegram_tells_is_told(
    key: str, corpo: dict[str, Any], want: list[dict[str, Any]]
) -> None:
    assert gaps(want, shown(**{key: corpo})) == []


def said(status: int, words: str, **parameters: object) -> dict[str, Any]:
    return {"ok": False, "error_code": status, "description": words, "parameters": parameters}


ANSWERS: list[tuple[int, Any, str]] = [
    (200, {"ok": True, "result": {}}, "ok"),
    (429, said(429, "Too Many Requests: retry after 5", retry_after=5), "rate_limited"),
    (200, said(429, "Too Many Requests", retry_after="5"), "rate_limited"),
    (200, {"ok": False, "error_code": "401"}, "auth"),
    (200, {"ok": False}, "retry"),
    (429, None, "rate_limited"),
    (401, said(401, "Unauthorized"), "auth"),
    (404, said(404, "Not Found"), "auth"),
    (404, None, "auth"),
    *[
        (403, said(403, f"Forbidden: {words}"), "recipient_unreachable")
        for words in (
            "bot was blocked by the user",
            "bot was kicked from the supergroup chat",
            "user is deactivated",
            "bot can't initiate conversation with a user",
            "bot can't send messages to bots",
        )
    ],
    (400, said(400, "Bad Request: chat not found"), "recipient_unreachable"),
    (400, said(400, "Bad Request: PEER_ID_INVALID"), "recipient_unreachable"),
    (400, said(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1001), "retry"),
    (400, said(400, "Bad Request: group chat was upgraded", migrate_to_chat_id="-1001"), "retry"),
    (400, said(400, "Bad Request: message is too long"), "invalid_request"),
    (400, said(400, "Bad Request: can't parse entities: x"), "invalid_request"),
    (400, said(400, "Bad Request: message is not modified: x"), "ok"),
    (400, {"ok": False, "description": None}, "invalid_request"),
    (400, "<html>", "invalid_request"),
    (400, None, "invalid_request"),
    (409, said(409, "Conflict: terminated by other getUpdates request"), "invalid_request"),
    (500, said(500, "Internal Server Error"), "retry"),
    (502, "<html>Bad Gateway</html>", "retry"),
    (504, None, "retry"),
    (200, "<html>", "retry"),
    (200, None, "retry"),
    (200, [], "retry"),
]


@pytest.mark.parametrize(("status", "corpo", "classe"), ANSWERS)
def test_an_answer_has_its_class(status: int, corpo: object, classe: str) -> None:
    assert classify(answer(status, corpo)).classe == classe


def test_the_wait_and_the_new_chat_are_read_in_each_form() -> None:
    waits = [
        classify(answer(429, said(429, "x", retry_after=5))).retry_after_s,
        classify(answer(429, said(429, "x", retry_after="5"))).retry_after_s,
        classify(answer(429, "<html>", headers={"Retry-After": "5"})).retry_after_s,
    ]
    moved = [
        moved_to(answer(400, said(400, "x", migrate_to_chat_id=x))) for x in (-1001, "-1001", "x")
    ]

    assert waits == [5.0] * 3
    assert moved == ["-1001", "-1001", None]


@pytest.mark.parametrize(
    ("header", "path", "accepted"),
    [
        ("um_1", "", True),
        ("dois-2", "", True),
        (None, "dois-2", True),
        ("um_", "", False),
        ("um_11", "", False),
        ("UM_1", "", False),
        ("", "um_1", False),
        ("é\ud800", "", False),
        (None, "", False),
    ],
)
def test_an_update_is_believed_by_its_secret_alone(
    header: str | None, path: str, *, accepted: bool
) -> None:
    headers = {} if header is None else {"x-telegram-bot-api-secret-token": header}

    assert TelegramWebhook(BOT).verify(WebhookRequest(path, headers, {}, b"{}"), now_ms=0) is (
        accepted
    )


def test_a_large_body_is_read_at_once() -> None:
    update = {"update_id": 1, "message": {**BASE, "text": "a"}}
    corpo = json.dumps({"ok": True, "result": [update] * 5_000}).encode()
    started = time.process_time()

    events = parse(corpo, BOT)

    assert len(events) == 5_000
    assert time.process_time() - started < 20
