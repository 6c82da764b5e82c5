"""Further: shapes that the contract of Evolution names and no published body shows whole."""

import json
import time
from typing import Any

import pytest

from ponte.connectors.whatsapp.classify import classify
from ponte.connectors.whatsapp.parse import parse
from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.connectors.whatsapp.webhook import WhatsAppWebhook
from ponte.ports import WebhookRequest
from tests.connectors.lent import answer
from tests.connectors.shapes import gaps

SETTINGS = WhatsAppSettings.model_validate({})
CLIENTE, LOJA = "5511999990001@s.whatsapp.net", "5511999990000@s.whatsapp.net"
GRUPO, LID = "120363000000000001@g.us", "100000000000002@lid"
ANTES = "AC0001"
CARTAO = (
    "BEGIN:VCARD\nVERSION:3.0\nFN:Loja Um\n"
    "item1.TEL;type=CELL;WAID=5511999990077:+55 11 99999-0077\n"
    "TEL;type=WORK:+55 (11) 3000-0000\nEND:VCARD"
)
EDICAO = {
    "key": {"remoteJid": LOJA, "fromMe": True, "id": ANTES},
    "type": "MESSAGE_EDIT",
    "editedMessage": {"conversation": "novo"},
}


def body(event: str, data: object, **further: object) -> bytes:
    envelope = {"event": event, "instance": "loja", "sender": LOJA, "data": data}
    return json.dumps(envelope | further).encode()


def upsert(message: object, *, where: Any = None, **data: Any) -> bytes:
    key = {"remoteJid": CLIENTE, "fromMe": False, "id": "A1", "participant": ""} | (where or {})
    common = {"key": key, "pushName": "Ana", "messageTimestamp": 1767225600, "message": message}
    return body("messages.upsert", common | data)


def shown(corpo: bytes) -> list[dict[str, Any]]:
    return [evento.view() for evento in parse(corpo, SETTINGS)]


def wrapped(message: object, *wrappers: str) -> Any:
    for wrapper in wrappers:
        message = {wrapper: {"message": message}}
    return message


TEXTO = {"conversation": "Oi"}
CONTENT: list[tuple[str, Any, dict[str, Any]]] = [
    ("text, not flattened", {"extendedTextMessage": {"text": "Oi 👋🏽", "contextInfo": {
        "stanzaId": ANTES, "mentionedJid": ["5511999990000:3@s.whatsapp.net"], "isForwarded": True,
        "quotedMessage": {"extendedTextMessage": {"text": "Y", "contextInfo": {
            "stanzaId": "X"}}}}}},
     {"type": "text", "text": "Oi 👋🏽", "reply_to": ANTES, "mentions": [LOJA],
      "forwarded": True}),
    ("wrapped three times", wrapped({"imageMessage": {"caption": "Veja", "mimetype": "image/png"}},
     "viewOnceMessageV2Extension", "viewOnceMessageV2", "ephemeralMessage"),
     {"type": "image", "text": "Veja", "media": [{"kind": "image", "mime": "image/png",
                                                  "url": None, "id": "A1"}]}),
    ("viewed once", wrapped({"videoMessage": {"mimetype": "video/mp4"}}, "viewOnceMessage"),
     {"type": "video", "text": None}),
    ("round video", {"ptvMessage": {"mimetype": "video/mp4", "seconds": 4}}, {"type": "video"}),
    ("sticker", {"stickerMessage": {"mimetype": "image/webp", "isAnimated": True}},
     {"type": "sticker", "media": [{"kind": "sticker", "mime": "image/webp", "voice": False}]}),
    ("voice", {"audioMessage": {"ptt": True, "mimetype": "audio/ogg", "seconds": 2}},
     {"type": "audio", "media": [{"kind": "audio", "voice": True}]}),
    ("music", {"audioMessage": {"ptt": False, "mimetype": "audio/mpeg"}},
     {"type": "audio", "media": [{"voice": False}]}),
    ("bytes beside", {"base64": "AAEC", "imageMessage": {"mimetype": "image/jpeg"}},
     {"media": [{"inline_base64": True, "url": None}]}),
    ("an address beside", {"mediaUrl": "https://s3.test/a", "documentMessage": {
        "fileName": "nota ção.pdf", "url": "https://mmg.whatsapp.net/x"}},
     {"type": "document", "media": [{"url": "https://s3.test/a", "filename": "nota ção.pdf"}]}),
    ("document, wrapped", wrapped({"documentMessage": {"fileName": "a.pdf", "caption": "paguei"}},
     "documentWithCaptionMessage"), {"type": "document", "text": "paguei"}),
    ("live place", {"liveLocationMessage": {"degreesLatitude": -23.5, "degreesLongitude": "-46.6",
                                            "caption": "indo", "sequenceNumber": "1"}},
     {"type": "location", "text": "indo", "location": {"latitude": -23.5, "longitude": -46.6,
                                                       "name": None, "address": None}}),
    ("a card without a name beside it", {"contactMessage": {"vcard": CARTAO}},
     {"type": "contact", "contacts": [{"name": "Loja Um",
                                       "phones": ["5511999990077", "551130000000"]}]}),
    ("cards", {"contactsArrayMessage": {"displayName": "2", "contacts": [
        {"displayName": "B", "vcard": "TEL:+55 11 99999-0088"}, {"displayName": "C"}]}},
     {"contacts": [{"name": "B", "phones": ["5511999990088"]}, {"name": "C", "phones": []}]}),
    ("a row", {"listResponseMessage": {"title": "42", "singleSelectReply": {
        "selectedRowId": "sku-42"}, "contextInfo": {"stanzaId": ANTES}}},
     {"type": "interactive", "text": "42", "choice_id": "sku-42", "reply_to": ANTES}),
    ("native flow", {"interactiveResponseMessage": {"body": {"text": "Sim"},
     "nativeFlowResponseMessage": {"name": "quick_reply", "paramsJson": '{"id":"sim"}'}}},
     {"type": "interactive", "text": "Sim", "choice_id": "sim"}),
    ("a form", {"interactiveResponseMessage": {"nativeFlowResponseMessage": {
        "paramsJson": '{"cep":"01001000","aceito":true,"itens":[1,2.5],"mais":{"a":null}}'}}},
     {"type": "interactive", "choice_id": None,
      "form": {"cep": "01001000", "aceito": True, "itens": [1, 2.5], "mais": {"a": None}}}),
    ("a broken form", {"interactiveResponseMessage": {"body": {"text": "Sim"},
     "nativeFlowResponseMessage": {"paramsJson": "{"}}},
     {"type": "interactive", "text": "Sim", "choice_id": None}),
    ("poll", {"pollCreationMessageV3": {"name": "Cor?", "options": [
        {"optionName": "Azul"}, {"optionName": "Preto"}], "selectableOptionsCount": 1}},
     {"type": "poll", "text": "Cor?", "options": ["Azul", "Preto"]}),
    ("vote", {"pollUpdateMessage": {"pollCreationMessageKey": {"id": ANTES},
                                    "vote": {"selectedOptions": ["Azul"]}}},
     {"kind": "message", "type": "poll_vote", "target_id": ANTES, "options": ["Azul"]}),
    ("order", {"orderMessage": {"orderId": "1", "itemCount": 2, "message": "Quero"}},
     {"type": "order", "text": "Quero"}),
    ("product", {"productMessage": {"product": {"productId": "9", "title": "Tênis"}}},
     {"type": "share", "text": "Tênis", "referral": {"product_id": "9"}}),
    ("advertisement", {"extendedTextMessage": {"text": "Oi", "contextInfo": {"externalAdReply": {
        "title": "T", "sourceType": "ad", "sourceId": "120", "sourceUrl": "https://fb.me/x",
        "ctwaClid": "c"}}}},
     {"text": "Oi", "referral": {"source": "ad", "ad_id": "120", "ref": "c"}}),
    ("reaction taken back", {"messageContextInfo": {}, "reactionMessage": {
        "key": {"id": ANTES}, "text": ""}},
     {"kind": "reaction", "target_id": ANTES, "reaction": ""}),
    ("reaction without text", {"reactionMessage": {"key": {"id": ANTES}}},
     {"kind": "reaction", "target_id": ANTES, "reaction": ""}),
    ("unknown", {"messageContextInfo": {}, "secretEncryptedMessage": {}},
     {"kind": "message", "type": "unsupported", "text": None}),
    ("unknown, with an empty text", {"conversation": "", "eventMessage": {"name": "x"}},
     {"type": "unsupported"}),
    ("an empty text beside a picture", {"conversation": "", "imageMessage": {"caption": "c"}},
     {"type": "image", "text": "c"}),
    ("nothing", None, {"kind": "message", "type": "unsupported"}),
    ("only context", {"messageContextInfo": {}}, {"type": "unsupported"}),
    ("a list for a message", [], {"type": "unsupported"}),
    ("edit, first old form", {"editedMessage": {"message": {"protocolMessage": EDICAO}}},
     {"kind": "edit", "chat_id": CLIENTE, "target_id": ANTES, "text": "novo"}),
    ("edit, second old form", {"protocolMessage": EDICAO | {"type": 14, "editedMessage": {
        "extendedTextMessage": {"text": "novo"}}}},
     {"kind": "edit", "target_id": ANTES, "text": "novo"}),
    ("edit where messages vanish", wrapped({"editedMessage": {"message": {
        "protocolMessage": EDICAO}}}, "ephemeralMessage"),
     {"kind": "edit", "target_id": ANTES, "text": "novo"}),
    ("edit of a caption", {"protocolMessage": EDICAO | {"type": "14", "editedMessage": {
        "imageMessage": {"caption": "novo"}}}}, {"kind": "edit", "text": "novo"}),
    ("edit that names no message", {"editedMessage": {"message": TEXTO}},
     {"kind": "message", "type": "unsupported", "text": "Oi"}),
    ("revoke, old form", {"protocolMessage": {"key": {"id": ANTES}, "type": "REVOKE"}},
     {"kind": "delete", "chat_id": CLIENTE, "target_id": ANTES}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "want"), [x[1:] for x in CONTENT], ids=[x[0] for x in CONTENT])
def test_what_a_person_wrote_is_told(message: object, want: dict[str, Any]) -> None:
    common = {"account": "loja", "channel": "whatsapp", "backend": "evolution",
              "timestamp_ms": 1767225600000, "message_id": "A1", "chat_id": CLIENTE,
              "sender_id": CLIENTE, "sender_name": "Ana", "from_me": False}  # fmt: skip

    found = shown(upsert(message))

    assert gaps([{"kind": "message"} | common | want], found) == []


ADDRESSES: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = [
    ("device", {"remoteJid": "5511999990001:75@s.whatsapp.net"}, {"chat_id": CLIENTE}),
    ("alias alone", {"remoteJid": LID}, {"chat_id": LID, "sender_id": LID, "sender_phone": None}),
    ("alias and its telephone", {"remoteJid": LID, "remoteJidAlt": CLIENTE},
     {"chat_id": CLIENTE, "sender_phone": "5511999990001",
      "phone_variants": ["551199990001", "5511999990001"]}),
    ("alias, older", {"remoteJid": LID, "senderPn": "5511999990001:2@s.whatsapp.net"},
     {"chat_id": CLIENTE}),
    ("telephone and its alias", {"remoteJid": CLIENTE, "remoteJidAlt": LID}, {"chat_id": CLIENTE}),
    ("group", {"remoteJid": GRUPO, "participant": "5511999990001:9@s.whatsapp.net"},
     {"chat_id": GRUPO, "sender_id": CLIENTE, "is_group": True, "sender_name": "Ana"}),
    ("group, alias", {"remoteJid": GRUPO, "participant": LID, "participantAlt": CLIENTE},
     {"chat_id": GRUPO, "sender_id": CLIENTE, "sender_phone": "5511999990001"}),
    ("group, alias alone", {"remoteJid": GRUPO, "participant": LID},
     {"sender_id": LID, "sender_phone": None}),
    ("bare digits", {"remoteJid": "5511999990001"},
     {"chat_id": "5511999990001", "sender_phone": "5511999990001"}),
    ("digits as a number", {"remoteJid": 5511999990001, "id": 7},
     {"chat_id": "5511999990001", "message_id": "7"}),
    ("own", {"fromMe": True}, {"chat_id": CLIENTE, "sender_id": LOJA, "sender_name": None,
                               "from_me": True}),
    ("own, in an alias", {"remoteJid": LID, "remoteJidAlt": CLIENTE, "fromMe": "true"},
     {"chat_id": CLIENTE, "from_me": True}),
    ("status", {"remoteJid": "status@broadcast", "participant": CLIENTE}, None),
    ("newsletter", {"remoteJid": "120363000000000009@newsletter"}, None),
    ("list of people", {"remoteJid": "1620000000@broadcast"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("key", "want"), [x[1:] for x in ADDRESSES], ids=[x[0] for x in ADDRESSES])
def test_who_wrote_where_is_told(key: dict[str, Any], want: dict[str, Any] | None) -> None:
    found = shown(upsert(TEXTO, where=key))

    assert gaps([] if want is None else [want], found) == []


ROW = {"keyId": ANTES, "remoteJid": CLIENTE, "fromMe": True, "participant": ""}
OTHERS: list[tuple[str, str, Any, list[dict[str, Any]]]] = [
    ("capitals", "MESSAGES_UPSERT", {"key": {"remoteJid": CLIENTE, "id": "1"}, "message": TEXTO},
     [{"text": "Oi", "timestamp_ms": None}]),
    ("dashes", "messages-upsert", {"key": {"remoteJid": CLIENTE, "id": "1"}, "message": TEXTO,
     "messageTimestamp": {"low": 1767225600, "high": 0, "unsigned": True}},
     [{"text": "Oi", "timestamp_ms": 1767225600000}]),
    ("in ms, as text", "messages.upsert", {"key": {"remoteJid": CLIENTE, "id": "1"},
     "message": TEXTO, "messageTimestamp": "1767225600123"}, [{"timestamp_ms": 1767225600123}]),
    ("as a date", "messages.upsert", {"key": {"remoteJid": CLIENTE, "id": "1"},
     "message": TEXTO, "messageTimestamp": "2026-01-01T00:00:00.000Z"},
     [{"timestamp_ms": 1767225600000}]),
    ("several", "messages.upsert", [{"key": {"remoteJid": CLIENTE, "id": i}, "message": TEXTO}
     for i in ("1", "2")], [{"message_id": "1"}, {"message_id": "2"}]),
    ("the list of Baileys", "messages.upsert", {"type": "notify", "messages": [
        {"key": {"remoteJid": CLIENTE, "id": i}, "message": TEXTO} for i in ("1", "2")]},
     [{"message_id": "1"}, {"message_id": "2"}]),
    ("through the API", "send.message", {"key": {"remoteJid": CLIENTE, "fromMe": True, "id": "1"},
     "status": "PENDING", "message": TEXTO, "source": "web"},
     [{"origin": "api", "from_me": True, "text": "Oi"}]),
    ("author beside the key", "messages.upsert", {"key": {"remoteJid": GRUPO, "id": "1"},
     "participant": CLIENTE, "message": TEXTO}, [{"sender_id": CLIENTE}]),
    ("undecrypted", "messages.upsert", {"key": {"remoteJid": CLIENTE, "id": "1"},
     "messageStubType": 2, "messageStubParameters": ["No session"]}, [{"type": "unsupported"}]),
    ("group notice", "messages.upsert", {"key": {"remoteJid": GRUPO, "id": "1"},
     "messageStubType": "GROUP_CHANGE_SUBJECT"}, []),
    ("key of the group alone", "messages.upsert", {"key": {"remoteJid": GRUPO, "id": "1"},
     "message": {"senderKeyDistributionMessage": {"groupId": GRUPO}}}, []),
    ("key of the group and text", "messages.upsert", {"key": {"remoteJid": GRUPO, "id": "1"},
     "message": {"senderKeyDistributionMessage": {}, "conversation": "Oi"}}, [{"text": "Oi"}]),
    ("setting of the chat", "messages.upsert", {"key": {"remoteJid": CLIENTE, "id": "1"},
     "message": {"protocolMessage": {"key": {"id": ANTES}, "type": "EPHEMERAL_SETTING"}}}, []),
    ("album", "messages.upsert", {"key": {"remoteJid": CLIENTE, "id": "1"},
     "message": {"messageContextInfo": {}, "albumMessage": {"expectedImageCount": 2}}}, []),
    ("vote that was opened", "messages.upsert", {"key": {"remoteJid": CLIENTE, "id": "1"},
     "message": {"pollUpdateMessage": {"pollCreationMessageKey": {"id": ANTES}}},
     "pollUpdates": [{"name": "Azul", "voters": []}, {"name": "Preto", "voters": [CLIENTE]}]},
     [{"type": "poll_vote", "target_id": ANTES, "options": ["Preto"]}]),
    *[(f"receipt {told}", "messages.update", ROW | {"status": told},
       [{"kind": "status", "target_id": ANTES, "status": want, "chat_id": CLIENTE,
         "from_me": True}])
      for told, want in (("ERROR", "failed"), ("PENDING", "pending"), ("SERVER_ACK", "sent"),
                         ("DELIVERY_ACK", "delivered"), ("READ", "read"), ("PLAYED", "played"),
                         ("DELETED", "deleted"), (3, "delivered"), ("read", "read"))],
    ("receipts", "messages.update", [ROW | {"status": "READ"}, ROW | {"keyId": "B", "status": 5}],
     [{"target_id": ANTES, "status": "read"}, {"target_id": "B", "status": "played"}]),
    ("receipt that names no chat", "messages.update", {"keyId": ANTES, "status": "READ"},
     [{"target_id": ANTES, "status": "read", "chat_id": None}]),
    ("receipt nobody announced", "messages.update", ROW | {"status": "WARMED"}, []),
    ("receipt of a status", "messages.update", ROW | {"remoteJid": "status@broadcast",
                                                      "status": "READ"}, []),
    ("revoke", "messages.edited", {"key": {"remoteJid": CLIENTE, "id": ANTES}, "type": 0},
     [{"kind": "delete", "target_id": ANTES, "chat_id": CLIENTE}]),
    ("edit", "messages.edited", EDICAO | {"type": 14, "timestampMs": "1767225600123"},
     [{"kind": "edit", "target_id": ANTES, "text": "novo", "timestamp_ms": 1767225600123}]),
    ("setting", "messages.edited", {"key": {"remoteJid": CLIENTE, "id": ANTES}, "type": 3,
                                    "ephemeralExpiration": 86400}, []),
    ("revoke of a status", "messages.edited", {"key": {"remoteJid": "status@broadcast",
                                                       "id": ANTES}, "type": "REVOKE"}, []),
    ("delete, as a row", "messages.delete", {"id": "cmrow", "key": {"id": ANTES,
     "remoteJid": CLIENTE, "fromMe": True}, "messageType": "conversation", "status": "DELETED"},
     [{"kind": "delete", "target_id": ANTES, "from_me": True}]),
    ("delete that names no chat", "messages.delete", {"id": ANTES},
     [{"kind": "delete", "target_id": ANTES, "chat_id": None}]),
    ("delete of a status", "messages.delete", {"id": ANTES, "remoteJid": "status@broadcast"}, []),
    ("paired", "connection.update", {"instance": "loja", "state": "open", "statusReason": "200",
                                     "wuid": "5511999990000:9@s.whatsapp.net"},
     [{"kind": "connection", "state": "open", "reason": 200, "owner_id": LOJA}]),
    ("closed", "status.instance", {"instance": "loja", "status": "closed",
                                   "disconnectionReasonCode": 401},
     [{"kind": "connection", "state": "close", "reason": 401}]),
    ("no more codes", "qrcode.updated", {"message": "QR code limit reached", "statusCode": 500},
     [{"kind": "qr", "code": None, "has_image": False, "limit_reached": True}]),
    ("a code to type", "qrcode.updated", {"qrcode": {"pairingCode": "ABCD1234", "code": "2@x"}},
     [{"code": "2@x", "pairing_code": "ABCD1234", "has_image": False}]),
    ("call", "call", [{"chatId": CLIENTE, "id": "C1", "date": "2026-01-01T00:00:00.000Z",
                       "status": "timeout", "isVideo": True, "isGroup": False}],
     [{"kind": "call", "chat_id": CLIENTE, "status": "timeout", "is_video": True,
       "timestamp_ms": 1767225600000, "message_id": "C1"}]),
    ("presence", "presence.update", {"id": GRUPO, "presences": {
        CLIENTE: {"lastKnownPresence": "recording"}, LID: {"lastKnownPresence": "paused"}}},
     [{"kind": "presence", "chat_id": GRUPO, "sender_id": CLIENTE, "status": "recording"},
      {"sender_id": LID, "status": "paused"}]),
    ("person", "contacts.update", {"remoteJid": CLIENTE, "pushName": None},
     [{"kind": "contact", "chat_id": CLIENTE, "sender_name": None}]),
    ("members as objects", "group-participants.update", {"id": GRUPO, "action": "add",
     "participants": [{"id": LID, "phoneNumber": CLIENTE}, {"id": "100000000000003@lid"}]},
     [{"kind": "group", "chat_id": GRUPO, "action": "add",
       "participants": [CLIENTE, "100000000000003@lid"]}]),
    ("members by their data", "group-participants.update", {"id": GRUPO, "action": "remove",
     "participants": [{"id": LID}], "participantsData": [{"jid": LID, "phoneNumber": CLIENTE}]},
     [{"action": "remove", "participants": [CLIENTE]}]),
    *[(f"a member's {told}", "group-participants.update", {"id": GRUPO, "action": "remove",
       "participants": [who], "participantsData": [{"jid": who, "phoneNumber": told}]},
       [{"participants": [want]}]) for who, told, want in (
           (LID, "5511999990001", CLIENTE), (LID, LID.partition("@")[0], LID),
           (CLIENTE, "5511999990001", CLIENTE))],
    ("history", "messages.set", [{"key": {"remoteJid": CLIENTE, "id": "1"}, "message": TEXTO}],
     []),
    *[(event, event, [{"id": CLIENTE}], []) for event in
      ("chats.update", "labels.edit", "groups.upsert", "application.startup")],
]  # fmt: skip


@pytest.mark.parametrize(("event", "data", "want"), [x[1:] for x in OTHERS],
                         ids=[x[0] for x in OTHERS])  # fmt: skip
def test_what_the_server_tells_is_told(event: str, data: Any, want: list[dict[str, Any]]) -> None:
    assert gaps(want, shown(body(event, data))) == []


def said(message: object, status: int = 400) -> dict[str, Any]:
    return {"status": status, "error": "Bad Request", "response": {"message": message}}


ANSWERS: list[tuple[int, Any, str]] = [
    (400, said([[{"jid": CLIENTE, "exists": False, "number": "1"}]]), "recipient_unreachable"),
    (400, said({"exists": "false"}), "recipient_unreachable"),
    (400, said([['instance requires property "text"']]), "invalid_request"),
    (400, said("text"), "invalid_request"),
    (400, said(None), "invalid_request"),
    (400, said(["Error: Connection Closed"]), "retry"),
    (400, said(["Connection Closed"]), "retry"),
    (400, said("[object Object]"), "retry"),
    (400, {"status": 400, "message": ["Error: boom"]}, "retry"),
    (400, {"message": [{"exists": False}]}, "recipient_unreachable"),
    (400, "<html>", "invalid_request"),
    (400, None, "invalid_request"),
    (401, said("Unauthorized", 401), "auth"),
    (401, None, "auth"),
    (403, said(["This name is already in use."], 403), "invalid_request"),
    (403, {"status": 403, "error": "Forbidden"}, "invalid_request"),
    (403, "<html>blocked</html>", "auth"),
    (404, said(["Cannot POST /message/x"], 404), "gone"),
    (404, None, "gone"),
    (429, None, "rate_limited"),
    (500, said("Connection Closed", 500), "retry"),
    (500, None, "retry"),
    (502, "<html>Bad Gateway</html>", "retry"),
    (200, {"error": True, "message": ["Error: x"]}, "retry"),
    (200, "<html>", "retry"),
    (200, {"error": False}, "ok"),
    (201, {"key": {"id": "1"}}, "ok"),
    (200, None, "ok"),
]


@pytest.mark.parametrize(("status", "corpo", "classe"), ANSWERS)
def test_an_answer_has_its_class(status: int, corpo: object, classe: str) -> None:
    assert classify(answer(status, corpo)).classe == classe


@pytest.mark.parametrize(("sent", "wait_s"), [({"Retry-After": "7"}, 7.0), (
    {"Retry-After": "Thu, 01 Jan 2026 00:00:30 GMT", "Date": "Thu, 01 Jan 2026 00:00:00 GMT"},
    30.0), ({"Retry-After": "soon"}, None), ({}, None)])  # fmt: skip
def test_a_wait_is_read_in_each_form(sent: dict[str, str], wait_s: float | None) -> None:
    assert classify(answer(429, None, headers=sent)).retry_after_s == wait_s


TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3NjcyMjU2MDAsImV4cCI6MTc2NzIyNjIwMCwiYXBwIjoi"
    "ZXZvbHV0aW9uIiwiYWN0aW9uIjoid2ViaG9vayJ9.0HGam3ewPhgvrg_q1IRkx9VZoCqC_E_ROjMWBDsifIY"
)


@pytest.mark.parametrize(
    ("header", "now_s", "accepted"),
    [
        (f"Bearer {TOKEN}", 1767225601, True),
        (f"bearer  {TOKEN}", 1767225601, True),
        (f"Bearer {TOKEN}", 1767226201, False),
        (f"Bearer {TOKEN[:-1]}Z", 1767225601, False),
        ("Bearer segredo-1", 0, True),
        ("segredo-2", 0, True),
        ("segredo", 0, False),
        ("", 0, False),
        ("Bearer ", 0, False),
        ("Bearer olá 😀", 0, False),
    ],
)
def test_a_delivery_is_believed_by_its_header_alone(
    header: str, now_s: int, *, accepted: bool
) -> None:
    settings = WhatsAppSettings.model_validate(
        {"webhook_secrets": "segredo-1,segredo-2", "jwt_key": "outra,ponte_jwt_key"}
    )
    request = WebhookRequest("", {"authorization": header}, {}, b"{}")

    assert WhatsAppWebhook(settings).verify(request, now_ms=now_s * 1000) is accepted


def test_a_large_body_is_read_at_once() -> None:
    data = {"key": {"remoteJid": CLIENTE, "id": "1"}, "message": TEXTO}
    corpo = body("messages.upsert", [data] * 5_000)
    started = time.process_time()

    events = parse(corpo, SETTINGS)

    assert len(events) == 5_000
    assert time.process_time() - started < 20
