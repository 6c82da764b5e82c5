"""Facebook: every published payload, what a body may hold besides, and what goes out."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from ponte.connectors.facebook.build import build
from ponte.connectors.facebook.channel import FacebookChannel
from ponte.connectors.facebook.classify import classify
from ponte.connectors.facebook.parse import parse
from ponte.connectors.facebook.settings import FacebookSettings
from ponte.connectors.facebook.webhook import FacebookWebhook
from ponte.connectors.meta.verify import sign
from ponte.domain.evento import EventoDeCanal
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import DadosInvalidos
from ponte.ports import WebhookRequest
from ponte.resilience.classes import Classe, OutsideError
from tests.connectors.lent import answer, lending, recorded, responses
from tests.resilience.odd_server import odd_server

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected.json").read_text())
BODIES = sorted(x for x in EXPECTED if not x.startswith("response_"))
PERSON, SHOP = "800000000000001", "300000000000001"
SETTINGS = FacebookSettings()
SECRET = "ponte_app_secret_0123456789abcdef"
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([
                "id", "sender", "recipient", "message", "mid", "text", "attachments", "type",
                "payload", "url", "postback", "reaction", "read", "delivery", "mids", "optin",
                "referral", "message_edit", "watermark", "timestamp", "sticker_id", "reply_to",
                "story", "coordinates", "lat", "field", "value", "pass_thread_control", "from",
            ]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)  # fmt: skip


def message(tipo: TipoMensagem, conteudo: Any) -> Mensagem:
    return Mensagem(tipo, Canal.FACEBOOK, PERSON, conteudo)


def posted(item: dict[str, Any], *, where: str = "messaging") -> list[EventoDeCanal]:
    sides = {"sender": {"id": PERSON}, "recipient": {"id": SHOP}, "timestamp": 1767225600}
    entry = {"id": SHOP, where: [sides | item]}
    return parse(json.dumps({"object": "page", "entry": [entry]}).encode(), SETTINGS)


def matches(expected: Any, actual: Any) -> bool:
    """Keys that are not expected are free."""
    if isinstance(expected, dict):
        return all(matches(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(matches, expected, actual))
    return bool(expected == actual)


@pytest.mark.parametrize("name", BODIES)
def test_a_published_body_becomes_what_is_expected(name: str) -> None:
    views = [event.view() for event in parse((FIXTURES / name).read_bytes(), SETTINGS)]

    assert matches(EXPECTED[name], json.loads(json.dumps(views)))


@pytest.mark.parametrize("name", responses("facebook"))
def test_a_published_answer_has_its_class(name: str) -> None:
    assert classify(recorded("facebook", name)).classe == EXPECTED[name]["class"]


@pytest.mark.parametrize(
    ("error", "classe"),
    [
        ({"code": 10, "error_subcode": 2018065}, Classe.WINDOW_CLOSED),
        ({"code": 10, "error_subcode": 2018108}, Classe.RECIPIENT_UNREACHABLE),
        ({"code": 10}, Classe.AUTH),
        ({"code": 200, "error_subcode": 2018028}, Classe.AUTH),
        ({"code": 4, "is_transient": True}, Classe.RATE_LIMITED),
        ({"code": 100, "error_subcode": 2018047}, Classe.INVALID_REQUEST),
        ({"code": 36000}, Classe.INVALID_REQUEST),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_an_error_counts_whatever_its_status(
    error: dict[str, Any], classe: Classe, status: int
) -> None:
    assert classify(answer(status, {"error": error})).classe is classe


@settings(deadline=None)  # others share the machine
@given(item=junk, where=st.sampled_from(["messaging", "standby", "changes"]))
def test_no_json_makes_the_reading_fail(item: Any, where: str) -> None:
    body = {"object": "page", "entry": [{"id": SHOP, where: [item]}, item]}

    for event in parse(json.dumps(body).encode(), SETTINGS):
        assert json.dumps(event.view())


@settings(deadline=None)  # others share the machine
@given(corpo=st.binary(max_size=200))
def test_no_bytes_make_the_reading_fail(corpo: bytes) -> None:
    assert parse(corpo, SETTINGS) == []


def test_an_unknown_attachment_is_shown_as_unsupported() -> None:
    [event] = posted({"message": {"mid": "m1", "attachments": [{"type": "hologram"}]}})

    assert (event.kind, event.type, event.timestamp_ms) == (
        "message", "unsupported", 1767225600000,
    )  # fmt: skip


def test_what_another_app_owns_is_told_as_such() -> None:
    [event] = posted({"message": {"mid": "m1", "text": "oi"}}, where="standby")

    assert (event.standby, event.channel) == (True, "messenger")


def test_a_reaction_taken_back_is_empty() -> None:
    [event] = posted({"reaction": {"mid": "m1", "action": "unreact", "reaction": "love"}})

    assert (event.target_id, event.reaction) == ("m1", "")


def test_a_conversation_handed_over_names_its_new_owner() -> None:
    [event] = posted({"pass_thread_control": {"new_owner_app_id": 123}})

    assert (event.kind, event.further["new_owner"]) == ("handover", "123")


def test_what_is_wrapped_in_changes_is_read_alike() -> None:
    value = {
        "sender": {"id": PERSON},
        "recipient": {"id": SHOP},
        "timestamp": "1767225600",
        "message": {"mid": "m1", "text": "oi"},
    }

    wrapped = posted({"field": "messages", "value": value}, where="changes")

    assert wrapped == posted({"message": {"mid": "m1", "text": "oi"}})


@pytest.mark.parametrize(
    ("name", "tipo", "conteudo"),
    [
        ("request_text.json", TipoMensagem.TEXTO, "Abrimos sim!"),
        (
            "request_file_reusable.json",
            TipoMensagem.DOCUMENTO,
            "https://files.ponte.example/nf/1001.pdf",
        ),
    ],
)
def test_a_request_is_written_as_published(name: str, tipo: TipoMensagem, conteudo: Any) -> None:
    assert build(message(tipo, conteudo)) == json.loads((FIXTURES / name).read_text())


@pytest.mark.parametrize("sticker_id", [369239263222822, "369239343222814"])
def test_a_thumb_that_comes_as_picture_and_as_sticker_is_one(sticker_id: object) -> None:
    payload = {"sticker_id": sticker_id, "url": "https://cdn.test/1"}
    anexos = [{"type": x, "payload": payload} for x in ("image", "sticker")]

    [event] = posted({"message": {"mid": "m1", "attachments": anexos}})

    assert (event.type, event.text, len(event.media)) == ("sticker", "👍", 1)


def test_a_relative_address_of_a_reel_is_completed() -> None:
    anexo = {"type": "ig_reel", "payload": {"url": "/reel/1/", "reel_video_id": 1}}

    [event] = posted({"message": {"mid": "m1", "attachments": [anexo]}})

    assert event.media[0].url == "https://www.facebook.com/reel/1/"


@pytest.mark.parametrize(("texto", "fits"), [("é" * 2000, True), ("é" * 2001, False)])
async def test_a_text_too_long_is_refused_before_it_is_sent(texto: str, *, fits: bool) -> None:
    async with lending() as lent:
        channel = FacebookChannel(FacebookSettings(access_token=SecretStr("fake")), lent.deps)

        if fits:
            channel.check(message(TipoMensagem.TEXTO, texto))
        else:
            with pytest.raises(DadosInvalidos, match="conteudo"):
                channel.check(message(TipoMensagem.TEXTO, texto))


async def test_what_the_platform_did_not_take_is_raised_after_one_try() -> None:
    async with odd_server() as server, lending() as lent:
        server.otherwise = "unavailable"
        own = FacebookSettings(access_token=SecretStr("fake"), base_url=server.url)

        with pytest.raises(OutsideError) as caught:
            await FacebookChannel(own, lent.deps).send(message(TipoMensagem.TEXTO, "oi"))

        assert caught.value.classe is Classe.RETRY
        assert len(server.requests) == 1


def test_a_delivery_is_known_by_any_secret_that_is_valid_now() -> None:
    receiver = FacebookWebhook(FacebookSettings.model_validate({"app_secret": f"new,{SECRET}"}))
    body = json.dumps({"text": "olá"}).encode()
    request = WebhookRequest("", {"x-hub-signature-256": sign(body, SECRET)}, {}, body)
    changed = WebhookRequest("", request.headers, {}, body + b"\n")

    assert receiver.verify(request, now_ms=0)
    assert not receiver.verify(changed, now_ms=0)


@pytest.mark.parametrize(("token", "proof"), [("prova", "123"), ("outra", None)])
def test_a_subscription_is_proven_to_who_knows_the_token(token: str, proof: str | None) -> None:
    receiver = FacebookWebhook(FacebookSettings(verify_token=SecretStr("prova")))
    query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "123"}

    assert receiver.challenge(WebhookRequest("", {}, query, b""), now_ms=0) == proof
