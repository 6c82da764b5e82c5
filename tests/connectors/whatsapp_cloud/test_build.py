"""Build and check: requests as they are documented, and what is refused before one is made."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ponte.connectors.whatsapp_cloud.build import build
from ponte.connectors.whatsapp_cloud.channel import WhatsAppCloudChannel
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import DadosInvalidos
from tests.connectors.lent import Lent

FIXTURES = Path(__file__).parent / "fixtures"
OWN = WhatsAppCloudSettings.model_validate({"access_token": "fake", "phone_number_id": "1"})
URL = "https://files.ponte.example/nf/1001.pdf"


def mensagem(tipo: TipoMensagem, conteudo: Any, para: str = "5511999990001") -> Mensagem:
    return Mensagem(tipo, Canal.WHATSAPP, para, conteudo)


def options(opcoes: list[str], texto: str = "Escolha") -> Mensagem:
    return mensagem(TipoMensagem.RESPOSTA_RAPIDA, {"texto": texto, "opcoes": opcoes})


def refused(nova: Mensagem, settings: WhatsAppCloudSettings = OWN) -> list[str]:
    """Return the fields that are refused."""
    try:
        WhatsAppCloudChannel(settings, Lent().deps).check(nova)
    except DadosInvalidos as error:
        return [problema.campo for problema in error.errors]
    return []


@pytest.mark.parametrize(
    ("name", "nova"),
    [
        (
            "request_text.json",
            mensagem(TipoMensagem.TEXTO, "Seu pedido 1001 saiu para entrega."),
        ),
        (
            "request_document_link.json",
            mensagem(
                TipoMensagem.DOCUMENTO,
                {"url": URL, "nome": "nf-1001.pdf", "legenda": "Nota fiscal"},
            ),
        ),
        ("request_buttons.json", options(["Confirmar", "Remarcar"], "Confirma a entrega hoje?")),
        (
            "request_template.json",
            mensagem(
                TipoMensagem.EVENTO,
                {"modelo": "pedido_enviado", "idioma": "pt_BR", "parametros": ["1001"]},
            ),
        ),
    ],
)
def test_a_request_is_the_one_that_is_documented(name: str, nova: Mensagem) -> None:
    golden = json.loads((FIXTURES / name).read_text())

    assert build(nova) == {"recipient_type": "individual", **golden}


def test_more_than_three_options_are_a_list_of_the_documented_form() -> None:
    golden = json.loads((FIXTURES / "request_list.json").read_text())
    sizes = ["40", "41", "42", "43"]

    body = build(options(sizes))

    action, theirs = body["interactive"]["action"], golden["interactive"]["action"]
    [section] = action["sections"]
    assert section["rows"] == [{"id": size, "title": size} for size in sizes]
    assert action.keys() == theirs.keys()
    assert section.keys() == theirs["sections"][0].keys()
    assert body["interactive"]["type"] == golden["interactive"]["type"]
    assert len(action["button"]) <= 20


def test_parametros_with_names_are_sent_by_name() -> None:
    body = build(mensagem(TipoMensagem.EVENTO, {"modelo": "m", "parametros": {"pedido": "1001"}}))

    assert body["template"]["language"] == {"code": "pt_BR"}
    assert body["template"]["components"][0]["parameters"] == [
        {"type": "text", "parameter_name": "pedido", "text": "1001"}
    ]


def test_a_place_is_sent_with_the_names_it_has() -> None:
    place = {"latitude": -23.5, "longitude": -46.6, "nome": "Loja", "endereco": "Rua 1"}

    body = build(mensagem(TipoMensagem.LOCALIZACAO, place))

    assert body["location"] == {
        "latitude": -23.5, "longitude": -46.6, "name": "Loja", "address": "Rua 1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("para", "quem"),
    [
        ("+5511999990001", {"to": "5511999990001"}),
        ("BR.10000000000000000001", {"recipient": "BR.10000000000000000001"}),
    ],
)
def test_a_person_is_written_to_by_number_or_by_user_id(para: str, quem: dict[str, str]) -> None:
    body = build(mensagem(TipoMensagem.TEXTO, "oi", para))

    assert {key: body[key] for key in ("to", "recipient") if key in body} == quem


def test_the_receipts_will_name_the_mensagem() -> None:
    body = build(replace(mensagem(TipoMensagem.TEXTO, "oi"), id="019b-1"))

    assert body["biz_opaque_callback_data"] == "019b-1"


@pytest.mark.parametrize(
    "nova",
    [
        mensagem(TipoMensagem.TEXTO, "x" * 4096),
        mensagem(TipoMensagem.IMAGEM, URL),
        mensagem(TipoMensagem.AUDIO, {"url": URL}),
        mensagem(TipoMensagem.VIDEO, {"url": URL, "legenda": "x" * 1024}),
        options(["x" * 20]),
        options([f"{i}".ljust(24, "x") for i in range(10)], "x" * 1024),
        mensagem(TipoMensagem.EVENTO, "pedido_enviado"),
        mensagem(TipoMensagem.TEXTO, "oi", "BR.ENT.1a2b"),
        mensagem(TipoMensagem.EVENTO, {"em_resposta_a": "wamid.1", "reacao": ""}),
        mensagem(TipoMensagem.IMAGEM, "data:image/png;base64,iVBORw=="),
        mensagem(TipoMensagem.AUDIO, "300000000000001"),
    ],
)
def test_what_the_platform_takes_is_taken(nova: Mensagem) -> None:
    assert refused(nova) == []


@pytest.mark.parametrize(
    ("nova", "campo"),
    [
        (mensagem(TipoMensagem.TEXTO, "x" * 4097), "conteudo"),
        (mensagem(TipoMensagem.TEXTO, "oi", "ana"), "destinatario"),
        (mensagem(TipoMensagem.TEXTO, "oi", "BR.!"), "destinatario"),
        (mensagem(TipoMensagem.IMAGEM, {"url": "file:///etc/passwd"}), "conteudo.url"),
        (mensagem(TipoMensagem.IMAGEM, {"url": URL, "legenda": "x" * 1025}), "conteudo.legenda"),
        (mensagem(TipoMensagem.AUDIO, {"url": URL, "legenda": "x"}), "conteudo.legenda"),
        (options(["x" * 21]), "conteudo.opcoes.0"),
        (options(["1", "2", "3", "x" * 25]), "conteudo.opcoes.3"),
        (options([str(i) for i in range(11)]), "conteudo.opcoes"),
        (options(["Sim", "sim"]), "conteudo.opcoes"),
        (options(["Sim"], "x" * 1025), "conteudo.texto"),
        (mensagem(TipoMensagem.EVENTO, {"idioma": "pt_BR"}), "conteudo.modelo"),
        (mensagem(TipoMensagem.EVENTO, {"modelo": "m", "outra": 1}), "conteudo.outra"),
        (mensagem(TipoMensagem.EVENTO, {"modelo": "m", "idioma": 1}), "conteudo.idioma"),
        (mensagem(TipoMensagem.EVENTO, {"modelo": "m", "parametros": [1]}), "conteudo.parametros"),
        (mensagem(TipoMensagem.EVENTO, {"modelo": "m", "parametros": "x"}), "conteudo.parametros"),
        (mensagem(TipoMensagem.EVENTO, {"lida": ""}), "conteudo.lida"),
        (mensagem(TipoMensagem.EVENTO, {"lida": "wamid.1", "digitando": 1}), "conteudo.digitando"),
        (mensagem(TipoMensagem.EVENTO, {"em_resposta_a": "wamid.1"}), "conteudo"),
        (
            mensagem(TipoMensagem.EVENTO, {"em_resposta_a": 1, "texto": "x"}),
            "conteudo.em_resposta_a",
        ),
        (mensagem(TipoMensagem.EVENTO, {"em_resposta_a": "w", "reacao": 1}), "conteudo.reacao"),
        (
            mensagem(TipoMensagem.EVENTO, {"em_resposta_a": "w", "texto": "x" * 4097}),
            "conteudo.texto",
        ),
        (mensagem(TipoMensagem.IMAGEM, {"url": "data:image/png;base64,!"}), "conteudo.url"),
    ],
)
def test_what_the_platform_would_refuse_is_refused_first(nova: Mensagem, campo: str) -> None:
    assert refused(nova) == [campo]


@pytest.mark.parametrize("missing", ["access_token", "phone_number_id"])
def test_nothing_is_taken_while_nothing_can_go_out(missing: str) -> None:
    settings = OWN.model_copy(update={missing: None})

    assert refused(mensagem(TipoMensagem.TEXTO, "oi"), settings) == ["canal"]
    assert settings.is_on is False
