"""Samples: every published body and answer of Evolution becomes what is expected of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ponte.connectors.whatsapp.classify import classify, classify_logout
from ponte.connectors.whatsapp.jid import variants
from ponte.connectors.whatsapp.parse import READERS, parse
from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.connectors.whatsapp.webhook import WhatsAppWebhook
from ponte.ports import WebhookRequest
from ponte.resilience.classes import Classe
from tests.connectors.lent import answer, expected, recorded, responses

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED = expected("whatsapp")
BODIES = sorted(name for name in EXPECTED if "events" in EXPECTED[name])
SETTINGS = WhatsAppSettings.model_validate({})
CLIENTE = "5511999990001@s.whatsapp.net"
LOJA = "5511999990000@s.whatsapp.net"

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = [
    "key", "remoteJid", "fromMe", "id", "message", "conversation", "imageMessage", "type",
    "contextInfo", "protocolMessage", "editedMessage", "status", "participants", "qrcode",
    "presences", "vcard", "contactMessage", "pollUpdateMessage", "vote", "messageTimestamp",
]  # fmt: skip
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)


def missing(want: Any, have: Any, path: str = "") -> list[str]:
    """Return where `have` lacks what is wanted; keys that are not wanted are free."""
    if isinstance(want, dict) and isinstance(have, dict):
        return [
            gap for k in want for gap in missing(want[k], have.get(k, "(absent)"), f"{path}.{k}")
        ]
    if isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
        pairs = enumerate(zip(want, have, strict=True))
        return [gap for i, (w, h) in pairs for gap in missing(w, h, f"{path}[{i}]")]
    return [] if want == have else [f"{path}: {want!r} expected, not {have!r}"]


def body(data: object, event: str = "messages.upsert") -> bytes:
    envelope = {"event": event, "instance": "loja", "sender": LOJA, "data": data}
    return json.dumps(envelope).encode()


def upsert(message: object, **key: object) -> bytes:
    where = {"remoteJid": CLIENTE, "fromMe": False, "id": "A1"} | key
    return body({"key": where, "pushName": "Ana", "message": message, "messageTimestamp": 1})


@pytest.mark.parametrize("name", BODIES)
def test_a_body_becomes_the_events_expected_of_it(name: str) -> None:
    events = parse((FIXTURES / name).read_bytes(), SETTINGS)

    views = [event.view() for event in events]

    assert missing(EXPECTED[name]["events"], views) == []
    assert json.dumps(views)


@pytest.mark.parametrize("name", responses("whatsapp"))
def test_an_answer_has_the_class_expected_of_it(name: str) -> None:
    verdict = classify(recorded("whatsapp", name))

    assert verdict.classe == EXPECTED[name]["response"]["class"]


@settings(deadline=None)
@given(event=st.sampled_from(sorted(READERS)), data=trees)
def test_no_data_makes_it_raise(event: str, data: object) -> None:
    parse(body(data, event), SETTINGS)


@settings(deadline=None)
@given(raw=st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert parse(raw, SETTINGS) == []


@settings(deadline=None)
@given(message=trees)
def test_no_message_makes_it_raise(message: object) -> None:
    parse(upsert(message), SETTINGS)


def test_an_alias_without_a_telephone_stays_and_is_no_number() -> None:
    [event] = parse(upsert({"conversation": "oi"}, remoteJid="10000000000001@lid"), SETTINGS)

    assert (event.chat_id, event.sender_phone) == ("10000000000001@lid", None)


def test_every_address_of_a_person_is_known_and_none_rewritten() -> None:
    corpo = upsert(
        {"conversation": "oi"}, remoteJid="1000@lid", senderPn="558899990002:7@s.whatsapp.net"
    )

    [event] = parse(corpo, SETTINGS)

    assert event.chat_id == "558899990002@s.whatsapp.net"
    assert event.pessoa == (
        "558899990002@s.whatsapp.net", "1000@lid", "5588999990002@s.whatsapp.net",
    )  # fmt: skip
    assert event.further["phone_variants"] == ["558899990002", "5588999990002"]


def test_a_group_is_known_by_its_own_address_alone() -> None:
    corpo = upsert({"conversation": "oi"}, remoteJid="1203@g.us", participant=CLIENTE)

    [event] = parse(corpo, SETTINGS)

    assert event.pessoa == ("1203@g.us",)


@pytest.mark.parametrize("remote", ["status@broadcast", "99@newsletter", "1@broadcast"])
def test_what_is_no_conversation_is_left_out(remote: str) -> None:
    assert parse(upsert({"conversation": "oi"}, remoteJid=remote), SETTINGS) == []


@pytest.mark.parametrize("key", ["secretEncryptedMessage", "eventMessage", "placeholderMessage"])
def test_a_kind_nobody_knows_is_shown_as_unsupported(key: str) -> None:
    [event] = parse(upsert({"messageContextInfo": {}, key: {"x": 1}}), SETTINGS)

    assert event.type == "unsupported"


def test_wrappers_are_opened_one_after_the_other() -> None:
    image = {"imageMessage": {"caption": "foto", "mimetype": "image/png"}}
    wrapped = {"ephemeralMessage": {"message": {"viewOnceMessageV2": {"message": image}}}}

    [event] = parse(upsert(wrapped), SETTINGS)

    assert (event.type, event.text, event.media[0].id) == ("image", "foto", "A1")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda note: {"protocolMessage": note},
        lambda note: {"editedMessage": {"message": {"protocolMessage": note}}},
    ],
)
def test_an_old_edit_or_revoke_inside_a_message_is_one(wrap: Any) -> None:
    edit = {"key": {"id": "M1"}, "type": 14, "editedMessage": {"conversation": "novo"}}

    [edited] = parse(upsert(wrap(edit)), SETTINGS)
    [revoked] = parse(upsert(wrap({"key": {"id": "M1"}, "type": "REVOKE"})), SETTINGS)

    assert (edited.kind, edited.target_id, edited.text) == ("edit", "M1", "novo")
    assert (revoked.kind, revoked.target_id) == ("delete", "M1")
    assert parse(upsert(wrap({"key": {"id": "M1"}, "type": "EPHEMERAL_SETTING"})), SETTINGS) == []


def test_an_edit_from_its_authors_view_names_no_chat_of_the_shop_with_itself() -> None:
    data = {
        "key": {"remoteJid": LOJA, "fromMe": True, "id": "M1"},
        "type": "MESSAGE_EDIT",
        "editedMessage": {"conversation": "novo"},
    }

    [event] = parse(body(data, "messages.edited"), SETTINGS)

    assert (event.chat_id, event.target_id, event.text) == (None, "M1", "novo")


def test_an_instance_that_opens_again_is_told_again() -> None:
    raw = {"event": "connection.update", "instance": "loja", "data": {"state": "open"}}
    bodies = [json.dumps(raw | {"date_time": moment}).encode() for moment in ("1", "1", "2")]

    first, repeat, later = (parse(corpo, SETTINGS)[0].identity for corpo in bodies)

    assert first == repeat
    assert first != later


def test_history_and_unknown_events_are_not_used() -> None:
    data = {"key": {"remoteJid": CLIENTE, "id": "1"}, "message": {"conversation": "velha"}}

    assert parse(body([data], "messages.set"), SETTINGS) == []
    assert parse(body(data, "novo.evento"), SETTINGS) == []


@pytest.mark.parametrize(
    ("numero", "forms"),
    [
        ("5588999990002", ("558899990002", "5588999990002")),
        ("558899990002", ("558899990002", "5588999990002")),
        ("551130000000", ("551130000000",)),
        ("5511930000000", ("5511930000000",)),
        ("5215512345678", ("525512345678", "5215512345678")),
        ("14155550100", ("14155550100",)),
    ],
)
def test_a_number_has_the_forms_that_the_network_may_know(
    numero: str, forms: tuple[str, ...]
) -> None:
    assert variants(numero) == forms


@pytest.mark.parametrize(
    ("message", "classe"),
    [
        ([{"jid": "x", "exists": False, "number": "5511999990009"}], Classe.RECIPIENT_UNREACHABLE),
        (["Error: Connection Closed"], Classe.RETRY),
        (["[object Object]"], Classe.RETRY),
        ([['instance requires property "text"']], Classe.INVALID_REQUEST),
        ("Bad", Classe.INVALID_REQUEST),
        (None, Classe.INVALID_REQUEST),
    ],
)
def test_a_400_is_told_by_its_message(message: object, classe: Classe) -> None:
    verdict = classify(answer(400, {"status": 400, "response": {"message": message}}))

    assert verdict.classe is classe
    assert "5511999990009" not in verdict.detail


def test_a_logout_of_what_is_closed_already_is_done() -> None:
    closed = recorded("whatsapp", "response_logout_not_connected.json")

    assert classify_logout(closed).classe is Classe.OK


@pytest.mark.parametrize("vector", json.loads((FIXTURES / "signatures.json").read_text()))
def test_a_vector_is_judged_as_published(vector: dict[str, Any]) -> None:
    receiver = WhatsAppWebhook(WhatsAppSettings.model_validate({"jwt_key": vector["secret"]}))
    request = WebhookRequest("", {"authorization": vector["value"]}, {}, b"{}")

    assert receiver.verify(request, now_ms=vector["now"] * 1000) is vector["accept"]


@pytest.mark.parametrize(
    ("evento", "authorization", "valid"),
    [
        ("", "Bearer novo", True),
        ("", "velho", True),
        ("messages-upsert", "bearer novo", True),
        ("velho", "", True),
        ("messages-upsert", "", False),
        ("", "Bearer outro", False),
        ("", "", False),
        ("novo2", "", False),
    ],
)
def test_a_delivery_needs_one_of_the_secrets(
    evento: str, authorization: str, *, valid: bool
) -> None:
    settings = WhatsAppSettings.model_validate({"webhook_secrets": "Bearer novo, velho"})
    headers = {"authorization": authorization}

    verified = WhatsAppWebhook(settings).verify(
        WebhookRequest(evento, headers, {}, b"{}"), now_ms=0
    )

    assert verified is valid


def test_without_a_secret_nothing_is_believed() -> None:
    request = WebhookRequest("", {"authorization": "Bearer "}, {}, b"{}")

    assert WhatsAppWebhook(SETTINGS).verify(request, now_ms=0) is False
