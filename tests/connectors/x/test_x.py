"""X: what its webhooks mean, whichever product sent them, and how its answers look."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ponte.connectors.x.classify import classify
from ponte.connectors.x.parse import parse
from ponte.connectors.x.settings import XSettings
from ponte.connectors.x.verify import sign, verify
from ponte.connectors.x.webhook import XWebhook
from ponte.ports import WebhookRequest
from ponte.resilience.classes import Classe
from ponte.resilience.exchange import Answer

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected.json").read_text())
EVENTS = sorted(name for name, wanted in EXPECTED.items() if "events" in wanted)
RESPONSES = sorted(name for name, wanted in EXPECTED.items() if "response" in wanted)
SIGNATURES: list[dict[str, Any]] = json.loads((FIXTURES / "signatures.json").read_text())
LOJA, ANA = "1111111111111111111", "2222222222222222222"
LISTS = (
    "direct_message_events", "direct_message_mark_read_events", "tweet_create_events",
    "direct_message_indicate_typing_events", "users", "user_event",
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def sample(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def direct(**data: Any) -> bytes:
    """Return a direct message of Ana with these parts, in the older form."""
    dm = {
        "type": "message_create", "id": "9", "created_timestamp": "1767225600372",
        "message_create": {
            "target": {"recipient_id": LOJA}, "sender_id": ANA, "message_data": data,
        },
    }  # fmt: skip
    return json.dumps({"for_user_id": LOJA, "direct_message_events": [dm]}).encode()


def one(corpo: bytes) -> dict[str, Any]:
    [evento] = parse(corpo)
    return evento.view()


@pytest.mark.parametrize("name", EVENTS)
def test_a_sample_becomes_the_events_that_the_contract_tells(name: str) -> None:
    found = sample(name)
    deliveries = found.get("deliveries", [found])

    views = [event.view() for body in deliveries for event in parse(json.dumps(body).encode())]

    wanted = EXPECTED[name]["events"]
    assert len(views) == len(wanted)
    for view, keys in zip(views, wanted, strict=True):
        assert {key: view.get(key, "(absent)") for key in keys} == keys


@pytest.mark.parametrize("name", RESPONSES)
def test_an_answer_has_the_class_of_the_contract(name: str) -> None:
    found = sample(name)
    headers = {k.lower(): v for k, v in found["headers"].items()}

    verdict = classify(Answer(found["status"], headers, json.dumps(found["body"]).encode()))

    wanted = EXPECTED[name]["response"]
    assert verdict.classe == wanted["class"]
    assert verdict.reset_epoch_s == wanted.get("reset_epoch_s")


@pytest.mark.parametrize("vector", SIGNATURES, ids=lambda v: f"{v['scheme']}-{v['accept']}")
def test_a_signature_vector_is_judged_as_it_says(vector: dict[str, Any]) -> None:
    if vector["scheme"] == "x_crc":
        assert sign(vector["crc_token"].encode(), vector["secret"]) == vector["value"]
        return

    found = verify(
        {"x-twitter-webhooks-signature": vector["value"]},
        vector["body"].encode(),
        ["another-secret", vector["secret"]],
    )

    assert found is vector["accept"]


def test_the_proof_is_by_the_newest_secret() -> None:
    settings = XSettings.model_validate({"consumer_secret": "ponte_consumer_secret,old"})
    asked = WebhookRequest("", {}, {"crc_token": "challenge_string"}, b"")

    proof = XWebhook(settings).challenge(asked, now_ms=0)

    assert proof == {"response_token": "sha256=s0ZsmP0u3S7J1NfOu7AQzOmzFA1pqI0X4AUwWJQP+Mw="}
    assert XWebhook(settings).challenge(WebhookRequest("", {}, {}, b""), now_ms=0) is None
    assert XWebhook(XSettings()).challenge(asked, now_ms=0) is None


def test_nothing_verifies_without_a_secret_or_a_signature() -> None:
    assert not verify({}, b"{}", ["s"])
    assert not verify({"x-twitter-webhooks-signature": sign(b"{}", "")}, b"{}", [])
    assert not verify({"x-twitter-webhooks-signature": "sha256=é"}, b"{}", ["s"])


def test_a_picture_is_one_and_its_own_link_is_no_text() -> None:
    medium = {"id_str": "77", "media_url_https": "https://ton.twitter.com/1.jpg", "type": "photo",
              "url": "https://t.co/pic"}  # fmt: skip

    view = one(direct(text="olha https://t.co/pic", attachment={"type": "media", "media": medium}))

    assert (view["type"], view["text"]) == ("image", "olha")
    assert view["media"][0]["id"] == "77"
    assert view["media"][0]["url"] == "https://ton.twitter.com/1.jpg"


def test_a_quick_reply_tells_what_was_chosen() -> None:
    view = one(direct(text="Sim", quick_reply_response={"type": "options", "metadata": "SIM"}))

    assert (view["type"], view["text"], view["choice_id"]) == ("interactive", "Sim", "SIM")


def test_a_message_that_nobody_knows_is_shown_as_such() -> None:
    assert one(direct())["type"] == "unsupported"
    assert one(direct(text="x", attachment={"type": "location"}))["type"] == "unsupported"


def test_an_encrypted_message_is_told_of() -> None:
    payload = {"id": "5", "sender_id": ANA, "conversation_id": f"{LOJA}:{ANA}",
               "created_at_msec": "1767225600372"}  # fmt: skip
    data = {"event_type": "chat.received", "filter": {"user_id": LOJA}, "payload": payload}

    view = one(json.dumps({"data": data}).encode())

    assert (view["kind"], view["type"], view["chat_id"]) == ("message", "unsupported", ANA)
    assert view["timestamp_ms"] == 1767225600372


def test_an_older_post_is_whole_and_the_shops_own_is_ignored() -> None:
    post = {"id": 2080000000000000000, "id_str": "2080000000000000003", "truncated": True,
            "text": "oi @loja…", "extended_tweet": {"full_text": "oi @loja, abre domingo?"},
            "created_at": "Thu Jan 01 00:00:00 +0000 2026",
            "user": {"id_str": ANA, "name": "Cliente Um"}}  # fmt: skip
    own = {**post, "user": {"id_str": LOJA}}
    body = {"for_user_id": LOJA, "tweet_create_events": [post, own]}

    view = one(json.dumps(body).encode())

    assert (view["kind"], view["message_id"]) == ("comment", "2080000000000000003")
    assert view["text"] == "oi @loja, abre domingo?"
    assert view["timestamp_ms"] == 1767225600000


def test_what_is_of_no_use_is_no_event() -> None:
    other = {"data": {"event_type": "follow.follow", "filter": {"user_id": LOJA}, "payload": {}}}

    assert parse(json.dumps(other).encode()) == []
    assert parse(b'{"for_user_id": "1", "favorite_events": [{"id": "1"}]}') == []


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (403, {"type": "https://api.x.com/2/problems/client-forbidden"}, Classe.AUTH),
        (403, {"detail": "You are not allowed to create a Tweet with duplicate content."},
         Classe.INVALID_REQUEST),
        (403, {"detail": "You do not have permission to DM one or more participants."},
         Classe.RECIPIENT_UNREACHABLE),
        (404, {"detail": "Could not find user with id: [1]."}, Classe.RECIPIENT_UNREACHABLE),
        (404, {"detail": "Not Found"}, Classe.GONE),
        (400, {"title": "Invalid Request"}, Classe.INVALID_REQUEST),
        (503, {}, Classe.RETRY),
        (200, "<html>", Classe.RETRY),
    ],
)  # fmt: skip
def test_each_row_of_the_error_table(status: int, body: Any, wanted: Classe) -> None:
    assert classify(Answer(status, {}, json.dumps(body).encode())).classe is wanted


def test_a_day_that_is_used_up_waits_for_its_own_end() -> None:
    headers = {"x-rate-limit-reset": "1767226200", "x-user-limit-24hour-remaining": "0",
               "x-user-limit-24hour-reset": "1767312000"}  # fmt: skip

    assert classify(Answer(429, headers, b"{}")).reset_epoch_s == 1767312000


@given(st.binary(max_size=200))
def test_no_bytes_raise(corpo: bytes) -> None:
    assert isinstance(parse(corpo), list)


@given(anything, st.sampled_from(["dm.received", "chat.sent", "dm.read", "post.reply.create",
                                  "oauth.revoke"]))  # fmt: skip
def test_no_document_raises(documento: Any, kind: str) -> None:
    wrapped = {"data": {"event_type": kind, "payload": documento, "filter": documento}}
    listed = {key: [documento] for key in LISTS}

    for body in (documento, wrapped, listed):
        for evento in parse(json.dumps(body).encode()):
            json.dumps(evento.view())
