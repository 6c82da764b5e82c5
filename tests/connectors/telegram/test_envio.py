"""Envio: each mensagem is one call of the Bot API, and what it would refuse is named first."""

import base64
from typing import Any

import pytest
from pydantic import SecretStr

from ponte.connectors.telegram.channel import TelegramChannel
from ponte.connectors.telegram.envio import call, callback_data, request
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.mensagem import MAX_OPCAO, Canal, Mensagem, TipoMensagem
from ponte.errors import DadosInvalidos
from tests.connectors.lent import Lent

URL = "https://loja.example/p/1001"
FILE_ID = "AgACAgQAAxkBAAIB-fake_file_id"
PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG fake").decode()
SETTINGS = TelegramSettings(bot_token=SecretStr("1:fake"), base_url="https://bots.test")


def of(tipo: str, conteudo: Any) -> Mensagem:
    return Mensagem(TipoMensagem(tipo), Canal.TELEGRAM, "42", conteudo)


CALLS: dict[str, tuple[str, Any, str, dict[str, Any]]] = {
    "text": ("texto", "<b>oi</b> & *tchau*", "sendMessage", {"text": "<b>oi</b> & *tchau*"}),
    "a photo": (
        "imagem", {"url": URL, "legenda": "Café"}, "sendPhoto", {"photo": URL, "caption": "Café"},
    ),
    "a photo known by its id": ("imagem", FILE_ID, "sendPhoto", {"photo": FILE_ID}),
    "a picture that moves": (
        "imagem", {"url": URL, "mime": "image/gif"}, "sendAnimation", {"animation": URL},
    ),
    "a video": ("video", {"url": URL}, "sendVideo", {"video": URL}),
    "a video without sound": (
        "video", {"url": URL, "mime": "image/gif"}, "sendAnimation", {"animation": URL},
    ),
    "music": ("audio", {"url": URL, "mime": "audio/mpeg"}, "sendAudio", {"audio": URL}),
    "a voice": (
        "audio", {"url": URL, "mime": "audio/ogg; codecs=opus"}, "sendVoice", {"voice": URL},
    ),
    "a document": (
        "documento", {"url": URL, "nome": "nota.pdf", "legenda": " "}, "sendDocument",
        {"document": URL},
    ),
    "a place": (
        "localizacao", {"latitude": -23.5, "longitude": -46.6}, "sendLocation",
        {"latitude": -23.5, "longitude": -46.6},
    ),
    "a place with a name": (
        "localizacao", {"latitude": -23.5, "longitude": -46.6, "nome": "Loja"}, "sendVenue",
        {"latitude": -23.5, "longitude": -46.6, "title": "Loja", "address": "Loja"},
    ),
    "options": (
        "resposta_rapida", {"texto": "Confirma?", "opcoes": ["Sim"]}, "sendMessage",
        {"text": "Confirma?",
         "reply_markup": {"inline_keyboard": [[{"text": "Sim", "callback_data": "Sim"}]]}},
    ),
    "a contact": (
        "evento", {"contato": {"telefone": "+55 11 4002-8922", "nome": "Loja"}}, "sendContact",
        {"phone_number": "+55 11 4002-8922", "first_name": "Loja"},
    ),
    "a sticker": ("evento", {"figurinha": FILE_ID}, "sendSticker", {"sticker": FILE_ID}),
    "an answer to a message": (
        "evento", {"em_resposta_a": "52", "texto": "Tem!"}, "sendMessage",
        {"text": "Tem!",
         "reply_parameters": {"message_id": 52, "allow_sending_without_reply": True}},
    ),
    "an edit": (
        "evento", {"editar": "52", "texto": "Acabou"}, "editMessageText",
        {"message_id": 52, "text": "Acabou"},
    ),
    "a deletion": ("evento", {"apagar": "52"}, "deleteMessage", {"message_id": 52}),
}  # fmt: skip


@pytest.mark.parametrize("what", CALLS)
def test_each_kind_of_message_has_its_call(what: str) -> None:
    tipo, conteudo, method, campos = CALLS[what]
    channel = TelegramChannel(SETTINGS, Lent().deps)
    mensagem = of(tipo, conteudo)

    channel.check(mensagem)
    chamada = call(mensagem, "42")
    sent = request(SETTINGS, chamada)

    assert (chamada.method, chamada.campos) == (method, {"chat_id": "42", **campos})
    assert sent.url == f"https://bots.test/bot1:fake/{method}"
    assert sent.json == chamada.campos


def test_bytes_that_the_house_has_are_uploaded_as_a_form() -> None:
    mensagem = of("imagem", {"url": PNG, "nome": 'a"\r\nb.png', "legenda": "Olá"})

    sent = request(SETTINGS, call(mensagem, "42"))

    body, kind = sent.content or b"", sent.headers["Content-Type"]
    boundary = kind.partition("boundary=")[2].encode()
    parts = body.split(b"--" + boundary)
    assert sent.json is None
    assert len(parts) == 5  # two fields and a file between what is before and after them
    assert b'name="caption"\r\n\r\nOl\xc3\xa1\r\n' in parts[2]
    assert parts[3].startswith(
        b'\r\nContent-Disposition: form-data; name="photo"; filename="a___b.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG fake"
    )


@pytest.mark.parametrize("opcao", ["Sim", "ç" * MAX_OPCAO, "👩‍👩‍👧" * 33, "x" * 64, "x" * 65])
def test_what_comes_back_of_a_button_fits_and_begins_its_words(opcao: str) -> None:
    data = callback_data(opcao)

    assert 1 <= len(data.encode()) <= 64
    assert opcao.startswith(data)


REFUSED: dict[str, tuple[str, Any, str]] = {
    "an address that nobody can fetch": ("imagem", {"url": "/etc/passwd"}, "conteudo.url"),
    "bytes that are none": ("imagem", {"url": "data:image/png;base64,@@"}, "conteudo.url"),
    "no bytes": ("imagem", {"url": "data:image/png;base64,"}, "conteudo.url"),
    "bytes that are not ASCII": ("imagem", {"url": "data:;base64,é"}, "conteudo.url"),
    "a caption too long": ("imagem", {"url": URL, "legenda": "😀" * 513}, "conteudo.legenda"),
    "a text too long": ("texto", "😀" * 2049, "conteudo"),
    "options that are the same": (
        "resposta_rapida", {"texto": "?", "opcoes": ["x" * 64 + "a", "x" * 64 + "b"]},
        "conteudo.opcoes",
    ),
    "an option of nothing": (
        "resposta_rapida", {"texto": "?", "opcoes": ["\x01", "Sim"]}, "conteudo.opcoes.0",
    ),
    "an evento by its name alone": ("evento", "contato", "conteudo"),
    "an evento that is two": ("evento", {"apagar": "1", "editar": "1"}, "conteudo"),
    "a field too many": ("evento", {"apagar": "1", "texto": "x"}, "conteudo.texto"),
    "a message that has no number": ("evento", {"apagar": "-1"}, "conteudo.apagar"),
    "an edit without words": ("evento", {"editar": "1"}, "conteudo.texto"),
    "an edit too long": ("evento", {"editar": "1", "texto": "x" * 4097}, "conteudo.texto"),
    "a contact that is text": ("evento", {"contato": "Ana"}, "conteudo.contato"),
    "a contact without a name": (
        "evento", {"contato": {"telefone": "5511999990001"}}, "conteudo.contato.nome",
    ),
    "a contact without a number": (
        "evento", {"contato": {"telefone": "x", "nome": "Ana"}}, "conteudo.contato.telefone",
    ),
    "a sticker that is nowhere": ("evento", {"figurinha": 7}, "conteudo.figurinha"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_telegram_would_refuse_is_refused_by_its_field(what: str) -> None:
    tipo, conteudo, campo = REFUSED[what]

    with pytest.raises(DadosInvalidos) as refused:
        TelegramChannel(SETTINGS, Lent().deps).check(of(tipo, conteudo))

    assert campo in {erro.campo for erro in refused.value.errors}
