"""Instagram and Messenger: every published payload, what a body may hold besides, what goes out."""

import importlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from ponte.connectors.meta.verify import sign
from ponte.domain.mensagem import TipoMensagem
from ponte.errors import DadosInvalidos
from ponte.ports import WebhookRequest
from ponte.resilience.classes import Classe
from tests.connectors.lent import HERE, answer, expected, lending, recorded, responses
from tests.connectors.meta.redes import REDES, RedeDeTeste

SECRET = "ponte_app_secret_0123456789abcdef"
BODIES = [
    (nome, file) for nome in REDES for file in sorted(expected(nome)) if "response_" not in file
]
ANSWERS = [(nome, file) for nome in REDES for file in responses(nome)]
HUMAN = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
PDF = "https://files.ponte.example/nf/1001.pdf"
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


def published(nome: str, file: str) -> Any:
    return json.loads((HERE / nome / "fixtures" / file).read_text())


def matches(wanted: Any, actual: Any) -> bool:
    """Keys that are not expected are free."""
    if isinstance(wanted, dict):
        return all(matches(value, actual[key]) for key, value in wanted.items())
    if isinstance(wanted, list):
        return len(wanted) == len(actual) and all(map(matches, wanted, actual))
    return bool(wanted == actual)


@pytest.mark.parametrize(("nome", "file"), BODIES)
def test_a_published_body_becomes_what_is_expected(nome: str, file: str) -> None:
    events = REDES[nome].parse((HERE / nome / "fixtures" / file).read_bytes())

    assert matches(expected(nome)[file], json.loads(json.dumps([x.view() for x in events])))


@pytest.mark.parametrize(("nome", "file"), ANSWERS)
def test_a_published_answer_has_its_class(nome: str, file: str) -> None:
    classify = REDES[nome].connector.classify
    assert classify is not None

    assert classify(recorded(nome, file)).classe == expected(nome)[file]["class"]


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
    rede: RedeDeTeste, error: dict[str, Any], classe: Classe, status: int
) -> None:
    classify = rede.connector.classify
    assert classify is not None

    assert classify(answer(status, {"error": error})).classe is classe


# Others share the machine.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    item=junk,
    where=st.sampled_from(["messaging", "standby", "changes"]),
    rede=st.sampled_from(list(REDES.values())),
)
def test_no_json_makes_the_reading_fail(rede: RedeDeTeste, item: Any, where: str) -> None:
    body = {"object": rede.objeto, "entry": [{"id": rede.loja, where: [item]}, item]}

    for event in rede.parse(json.dumps(body).encode()):
        assert json.dumps(event.view())


@settings(deadline=None)  # others share the machine
@given(corpo=st.binary(max_size=200), rede=st.sampled_from(list(REDES.values())))
def test_no_bytes_make_the_reading_fail(rede: RedeDeTeste, corpo: bytes) -> None:
    assert rede.parse(corpo) == []


def test_an_unknown_attachment_is_shown_as_unsupported(rede: RedeDeTeste) -> None:
    [event] = rede.posted({"message": {"mid": "m1", "attachments": [{"type": "hologram"}]}})

    assert (event.kind, event.type, event.timestamp_ms) == (
        "message", "unsupported", 1767225600000,
    )  # fmt: skip


def test_what_another_app_owns_is_told_as_such(rede: RedeDeTeste) -> None:
    [event] = rede.posted({"message": {"mid": "m1", "text": "oi"}}, where="standby")

    assert (event.standby, event.channel) == (True, rede.channel)


def test_a_reaction_taken_back_is_empty(rede: RedeDeTeste) -> None:
    [event] = rede.posted({"reaction": {"mid": "m1", "action": "unreact", "reaction": "love"}})

    assert (event.target_id, event.reaction) == ("m1", "")


def test_a_conversation_handed_over_names_its_new_owner(rede: RedeDeTeste) -> None:
    [event] = rede.posted({"pass_thread_control": {"new_owner_app_id": 123}})

    assert (event.kind, event.further["new_owner"]) == ("handover", "123")


def test_what_is_wrapped_in_changes_is_read_alike(rede: RedeDeTeste) -> None:
    sides = {"sender": {"id": rede.pessoa}, "recipient": {"id": rede.loja}}
    message = {"message": {"mid": "m1", "text": "oi"}}
    value = {**sides, "timestamp": "1767225600", **message}

    wrapped = rede.posted({"field": "messages", "value": value}, where="changes")

    assert wrapped == rede.posted(message)


def test_a_shared_post_that_comes_under_two_names_is_one(rede: RedeDeTeste) -> None:
    payload = {"ig_post_media_id": "1", "url": "https://cdn.test/1"}
    anexos = [{"type": x, "payload": payload} for x in ("share", "ig_post")]

    [event] = rede.posted({"message": {"mid": "m1", "attachments": anexos}})

    assert (event.type, len(event.media)) == ("share", 1)


@pytest.mark.parametrize("sticker_id", [369239263222822, "369239343222814"])
def test_a_thumb_that_comes_as_picture_and_as_sticker_is_one(
    rede: RedeDeTeste, sticker_id: object
) -> None:
    payload = {"sticker_id": sticker_id, "url": "https://cdn.test/1"}
    anexos = [{"type": x, "payload": payload} for x in ("image", "sticker")]

    [event] = rede.posted({"message": {"mid": "m1", "attachments": anexos}})

    assert (event.type, event.text, len(event.media)) == ("sticker", "👍", 1)


def test_a_relative_address_of_a_reel_is_completed(rede: RedeDeTeste) -> None:
    anexo = {"type": "ig_reel", "payload": {"url": "/reel/1/", "reel_video_id": 1}}

    [event] = rede.posted({"message": {"mid": "m1", "attachments": [anexo]}})

    assert event.media[0].url == "https://www.facebook.com/reel/1/"


@pytest.mark.parametrize(
    ("nome", "file", "tipo", "conteudo"),
    [
        ("instagram", "request_text.json", TipoMensagem.TEXTO, "Temos sim!"),
        ("instagram", "request_image.json", TipoMensagem.IMAGEM,
         "https://files.ponte.example/p/42.jpg"),
        ("instagram", "request_typing_on.json", TipoMensagem.EVENTO, "typing_on"),
        ("facebook", "request_text.json", TipoMensagem.TEXTO, "Abrimos sim!"),
        ("facebook", "request_file_reusable.json", TipoMensagem.DOCUMENTO, PDF),
    ],
)  # fmt: skip
def test_a_request_is_written_as_published(
    nome: str, file: str, tipo: TipoMensagem, conteudo: Any
) -> None:
    build = importlib.import_module(f"ponte.connectors.{nome}.build").build

    assert build(REDES[nome].message(tipo, conteudo)) == published(nome, file)


def test_a_person_may_answer_after_the_window_by_a_body_of_ones_own() -> None:
    golden = published("instagram", "request_human_agent.json")
    build = importlib.import_module("ponte.connectors.instagram.build").build

    own = HUMAN | {"message": golden["message"]}

    assert build(REDES["instagram"].message(TipoMensagem.EVENTO, own)) == golden


@pytest.mark.parametrize(
    ("nome", "texto", "fits"),
    [
        ("instagram", "x" * 1000, True),
        ("instagram", "é" * 500, True),
        ("instagram", "é" * 501, False),
        ("facebook", "é" * 2000, True),
        ("facebook", "é" * 2001, False),
    ],
)
async def test_a_text_too_long_is_refused_before_it_is_sent(
    nome: str, texto: str, *, fits: bool
) -> None:
    make = REDES[nome].connector.channel
    assert make is not None
    async with lending() as lent:
        channel = make(REDES[nome].settings(access_token=SecretStr("fake")), lent.deps)

        if fits:
            channel.check(REDES[nome].message(TipoMensagem.TEXTO, texto))
        else:
            with pytest.raises(DadosInvalidos, match="conteudo"):
                channel.check(REDES[nome].message(TipoMensagem.TEXTO, texto))


@pytest.mark.parametrize(
    ("campo", "tipo", "conteudo"),
    [
        ("conteudo.opcoes", TipoMensagem.RESPOSTA_RAPIDA,
         {"texto": "?", "opcoes": [str(i) for i in range(14)]}),
        ("conteudo.url", TipoMensagem.IMAGEM, "file:///etc/passwd"),
        ("conteudo", TipoMensagem.EVENTO, "dance"),
        ("tipo", TipoMensagem.LOCALIZACAO, {"latitude": 1.0, "longitude": 1.0}),
    ],
)  # fmt: skip
async def test_what_the_platform_would_refuse_is_refused_first(
    rede: RedeDeTeste, campo: str, tipo: TipoMensagem, conteudo: Any
) -> None:
    make = rede.connector.channel
    assert make is not None
    async with lending() as lent:
        channel = make(rede.settings(access_token="fake"), lent.deps)

        with pytest.raises(DadosInvalidos) as caught:
            channel.check(rede.message(tipo, conteudo))

    assert [x.campo for x in caught.value.errors] == [campo]


def test_a_delivery_is_known_by_any_secret_that_is_valid_now(rede: RedeDeTeste) -> None:
    webhook = rede.connector.webhook
    assert webhook is not None
    receiver = webhook(rede.settings(app_secret=f"new,{SECRET}"))
    body = json.dumps({"text": "olá"}).encode()
    request = WebhookRequest("", {"x-hub-signature-256": sign(body, SECRET)}, {}, body)
    changed = WebhookRequest("", request.headers, {}, body + b"\n")

    assert receiver.verify(request, now_ms=0)
    assert not receiver.verify(changed, now_ms=0)
