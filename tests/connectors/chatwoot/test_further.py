"""Further: shapes that the contract of Chatwoot names and no published body shows whole."""

import json
from typing import Any

import pytest

from ponte.connectors.chatwoot.classify import classify
from ponte.connectors.chatwoot.parse import parse
from ponte.connectors.chatwoot.verify import sign, verify
from tests.connectors.lent import answer
from tests.connectors.shapes import gaps

QUANDO_S, QUANDO = 1767225600, 1767225600000
ISO = "2026-01-01T00:00:00.000Z"
SOURCE = "ponte-whatsapp-5511999990001"
CLIENTE = {"id": 40, "name": "Ana", "identifier": "i", "phone_number": "+5511999990001",
           "type": "contact", "account": {"id": 1}}  # fmt: skip
AGENTE = {"id": 3, "name": "Beto", "email": "b@loja.test", "type": "user"}
CONVERSA = {"id": 15, "inbox_id": 5, "status": "open", "contact_inbox": {"source_id": SOURCE},
            "meta": {"sender": CLIENTE, "assignee": AGENTE}, "messages": []}  # fmt: skip
DITO = {"event": "message_created", "id": 9, "content": "a", "message_type": "outgoing",
        "private": False, "source_id": None, "content_attributes": {}, "sender": AGENTE,
        "created_at": ISO, "account": {"id": 1}, "inbox": {"id": 5},
        "conversation": CONVERSA}  # fmt: skip
FILES = "https://chatwoot.test/rails/active_storage/blobs/redirect/FAKE"


def shown(body: Any) -> list[dict[str, Any]]:
    return [event.view() for event in parse(json.dumps(body).encode())]


def anexo(kind: str, name: str = "a.pdf", **more: Any) -> dict[str, Any]:
    return {"attachments": [{"id": 9, "file_type": kind, "data_url": f"{FILES}/{name}", **more}]}


def midia(kind: str, name: str = "a.pdf") -> list[dict[str, Any]]:
    return [{"kind": kind, "filename": name}]


MESSAGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"forward": True, "from_me": True, "type": "text", "sender_name": "Beto"}),
    *[({"message_type": told}, {"forward": forward, "from_me": ours})
      for told, forward, ours in (
          (1, True, True), ("1", True, True), (3, True, True), ("template", True, True),
          (0, False, False), ("incoming", False, False), (2, False, True),
          ("activity", False, True))],
    ({"private": True}, {"forward": False}),
    ({"source_id": "whatsapp:A1"}, {"forward": False, "external_id": "whatsapp:A1",
                                    "origin": "api"}),
    ({"source_id": ""}, {"forward": True, "origin": None}),
    ({"message_type": None, "sender": CLIENTE}, {"forward": False, "from_me": False}),
    *[({"created_at": when}, {"timestamp_ms": QUANDO}) for when in (
        QUANDO_S, str(QUANDO_S), QUANDO, ISO, "2026-01-01T00:00:00Z",
        "2025-12-31T21:00:00-03:00", "2026-01-01 00:00:00 UTC")],
    ({"content": None}, {"type": "unsupported", "text": None, "forward": True}),
    *[({"content": None, **anexo(kind)}, {"type": kind, "text": None, "media": midia(kind)})
      for kind in ("image", "audio", "video")],
    ({"content": "veja", **anexo("file", "nota%20fiscal.pdf?x=1")},
     {"type": "document", "text": "veja", "media": midia("document", "nota fiscal.pdf")}),
    ({"content": None, **anexo("location", coordinates_lat=-23.5, coordinates_long="-46.6",
                               fallback_title="Loja")},
     {"type": "location", "text": "Loja", "media": [],
      "location": {"latitude": -23.5, "longitude": -46.6, "name": "Loja", "address": None}}),
    ({"content": None, **anexo("contact", fallback_title="+5511999990002",
                               meta={"firstName": "C"})},
     {"type": "contact", "contacts": [{"name": "C", "phones": ["+5511999990002"]}]}),
    ({"content": None, **anexo("fallback", fallback_title="T")},
     {"type": "share", "text": f"T {FILES}/a.pdf"}),
    ({"content": None, **anexo("novidade")},
     {"type": "unsupported", "text": f"{FILES}/a.pdf", "media": []}),
    ({"content": None, "conversation": {**CONVERSA, "messages": [
        {"id": 9, **anexo("image", "f.png")}]}}, {"type": "image", "media": midia("image",
                                                                                  "f.png")}),
    ({"content": None, "conversation": {**CONVERSA, "messages": [anexo("image", "f.png")]}},
     {"type": "image"}),
    ({"conversation": {**CONVERSA, "messages": [{"id": 8, **anexo("image")}]}},
     {"type": "text", "media": []}),
    ({"content_attributes": {"in_reply_to_external_id": "whatsapp:A0", "in_reply_to": 8}},
     {"reply_to": "whatsapp:A0"}),
    ({"content_attributes": {"in_reply_to": 8}}, {"reply_to": "8"}),
    ({"content_type": "input_select", "content_attributes": {"items": [
        {"title": "Sim", "value": "s"}]}}, {"type": "interactive", "options": ["Sim"]}),
    ({"account": None}, {"account": "1"}),
    ({"id": 10**17 + 1, "sender": None}, {"message_id": "100000000000000001",
                                          "sender_name": None}),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "want"), MESSAGES)
def test_what_was_written_is_told(parts: dict[str, Any], want: dict[str, Any]) -> None:
    common = {"channel": "chatwoot", "account": "1", "kind": "message", "chat_id": "15",
              "source_id": SOURCE, "timestamp_ms": QUANDO, "message_id": "9"}  # fmt: skip

    assert gaps([common | want], shown({**DITO, **parts})) == []


UPDATED = {**DITO, "event": "message_updated"}
TYPING = {"event": "conversation_typing_on", "conversation": CONVERSA, "user": AGENTE,
          "is_private": False}  # fmt: skip
DO_CLIENTE = {k: v for k, v in CLIENTE.items() if k != "type"}
OTHERS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({**UPDATED, "content_attributes": {"deleted": True}},
     [{"kind": "delete", "target_id": "9", "forward": True}]),
    ({**UPDATED, "content_attributes": {"deleted": True}, "private": True},
     [{"kind": "delete", "forward": False}]),
    ({**UPDATED, "content_attributes": {"deleted": True}, "message_type": 0},
     [{"kind": "delete", "forward": False}]),
    ({**UPDATED, "status": "read"}, [{"kind": "status", "target_id": "9", "status": "read",
                                      "forward": False}]),
    ({**UPDATED, "status": "failed", "content_attributes": {"external_error": "e"}},
     [{"status": "failed", "reason": "e"}]),
    ({**UPDATED, "conversation": {**CONVERSA, "messages": [{"id": 9, "status": "delivered"}]}},
     [{"status": "delivered"}]),
    *[({**CONVERSA, "event": event, "last_activity_at": QUANDO_S},
       [{"kind": "conversation", "chat_id": "15", "status": "open", "account": "1",
         "timestamp_ms": QUANDO, "forward": False}])
      for event in ("conversation_created", "conversation_status_changed", "conversation_updated",
                    "automation_event.conversation_created")],
    ({**DITO, "event": "automation_event.message_created"},
     [{"kind": "conversation", "status": "open", "forward": False}]),
    ({**DITO, "event": "macro.executed"}, [{"kind": "conversation", "forward": False}]),
    (TYPING, [{"kind": "typing", "status": "on", "from_me": True, "forward": True}]),
    ({**TYPING, "event": "conversation_typing_off"}, [{"status": "off", "forward": True}]),
    ({**TYPING, "is_private": True}, [{"forward": False}]),
    ({**TYPING, "user": CLIENTE}, [{"from_me": False, "forward": False}]),
    ({**TYPING, "user": DO_CLIENTE}, [{"from_me": False, "forward": False}]),
    *[({**CLIENTE, "event": event},
       [{"kind": "contact", "chat_id": "40", "account": "1", "sender_name": "Ana",
         "sender_phone": "5511999990001"}]) for event in ("contact_created", "contact_updated")],
    *[({**DITO, "event": event}, []) for event in (
        "webwidget_triggered", "inbox_created", "novidade", None)],
]  # fmt: skip


@pytest.mark.parametrize(("body", "want"), OTHERS)
def test_what_chatwoot_tells_is_told(body: dict[str, Any], want: list[dict[str, Any]]) -> None:
    assert gaps(want, shown(body)) == []


ANSWERS: list[tuple[int, Any, str]] = [
    (200, {"id": 1}, "ok"),
    (401, {"errors": ["Invalid Access Token"]}, "auth"),
    (401, {"error": "You need to sign in or sign up before continuing."}, "auth"),
    (403, None, "auth"),
    (404, {"error": "Resource could not be found"}, "gone"),
    (404, "<html>", "gone"),
    (422, {"message": "Identifier has already been taken", "attributes": ["identifier"]},
     "invalid_request"),
    (422, {"error": "Incoming messages are only allowed in Api inboxes"}, "invalid_request"),
    (422, {"error": {"message": "x"}}, "invalid_request"),
    (429, "Retry later\n", "rate_limited"),
    (500, None, "retry"),
    (503, "<html>", "retry"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "classe"), ANSWERS)
def test_each_row_of_the_error_table(status: int, body: Any, classe: str) -> None:
    assert classify(answer(status, body)).classe == classe


@pytest.mark.parametrize("wait", ["30", "Thu, 01 Jan 2026 00:00:30 GMT"])
def test_a_wait_is_read_in_both_of_its_forms(wait: str) -> None:
    headers = {"Retry-After": wait, "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}

    assert classify(answer(429, "Retry later", headers=headers)).retry_after_s == 30


def test_what_is_signed_is_the_time_and_the_bytes() -> None:
    body, at = '{"content":"olá  "}'.encode(), str(QUANDO_S)
    good = sign(body, "s", timestamp=at)

    def taken(header: str, timestamp: str) -> bool:
        headers = {"x-chatwoot-signature": header, "x-chatwoot-timestamp": timestamp}
        return verify(headers, body, ["", "old", "s"])

    assert taken(good, at)
    assert not any((taken(good, "1"), taken(good, ""), taken(good[7:], at), taken("", at)))
    assert not verify({"x-chatwoot-signature": good}, body, ["s"])
