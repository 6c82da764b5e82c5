"""Further: shapes that the contract of the Cloud API names and no published body shows whole."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from ponte.connectors.whatsapp_cloud.classify import classify
from ponte.connectors.whatsapp_cloud.parse import parse
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.connectors.whatsapp_cloud.webhook import WhatsAppCloudWebhook
from ponte.ports import WebhookRequest
from tests.connectors.lent import answer
from tests.connectors.shapes import gaps

SETTINGS = WhatsAppCloudSettings()
CLIENTE, LOJA, BSUID = "5511999990001", "5511999990000", "BR.10000000000000000001"
META = {"display_phone_number": "+55 11 99999-0000", "phone_number_id": "100"}
ANA = {"profile": {"name": "Ana"}, "wa_id": CLIENTE}
DE = {"from": CLIENTE, "id": "wamid.1", "timestamp": "1767225600"}
QUANDO = 1767225600000


def body(*changes: tuple[str, object], object_: str = "whatsapp_business_account") -> bytes:
    entry = [{"id": "200", "changes": [{"field": f, "value": v}]} for f, v in changes]
    return json.dumps({"object": object_, "entry": entry}).encode()


def shown(*changes: tuple[str, object]) -> list[dict[str, Any]]:
    return [evento.view() for evento in parse(body(*changes), SETTINGS)]


def value(name: str, *items: object, **further: object) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "metadata": META, "contacts": [ANA], name: [*items],
            **further}  # fmt: skip


def media(kind: str, **further: object) -> dict[str, Any]:
    return {"type": kind, kind: {"id": 300, "mime_type": "x/y", "sha256": "z", **further}}


CONTENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "text", "text": {"body": " Olá\n👋🏽 "}}, {"type": "text", "text": " Olá\n👋🏽 "}),
    (media("sticker", animated=True),
     {"type": "sticker", "text": None, "media": [{"kind": "sticker", "id": "300", "url": None}]}),
    (media("video", caption="c"), {"type": "video", "text": "c"}),
    (media("audio", voice=False), {"type": "audio", "media": [{"voice": False, "mime": "x/y"}]}),
    (media("voice"), {"type": "audio", "media": [{"kind": "audio", "voice": True}]}),
    (media("document", filename="nota ção.pdf"), {"media": [{"filename": "nota ção.pdf"}]}),
    ({"type": "location", "location": {"latitude": "-23.5", "longitude": -46}},
     {"type": "location", "location": {"latitude": -23.5, "longitude": -46, "name": None,
                                       "address": None}}),
    ({"type": "contacts", "contacts": [
        {"name": {"formatted_name": "B"}, "phones": [{"phone": "+55 11 3000-0000"},
                                                     {"phone": "x", "wa_id": 5511999990077}]},
        {"name": {"first_name": "C", "last_name": "D"}}]},
     {"type": "contact", "contacts": [{"name": "B", "phones": ["551130000000", "5511999990077"]},
                                      {"name": "C D", "phones": []}]}),
    ({"type": "reaction", "reaction": {"message_id": "w", "emoji": ""}},
     {"kind": "reaction", "target_id": "w", "reaction": ""}),
    ({"type": "reaction", "reaction": {"message_id": "w"}},
     {"kind": "reaction", "target_id": "w", "reaction": "", "message_id": "wamid.1"}),
    ({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {
        "id": "1", "title": "A", "description": "b"}}, "context": {"from": LOJA, "id": "w"}},
     {"type": "interactive", "text": "A", "choice_id": "1", "reply_to": "w"}),
    ({"type": "interactive", "interactive": {"button_reply": {"id": "1", "title": "A"}}},
     {"type": "interactive", "text": "A", "choice_id": "1"}),
    ({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {
        "name": "flow", "body": "Sent", "response_json": '{"a": {"b": [1, 2.5, true, null]}}'}}},
     {"text": "Sent", "choice_id": None, "form": {"a": {"b": [1, 2.5, True, None]}}}),
    ({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {
        "body": "Sent", "response_json": "{"}}}, {"type": "interactive", "text": "Sent"}),
    ({"type": "interactive"}, {"type": "unsupported"}),
    ({"type": "interactive", "interactive": {"type": "button_reply"}}, {"type": "unsupported"}),
    ({"type": "button", "button": {"payload": "p", "text": "Sim"}},
     {"type": "interactive", "text": "Sim", "choice_id": "p", "reply_to": None}),
    ({"type": "order", "order": {"catalog_id": 4, "text": "Oi", "product_items": [
        {"product_retailer_id": "S", "quantity": "2", "item_price": "10.5", "currency": "BRL"}]}},
     {"type": "order", "text": "Oi", "order": {"catalog_id": "4", "items": [
         {"sku": "S", "quantity": 2, "price": 10.5, "currency": "BRL"}]}}),
    ({"type": "edit", "edit": {"original_message_id": "w", "message": {
        "type": "image", "image": {"id": "3", "caption": "novo"}}}},
     {"kind": "edit", "target_id": "w", "text": "novo"}),
    ({"type": "revoke", "revoke": {"original_message_id": "w"}},
     {"kind": "delete", "target_id": "w", "chat_id": CLIENTE}),
    ({"type": "revoke"}, {"kind": "message", "type": "unsupported"}),
    ({"type": "unsupported", "unsupported": {"type": "poll"}, "errors": [{"code": 131051}]},
     {"type": "unsupported", "reason": "poll", "error_code": 131051}),
    ({"type": "novidade", "novidade": {}}, {"type": "unsupported", "text": None}),
    ({"type": "text"}, {"type": "unsupported"}),
    ({}, {"type": "unsupported"}),
    ({"type": "text", "text": {"body": "Oi"}, "context": {"frequently_forwarded": True}},
     {"reply_to": None, "forwarded": True}),
    ({"type": "text", "text": {"body": "Oi"}, "group_id": "g.1"},
     {"chat_id": "g.1", "is_group": True, "sender_id": CLIENTE, "sender_name": "Ana"}),
    ({"type": "text", "text": {"body": "Oi"}, "context": {"from": LOJA, "id": "w",
      "referred_product": {"catalog_id": "1", "product_retailer_id": "S"}}},
     {"reply_to": "w", "referral": {"product_id": "S"}}),
    ({"type": "image", "image": {"id": "3"}, "referral": {"source_type": "ad", "source_id": 12,
      "ctwa_clid": "c", "video_url": "https://x.test"}},
     {"type": "image", "referral": {"source": "ad", "ad_id": "12"}}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "want"), CONTENT)
def test_what_a_person_wrote_is_told(message: dict[str, Any], want: dict[str, Any]) -> None:
    common = {"channel": "whatsapp", "backend": "cloud", "account": "100", "kind": "message",
              "chat_id": CLIENTE, "sender_id": CLIENTE, "sender_phone": CLIENTE,
              "sender_name": "Ana", "from_me": False, "timestamp_ms": QUANDO}  # fmt: skip

    found = shown(("messages", value("messages", {**DE, **message})))

    assert gaps([common | want], found) == []


OI = {"type": "text", "text": {"body": "Oi"}}
PEOPLE: list[tuple[dict[str, Any], list[object], dict[str, Any] | None]] = [
    ({"from": BSUID}, [ANA, {"profile": {"name": "Bia"}, "user_id": BSUID}],
     {"chat_id": BSUID, "sender_phone": None, "sender_name": "Bia"}),
    ({"from": None, "from_user_id": BSUID}, [ANA], {"sender_id": BSUID, "sender_name": None}),
    ({"from": 5511999990001, "id": 7, "timestamp": 1767225600},
     [{"profile": {"name": "Bia"}, "wa_id": "1"}, ANA], {"sender_name": "Ana", "message_id": "7"}),
    ({"from": CLIENTE, "from_user_id": BSUID}, [{"profile": {"name": "Bia"}, "user_id": BSUID}],
     {"sender_id": CLIENTE, "sender_phone": CLIENTE, "sender_name": "Bia"}),
    ({"from": None}, [ANA], None),
    ({"from": "Ana"}, [ANA], None),
]  # fmt: skip


@pytest.mark.parametrize(("who", "contacts", "want"), PEOPLE)
def test_who_wrote_is_told(
    who: dict[str, Any], contacts: list[object], want: dict[str, Any] | None
) -> None:
    found = shown(("messages", value("messages", {**DE, **OI, **who}, contacts=contacts)))

    assert gaps([] if want is None else [want], found) == []


ECHO = {"from": LOJA, "to": CLIENTE, "id": "wamid.2", "timestamp": "1767225600"}
RECEIPT = {"id": "w", "status": "delivered", "timestamp": "1767225600", "recipient_id": CLIENTE}
OTHERS: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("smb_message_echoes", value("message_echoes", {**ECHO, **OI}),
     [{"kind": "message", "from_me": True, "origin": "app", "chat_id": CLIENTE,
       "sender_id": LOJA, "text": "Oi"}]),
    ("smb_message_echoes", value("message_echoes", {**ECHO, "type": "revoke", "revoke": {
        "original_message_id": "w"}}), [{"kind": "delete", "from_me": True, "target_id": "w"}]),
    ("smb_message_echoes", value("message_echoes", {**ECHO, "type": "edit", "edit": {
        "original_message_id": "w", "message": OI}}),
     [{"kind": "edit", "from_me": True, "target_id": "w", "text": "Oi"}]),
    ("smb_message_echoes", value("message_echoes", {**ECHO, **OI, "to": None,
                                                    "to_user_id": BSUID}), [{"chat_id": BSUID}]),
    ("standby", value("messages", {**DE, **OI}, message_echoes=[{**ECHO, **OI}]),
     [{"chat_id": CLIENTE, "from_me": False, "standby": True, "text": "Oi"},
      {"chat_id": CLIENTE, "from_me": True, "standby": True, "origin": None}]),
    ("messages", value("messages", {"id": "1", "type": "system", "system": {
        "type": "user_changed_user_id", "previous_user_id": BSUID, "user_id": "BR.2"}}),
     [{"kind": "system", "event": "user_changed_user_id", "chat_id": BSUID, "new_id": "BR.2"}]),
    ("messages", value("statuses", {"id": "c", "type": "call", "status": "RINGING",
                                    "recipient_id": CLIENTE}),
     [{"kind": "call", "chat_id": CLIENTE, "status": "ringing"}]),
    ("messages", value("statuses", RECEIPT, {**RECEIPT, "id": "v", "status": "read"}),
     [{"kind": "status", "target_id": "w", "status": "delivered", "timestamp_ms": QUANDO},
      {"target_id": "v", "status": "read", "message_id": None, "chat_id": CLIENTE}]),
    *[("messages", value("statuses", {**RECEIPT, "status": told}), [{"status": told}])
      for told in ("played", "deleted", "sent", "warning")],
    ("messages", value("statuses", {**RECEIPT, "recipient_id": "g.1", "recipient_type": "group",
                                    "recipient_participant_id": CLIENTE}),
     [{"chat_id": "g.1", "is_group": True, "participant_id": CLIENTE}]),
    ("messages", value("statuses", {**RECEIPT, "status": "failed", "errors": [
        {"code": "131026", "title": "Undeliverable"}]}),
     [{"status": "failed", "error_code": 131026, "error_class": "recipient_unreachable"}]),
    ("messages", value("statuses", {**RECEIPT, "status": "failed"}), [{"status": "failed"}]),
    ("messages", {"statuses": [{"id": "w", "status": "sent"}]},
     [{"account": "200", "target_id": "w", "chat_id": None, "timestamp_ms": None}]),
    ("messages", value("messages", {**DE, **OI}, statuses=[RECEIPT]),
     [{"kind": "message"}, {"kind": "status"}]),
    ("messages", value("messages", {**DE, "type": "system", "system": {
        "type": "user_changed_number", "wa_id": 5511999990003, "body": "…"}}),
     [{"kind": "system", "event": "user_changed_number", "new_id": "5511999990003",
       "chat_id": CLIENTE}]),
    ("messages", value("messages", {**DE, "type": "system", "system": {
        "type": "customer_identity_changed", "identity": "x"}}),
     [{"kind": "system", "event": "customer_identity_changed", "chat_id": CLIENTE}]),
    *[("user_preferences", value("user_preferences", {"wa_id": CLIENTE, "value": told,
                                                      "category": "marketing_messages"}),
       [{"kind": "system", "event": event, "chat_id": CLIENTE}])
      for told, event in (("stop", "marketing_opt_out"), ("resume", "marketing_opt_in"),
                          ("signup", "marketing_opt_in"))],
    ("calls", value("calls", {"id": "c", "from": CLIENTE, "to": LOJA, "event": "terminate",
     "timestamp": 1767225600, "direction": "USER_INITIATED", "status": "COMPLETED"}),
     [{"kind": "call", "chat_id": CLIENTE, "status": "terminate", "message_id": "c",
       "from_me": False}]),
    ("message_template_status_update", {"event": "REJECTED", "message_template_id": 1,
     "message_template_name": "x", "reason": "ABUSIVE_CONTENT"},
     [{"kind": "system", "account": "200", "event": "template_status", "status": "REJECTED"}]),
    ("account_update", {"event": "DISABLED_UPDATE"},
     [{"kind": "system", "account": "200", "event": "DISABLED_UPDATE"}]),
    ("messages", {"metadata": META, "errors": [{"code": 131000, "title": "x"}]},
     [{"kind": "system", "event": "error", "error_code": 131000}]),
    ("history", value("history", {"phase": 0, "threads": [{"id": CLIENTE, "messages": [DE]}]}),
     []),
    ("smb_app_state_sync", value("state_sync", {"type": "contact"}), []),
    ("security", {"event": "PIN_CHANGED"}, []),
    ("flows", {"event": "FLOW_STATUS_CHANGE"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value_", "want"), OTHERS)
def test_what_meta_tells_is_told(
    field: str, value_: dict[str, Any], want: list[dict[str, Any]]
) -> None:
    assert gaps(want, shown((field, value_))) == []


def test_every_entry_and_change_of_a_body_is_read_whatever_stands_between() -> None:
    ids = [
        x["message_id"]
        for x in shown(
            ("messages", value("messages", {**DE, **OI}, None, {**DE, **OI, "id": "wamid.3"})),
            ("messages", None),
            ("novidade", [1]),
            ("messages", value("messages", {**DE, **OI, "id": "wamid.4"})),
        )
    ]

    assert ids == ["wamid.1", "wamid.3", "wamid.4"]


def failed(code: object, **further: object) -> dict[str, Any]:
    return {"error": {"message": "x", "type": "OAuthException", "code": code, **further}}


CODES: list[tuple[str, tuple[int, ...]]] = [
    ("auth", (0, 3, 10, 190, 200, 250, 299, 131005, 368, 131031, 131042)),
    ("rate_limited", (4, 80007, 130429, 131048, 131056, 133016, 131057)),
    ("window_closed", (131047,)),
    ("recipient_unreachable", (131026, 131030, 131021, 131045, 131049, 130472)),
    ("retry", (1, 2, 131000, 131016, 131053, 133004, 135000)),
    ("invalid_request", (33, 100, 131008, 131009, 131051, 131052, 132000, 132007, 132016)),
]


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(("classe", "code"), [(c, n) for c, codes in CODES for n in codes])
def test_the_code_decides_and_not_the_status(classe: str, code: int, status: int) -> None:
    told = (failed(code), failed(str(code)), failed(code, is_transient=True, error_subcode=1))

    assert [classify(answer(status, x)).classe for x in told] == [classe] * 3


@pytest.mark.parametrize(
    ("status", "corpo", "classe"),
    [
        (200, {"messages": [{"id": "w"}]}, "ok"),
        (200, {"success": True}, "ok"),
        (200, {"success": False}, "retry"),
        (200, "<html>", "retry"),
        (200, None, "retry"),
        (200, {"error": "x"}, "invalid_request"),
        (400, {"error": {}}, "invalid_request"),
        (400, {"error": {"error": {"code": 190}}}, "invalid_request"),
        (400, failed(999999), "invalid_request"),
        (500, failed(999999), "retry"),
        (400, failed(999999, is_transient=True), "retry"),
        (401, None, "auth"),
        (429, "<html>", "rate_limited"),
        (503, "<html>", "retry"),
        (502, None, "retry"),
    ],
)
def test_what_has_no_known_code_goes_by_its_status(status: int, corpo: object, classe: str) -> None:
    assert classify(answer(status, corpo)).classe == classe


@pytest.mark.parametrize("corpo", ['{"text": "olá"}\n', "", '{"text":"ol\\u00e1"}', " { } "])
@pytest.mark.parametrize("secret", ["segredo-1", "segredo-2"])
def test_a_signature_is_of_the_very_bytes(corpo: str, secret: str) -> None:
    webhook = WhatsAppCloudWebhook(
        WhatsAppCloudSettings.model_validate({"app_secret": "segredo-1,segredo-2"})
    )
    digest = hmac.new(secret.encode(), corpo.encode(), hashlib.sha256).hexdigest()

    def accepted(header: str | None, raw: bytes) -> bool:
        headers = {} if header is None else {"x-hub-signature-256": header}
        return webhook.verify(WebhookRequest("", headers, {}, raw), now_ms=0)

    assert accepted(f"sha256={digest}", corpo.encode())
    assert accepted(f"sha256={digest.upper()}", corpo.encode())
    for wrong in (digest, f"sha1={digest}", f"sha256={digest[:-1]}", "", None, "sha256=é"):
        assert not accepted(wrong, corpo.encode())
    assert not accepted(f"sha256={digest}", corpo.encode() + b"\n")


def test_a_large_body_is_read_at_once() -> None:
    people = [{"wa_id": f"55119{n:08}", "profile": {"name": str(n)}} for n in range(3_000)]
    messages = [{**DE, **OI, "from": p["wa_id"], "id": p["wa_id"]} for p in people]
    corpo = body(("messages", value("messages", *messages, contacts=people)))
    started = time.process_time()

    events = parse(corpo, SETTINGS)

    assert [x.sender_name for x in events] == [str(n) for n in range(3_000)]
    assert time.process_time() - started < 20


def test_a_receipt_is_the_same_by_its_message_and_status_and_in_a_group_by_its_member() -> None:
    grupo = {"recipient_id": "g.1", "recipient_type": "group"}
    told = [
        RECEIPT,
        {**RECEIPT, "timestamp": "1767225601"},
        {**RECEIPT, "status": "read"},
        {**RECEIPT, **grupo, "recipient_participant_id": "1"},
        {**RECEIPT, **grupo, "recipient_participant_id": "2"},
    ]

    events = parse(body(("messages", value("statuses", *told))), SETTINGS)

    assert events[0].identity == events[1].identity
    assert len({evento.identity for evento in events}) == 4


@pytest.mark.parametrize(
    ("token", "mode", "told"),
    [
        ("segredo é", "subscribe", "42"),
        ("segredo", "subscribe", None),
        ("segredo é", "unsubscribe", None),
        ("\ud800", "subscribe", None),
        ("", "subscribe", None),
    ],
)
def test_a_subscription_is_proven_by_its_word_alone(
    token: str, mode: str, told: str | None
) -> None:
    webhook = WhatsAppCloudWebhook(
        WhatsAppCloudSettings.model_validate({"verify_token": "segredo é"})
    )
    query = {"hub.mode": mode, "hub.verify_token": token, "hub.challenge": "42"}

    assert webhook.challenge(WebhookRequest("", {}, query, b""), now_ms=0) == told
