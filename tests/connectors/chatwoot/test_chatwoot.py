"""Chatwoot: what its webhooks mean, what goes to the customer, and how its answers look."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ponte.connectors.chatwoot import build
from ponte.connectors.chatwoot.classify import classify, is_taken, refuses_phone
from ponte.connectors.chatwoot.parse import parse
from ponte.connectors.chatwoot.settings import ChatwootSettings
from ponte.connectors.chatwoot.verify import sign, verify
from ponte.connectors.chatwoot.webhook import ChatwootWebhook
from ponte.ports import Anexo, Escrita, Pessoa, WebhookRequest
from ponte.resilience.classes import Classe, OutsideError
from tests.connectors.lent import NOW_MS, answer, connector_named, lending, recorded
from tests.resilience.odd_server import odd_server

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected.json").read_text())
EVENTS = sorted(name for name, wanted in EXPECTED.items() if "events" in wanted)
RESPONSES = sorted(name for name, wanted in EXPECTED.items() if "response" in wanted)
SIGNATURES: list[dict[str, Any]] = json.loads((FIXTURES / "signatures.json").read_text())
SEGREDO = "segredo-de-teste"
LOJA = ChatwootSettings.model_validate(
    {"base_url": "https://chatwoot.test/", "api_token": "ficha-de-teste", "account_id": "1",
     "inbox_id": "5", "webhook_secrets": f"{SEGREDO},outro"}
)  # fmt: skip
CLIENTE = Pessoa(
    identificador="5511999990001@s.whatsapp.net", source_id="ponte-whatsapp-5511999990001",
    nome="Cliente Um", telefone="+5511999990001",
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def body(name: str, **changes: Any) -> bytes:
    """Return a sample with some of its keys changed."""
    found: dict[str, Any] = json.loads((FIXTURES / name).read_text())
    return json.dumps({**found, **changes}).encode()


def forwarded(corpo: bytes) -> bool:
    [event] = parse(corpo)
    return bool(event.further["forward"])


# ---------------------------------------------------------------- parse


def test_no_sample_is_left_without_an_expectation() -> None:
    requests = {path.name for path in FIXTURES.glob("request_*.json")}
    names = {path.name for path in FIXTURES.glob("*.json")}

    assert names == EXPECTED.keys() | requests | {
        "expected.json", "signatures.json", "settings.json",
    }  # fmt: skip


@pytest.mark.parametrize("name", EVENTS)
def test_a_sample_becomes_the_events_that_the_contract_tells(name: str) -> None:
    wanted = EXPECTED[name]["events"]

    views = [event.view() for event in parse((FIXTURES / name).read_bytes())]

    assert len(views) == len(wanted)
    for view, keys in zip(views, wanted, strict=True):
        media = [{k: m[k] for k in ("kind", "url")} for m in view["media"]]
        shown = {**view, "media": media}
        assert {key: shown.get(key, "(absent)") for key in keys} == keys


@pytest.mark.parametrize(
    "changes",
    [
        {"private": True},
        {"private": "true"},
        {"source_id": "whatsapp:AC01"},
        {"message_type": "incoming"},
        {"message_type": 0},
        {"message_type": 2},
        {"event": "message_updated"},
        {"event": "automation_event.message_created"},
        {"event": "macro.executed"},
        {"event": "conversation_updated"},
    ],
)
def test_what_is_no_new_answer_to_the_customer_is_never_forwarded(changes: dict[str, Any]) -> None:
    corpo = body("message_created_outgoing.json", **changes)

    assert forwarded(corpo) is False


@pytest.mark.parametrize("sort", [1, "1", "outgoing", "OUTGOING", 3, "template"])
def test_an_agents_message_is_forwarded_in_every_version(sort: object) -> None:
    corpo = body("message_created_outgoing.json", message_type=sort, source_id="")

    assert forwarded(corpo) is True


def test_a_private_note_that_is_deleted_stays_in_chatwoot_too() -> None:
    corpo = body("message_updated_deleted.json", private=True)

    assert forwarded(corpo) is False


def test_attachments_are_found_in_the_conversations_copy_alone() -> None:
    found = json.loads((FIXTURES / "message_created_attachment.json").read_text())
    del found["attachments"]

    [event] = parse(json.dumps(found).encode())

    assert event.type == "image"
    assert [midia.filename for midia in event.media] == ["foto.png"]


def test_a_file_is_a_document_named_by_its_address_without_the_query() -> None:
    anexo = {"id": 1, "file_type": "file", "data_url": "https://c.test/b/nota%20fiscal.pdf?x=1"}

    [event] = parse(body("message_created_outgoing.json", content=None, attachments=[anexo]))

    assert (event.type, event.text) == ("document", None)
    assert event.media[0].filename == "nota fiscal.pdf"


@pytest.mark.parametrize(
    ("anexo", "tipo"),
    [
        ({"file_type": "location", "coordinates_lat": "-23.5", "coordinates_long": -46.6},
         "location"),
        ({"file_type": "contact", "fallback_title": "+5511999990001"}, "contact"),
        ({"file_type": "fallback", "fallback_title": "Loja", "data_url": "https://a.test"},
         "share"),
        ({"file_type": "hologram", "data_url": "https://a.test/x"}, "unsupported"),
        ({"file_type": "image", "data_url": None}, "unsupported"),
    ],
)  # fmt: skip
def test_an_attachment_that_is_no_file_has_its_own_type(anexo: Any, tipo: str) -> None:
    [event] = parse(body("message_created_incoming.json", content=None, attachments=[anexo]))

    assert event.type == tipo
    assert event.media == ()


@pytest.mark.parametrize("when", ["2026-01-01T00:00:00.000Z", 1767225600, "1767225600000"])
def test_a_time_is_read_in_every_form(when: object) -> None:
    [event] = parse(body("message_created_outgoing.json", created_at=when))

    assert event.timestamp_ms == 1_767_225_600_000


def test_an_assignment_is_told_by_what_changed() -> None:
    changed = [{"assignee_id": {"previous_value": None, "current_value": 3}}]

    [event] = parse(body("conversation_status_changed.json", event="conversation_updated",
                         changed_attributes=changed))  # fmt: skip

    assert (event.further["changed"], event.further["assignee_id"]) == (["assignee_id"], "3")


def test_a_quoted_message_is_named_by_the_platforms_own_id() -> None:
    quoting = {"in_reply_to": 9, "in_reply_to_external_id": "whatsapp:AC01"}

    [event] = parse(body("message_created_outgoing.json", content_attributes=quoting))

    assert event.reply_to == "whatsapp:AC01"


@pytest.mark.parametrize("corpo", [b"", b"{", b"\xff", b"null", b"[1]", b'{"event": 1}',
                                   b'{"event": "webwidget_triggered"}'])  # fmt: skip
def test_what_says_nothing_yields_nothing(corpo: bytes) -> None:
    assert parse(corpo) == []


@settings(deadline=None)
@given(name=st.sampled_from(EVENTS), key=st.text(max_size=12), odd=anything, data=st.data())
def test_no_body_however_odd_raises(name: str, key: str, odd: Any, data: st.DataObject) -> None:
    sample = json.loads((FIXTURES / name).read_text())
    known = data.draw(st.sampled_from(sorted(sample)))

    for event in parse(json.dumps({**sample, known: odd, key: odd}).encode()):
        assert json.dumps(event.view(), default=str)


@given(corpo=st.binary(max_size=200))
def test_no_bytes_raise(corpo: bytes) -> None:
    assert parse(corpo) == []


# ---------------------------------------------------------------- verify


@pytest.mark.parametrize("vector", SIGNATURES)
def test_a_signature_is_judged_as_published(vector: dict[str, Any]) -> None:
    headers = {name.lower(): value for name, value in vector["headers"].items()}

    accepted = verify(headers, vector["body"].encode(), ["outro", vector["secret"]])

    assert accepted is vector["accept"]


def delivery(headers: Mapping[str, str] | None = None, *, evento: str = "") -> WebhookRequest:
    return WebhookRequest(evento=evento, headers=headers or {}, query={}, body=b"{}")


def signed(secret: str, *, at: str = "1767225600") -> dict[str, str]:
    signature = sign(b"{}", secret, timestamp=at)
    return {"x-chatwoot-signature": signature, "x-chatwoot-timestamp": at}


@pytest.mark.parametrize("secret", [SEGREDO, "outro"])
def test_any_of_the_secrets_signs(secret: str) -> None:
    request = delivery(signed(secret))

    assert ChatwootWebhook(LOJA).verify(request, now_ms=NOW_MS) is True


def test_what_is_not_signed_needs_the_secret_in_its_address() -> None:
    receiver = ChatwootWebhook(LOJA)

    verdicts = [
        receiver.verify(delivery(evento=evento), now_ms=NOW_MS)
        for evento in (SEGREDO, "", "segredo", "á")
    ]

    assert verdicts == [True, False, False, False]


def test_a_wrong_signature_is_refused_though_the_address_is_right() -> None:
    request = delivery(signed("errado"), evento=SEGREDO)

    assert ChatwootWebhook(LOJA).verify(request, now_ms=NOW_MS) is False


@pytest.mark.parametrize(("evento", "accepted"), [(SEGREDO, True), ("", False)])
def test_while_setting_up_a_wrong_signature_needs_the_right_address(
    evento: str, *, accepted: bool
) -> None:
    receiver = ChatwootWebhook(LOJA.model_copy(update={"signature": "log"}))

    assert receiver.verify(delivery(signed("errado"), evento=evento), now_ms=NOW_MS) is accepted


@pytest.mark.parametrize(("late_s", "accepted"), [(299, True), (301, False), (-301, False)])
def test_an_old_signature_is_refused_where_an_age_is_set(late_s: int, *, accepted: bool) -> None:
    receiver = ChatwootWebhook(LOJA.model_copy(update={"max_skew_s": 300}))

    verdict = receiver.verify(delivery(signed(SEGREDO)), now_ms=NOW_MS + late_s * 1000)

    assert verdict is accepted


@pytest.mark.parametrize("value", ["", "sha256=", "sha256=é", "abc", "sha256=" + "0" * 5000])
def test_an_odd_signature_is_refused(value: str) -> None:
    request = delivery({"x-chatwoot-signature": value, "x-chatwoot-timestamp": "1767225600"})

    assert ChatwootWebhook(LOJA).verify(request, now_ms=NOW_MS) is False


def test_without_a_secret_nothing_comes_in() -> None:
    receiver = ChatwootWebhook(ChatwootSettings())

    assert receiver.verify(delivery(signed("")), now_ms=NOW_MS) is False
    assert receiver.verify(delivery(), now_ms=NOW_MS) is False


# ---------------------------------------------------------------- calling


@pytest.mark.parametrize("name", RESPONSES)
def test_a_recorded_answer_has_the_class_of_the_contract(name: str) -> None:
    wanted = EXPECTED[name]["response"]

    found = recorded("chatwoot", name)

    assert classify(found).classe == wanted["class"]
    assert is_taken(found) is wanted.get("conflict", False)


@pytest.mark.parametrize(
    ("given", "classe"),
    [
        (answer(403, {"error": "You are not authorized"}), Classe.AUTH),
        (answer(422, {"error": "Incoming messages are only allowed in Api inboxes"}),
         Classe.INVALID_REQUEST),
        (answer(429, "Retry later", headers={"Retry-After": "30"}), Classe.RATE_LIMITED),
        (answer(502, "<html>"), Classe.RETRY),
        (answer(200, "<html>"), Classe.RETRY),
        (answer(200), Classe.OK),
    ],
)  # fmt: skip
def test_an_error_has_the_class_of_the_contract(given: Any, classe: Classe) -> None:
    verdict = classify(given)

    assert verdict.classe is classe
    assert verdict.retry_after_s == (30 if classe is Classe.RATE_LIMITED else None)


def test_a_phone_that_is_refused_is_told_from_one_that_is_taken() -> None:
    refused = answer(422, {"message": "Phone number should be in e164 format",
                           "attributes": ["phone_number"]})  # fmt: skip
    taken = recorded("chatwoot", "response_contact_duplicate.json")

    assert [refuses_phone(refused), refuses_phone(taken)] == [True, False]


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("create_inbox", build.create_inbox(
            LOJA, "Ponte API", webhook_url="https://ponte.example/hooks/chatwoot")),
        ("create_contact", build.create_contact(LOJA, CLIENTE)),
        ("create_conversation", build.create_conversation(
            LOJA, "40", source_id="ponte-whatsapp-5511999990001", situacao="open")),
        ("create_message", build.create_message(
            LOJA, "15", Escrita("Oi, tem 42?", "incoming", "whatsapp:AC01"))),
    ],
)  # fmt: skip
def test_a_call_has_the_body_of_the_contract(name: str, request_: Any) -> None:
    wanted = json.loads((FIXTURES / f"request_{name}.json").read_text())

    own = {"source_id": CLIENTE.source_id} if name == "create_contact" else {}
    assert request_.json == wanted | own  # which newer versions take and others ignore
    assert request_.url.startswith("https://chatwoot.test/api/v1/accounts/1/")
    assert request_.headers == {"Api-Access-Token": "ficha-de-teste"}
    assert "ficha-de-teste" not in repr(request_)


def test_a_message_with_files_is_one_form() -> None:
    foto = Anexo('fo"to\r\n.png', "image/png", b"\x89PNG")
    escrita = Escrita("Olá", "incoming", "whatsapp:AC01", None, [foto])

    made = build.create_message(LOJA, "15", escrita)

    assert made.content is not None
    boundary = made.headers["Content-Type"].rpartition("boundary=")[2].encode()
    parts = made.content.split(b"--" + boundary)
    assert (parts[0], parts[-1]) == (b"", b"--\r\n")
    assert [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]] == [
        b"incoming\r\n", b"false\r\n", b"whatsapp:AC01\r\n", "Olá\r\n".encode(), b"\x89PNG\r\n",
    ]  # fmt: skip
    assert b'filename="fo%22to%0A.png"' in parts[-2]


async def test_a_probe_that_is_not_answered_says_so() -> None:
    probe = connector_named("chatwoot").probe
    assert probe is not None
    async with odd_server() as server, lending() as lent:
        server.otherwise = "unavailable"
        loja = LOJA.model_copy(update={"base_url": server.url})

        with pytest.raises(OutsideError) as caught:
            await probe(loja, lent.deps)

    assert caught.value.classe is Classe.RETRY
