"""Parse: every published body becomes what is expected of it, and none raises."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ponte.connectors.whatsapp_cloud.classify import classify
from ponte.connectors.whatsapp_cloud.conteudo import LEITORES
from ponte.connectors.whatsapp_cloud.parse import parse
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.connectors.whatsapp_cloud.webhook import WhatsAppCloudWebhook
from ponte.domain.evento import EventoDeCanal
from ponte.ports import WebhookRequest
from tests.connectors.lent import recorded

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected.json").read_text())
VECTORS: list[dict[str, Any]] = json.loads((FIXTURES / "signatures.json").read_text())
BODIES = sorted(name for name, meaning in EXPECTED.items() if "events" in meaning)
ANSWERS = sorted(name for name, meaning in EXPECTED.items() if "response" in meaning)
SETTINGS = WhatsAppCloudSettings()
DE = {"from": "5511999990001", "id": "wamid.1", "timestamp": "1767225600"}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner,
                                                               max_size=3),
    max_leaves=8,
)  # fmt: skip
KEYS = [
    "messages", "message_echoes", "statuses", "calls", "user_preferences", "user_id_update",
    "errors", "contacts", "metadata", "event", "history",
]  # fmt: skip
TYPES = [*LEITORES, "reaction", "edit", "revoke", "system", "unsupported", "novidade"]
FIELDS = [*TYPES, "type", "from", "from_user_id", "id", "timestamp", "context", "referral", "to"]
# Few fields beside what its type names: each costs a structure of its own to make.
message = st.builds(
    lambda tipo, parte, beside: {**DE, "type": tipo, tipo: parte, **beside},
    st.sampled_from(TYPES),
    anything,
    st.dictionaries(st.sampled_from(FIELDS), anything, max_size=3),
)
values = st.dictionaries(
    st.sampled_from(KEYS), anything | st.lists(message, max_size=2), min_size=1, max_size=3
)


def read(value: object, *, field: str = "messages") -> list[EventoDeCanal]:
    body = {"entry": [{"id": "2", "changes": [{"field": field, "value": value}]}]}
    return parse(json.dumps(body).encode(), SETTINGS)


def one(**mensagem: Any) -> EventoDeCanal:
    [evento] = read({"messages": [{**DE, **mensagem}]})
    return evento


def missing(expected: Any, actual: Any, path: str = "") -> list[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        pairs = ((f"{path}.{k}", v, actual.get(k, "(absent)")) for k, v in expected.items())
        return [gap for where, e, a in pairs for gap in missing(e, a, where)]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        both = enumerate(zip(expected, actual, strict=True))
        return [gap for i, (e, a) in both for gap in missing(e, a, f"{path}[{i}]")]
    return [] if expected == actual else [f"{path}: {expected!r} expected, not {actual!r}"]


@pytest.mark.parametrize("name", BODIES)
def test_a_published_body_is_read_as_expected(name: str) -> None:
    events = [evento.view() for evento in parse((FIXTURES / name).read_bytes(), SETTINGS)]

    assert missing(EXPECTED[name]["events"], events) == []


@pytest.mark.parametrize("name", ANSWERS)
def test_a_published_answer_has_its_class(name: str) -> None:
    verdict = classify(recorded("whatsapp_cloud", name))

    assert verdict.classe == EXPECTED[name]["response"]["class"]


@pytest.mark.parametrize("vector", VECTORS)
def test_a_signature_is_accepted_for_these_very_bytes_alone(vector: dict[str, Any]) -> None:
    webhook = WhatsAppCloudWebhook(
        WhatsAppCloudSettings.model_validate({"app_secret": f"old,{vector['secret']}"})
    )
    headers = {"x-hub-signature-256": vector["value"]}

    verified = webhook.verify(WebhookRequest("", headers, {}, vector["body"].encode()), now_ms=0)

    assert verified is vector["accept"]


@pytest.mark.parametrize(("word", "proof"), [("palavra", "42"), ("outra", None), ("", None)])
def test_the_proof_is_given_to_whom_knows_the_word(word: str, proof: str | None) -> None:
    webhook = WhatsAppCloudWebhook(
        WhatsAppCloudSettings.model_validate({"verify_token": "palavra"})
    )
    query = {"hub.mode": "subscribe", "hub.verify_token": word, "hub.challenge": "42"}

    assert webhook.challenge(WebhookRequest("", {}, query, b""), now_ms=0) == proof


@settings(deadline=None)  # others share the machine
@given(body=st.binary(max_size=200) | anything.map(lambda x: json.dumps(x).encode()))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    assert isinstance(parse(body, SETTINGS), list)


@settings(deadline=None)  # others share the machine
@given(value=values, field=st.sampled_from(["messages", "smb_message_echoes", "account_update"]))
def test_whatever_a_change_holds_its_events_can_be_written_as_json(
    value: dict[str, Any], field: str
) -> None:
    for evento in read(value, field=field):
        assert json.dumps(evento.view(), allow_nan=False, ensure_ascii=False).encode()


def test_every_message_of_every_entry_is_read() -> None:
    change = {"field": "messages", "value": {"messages": [
        {**DE, "id": x, "type": "text", "text": {"body": x}} for x in ("a", "b")
    ]}}  # fmt: skip
    body = {"entry": [{"id": "2", "changes": [change, change]}, {"id": "3", "changes": [change]}]}

    events = parse(json.dumps(body).encode(), SETTINGS)

    assert [(evento.account, evento.text) for evento in events] == [
        ("2", "a"), ("2", "b"), ("2", "a"), ("2", "b"), ("3", "a"), ("3", "b"),
    ]  # fmt: skip


def test_a_name_is_found_by_the_senders_id_never_by_position() -> None:
    contacts = [
        {"wa_id": "5511999990009", "profile": {"name": "Outra"}},
        {"wa_id": "5511999990001", "user_id": "BR.1", "profile": {"name": "Ana"}},
    ]

    [evento] = read({"contacts": contacts, "messages": [{**DE, "type": "text", "text": {}}]})

    assert evento.sender_name == "Ana"
    assert evento.pessoa == ("5511999990001", "BR.1")


@pytest.mark.parametrize("sender", [{"from": None}, {"from": "bla"}, {"from": ""}])
def test_a_message_that_names_no_sender_is_not_stored(sender: dict[str, Any]) -> None:
    assert read({"messages": [{**DE, **sender, "type": "text", "text": {"body": "x"}}]}) == []


@pytest.mark.parametrize(
    "mensagem",
    [{"type": "novidade"}, {"type": "text"}, {"type": "interactive"}, {"type": "reaction"},
     {"type": "edit", "edit": {}}, {"type": 7}, {}],
)  # fmt: skip
def test_what_cannot_be_read_is_shown_as_unsupported(mensagem: dict[str, Any]) -> None:
    evento = one(**mensagem)

    assert (evento.kind, evento.type) == ("message", "unsupported")


def test_in_a_group_the_chat_is_the_group_and_the_author_the_person() -> None:
    evento = one(group_id="G1", type="text", text={"body": "oi"})

    assert (evento.chat_id, evento.sender_id, evento.is_group) == ("G1", "5511999990001", True)


def test_a_reaction_without_emoji_is_taken_back() -> None:
    evento = one(type="reaction", reaction={"message_id": "wamid.0"})

    assert (evento.kind, evento.reaction, evento.target_id) == ("reaction", "", "wamid.0")


def test_what_the_shop_writes_in_the_application_is_its_own() -> None:
    eco = {"from": "5511999990000", "to": "5511999990001", "id": "w", "timestamp": "1767225600",
           "type": "text", "text": {"body": "Temos"}}  # fmt: skip

    [evento] = read({"message_echoes": [eco]}, field="smb_message_echoes")

    assert (evento.from_me, evento.chat_id, evento.origin) == (True, "5511999990001", "app")


def test_a_failed_receipt_of_a_group_names_the_participant_and_the_class() -> None:
    recibo = {"id": "w", "status": "failed", "recipient_id": "G1", "recipient_type": "group",
              "recipient_participant_id": "5511999990001",
              "errors": [{"code": 131026}]}  # fmt: skip

    [evento] = read({"statuses": [recibo]})

    assert evento.chat_id == "G1"
    assert evento.further["participant_id"] == "5511999990001"
    assert evento.further["error_class"] == "recipient_unreachable"


def test_a_form_that_is_no_object_is_still_an_answer() -> None:
    evento = one(type="interactive", interactive={
        "type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": "[1]"},
    })  # fmt: skip

    assert (evento.type, evento.text) == ("interactive", "Sent")
    assert "form" not in evento.further
