"""What stands in the help desk of each kind of message, and what a customer gets of an answer."""

from typing import Any

import pytest

from ponte.canais.espelho import palavras
from ponte.domain.evento import EventoDeCanal, Midia
from ponte.domain.limites import Limites
from ponte.domain.mensagem import Canal, Direcao, Mensagem, TipoMensagem

FOTO = Midia(kind="image", url="https://c.test/foto.png", filename="foto.png")
NOTA = Midia(kind="document", url="https://c.test/nota.pdf", filename="nota.pdf")
VOZ = Midia(kind="audio", url="https://c.test/voz.ogg")


@pytest.mark.parametrize(
    ("markdown", "whatsapp"),
    [
        ("Temos **sim**, *hoje*", "Temos *sim*, _hoje_"),
        ("~~R$ 10~~ `CODIGO`", "~R$ 10~ ```CODIGO```"),
        ("2 * 3 * 4 e a*b*c", "2 * 3 * 4 e a*b*c"),
        ("* um\n* dois", "* um\n* dois"),
        ("", ""),
    ],
)
def test_markdown_becomes_whatsapps_own_marks(markdown: str, whatsapp: str) -> None:
    assert palavras.marked(markdown) == whatsapp


@pytest.mark.parametrize(
    ("tipo", "conteudo", "said"),
    [
        (TipoMensagem.TEXTO, "Oi", "Oi"),
        (TipoMensagem.TEXTO, {"texto": "Oi", "autor": {"id": "1", "nome": "Ana"}}, "**Ana:** Oi"),
        (TipoMensagem.IMAGEM, {"legenda": "veja", "id": "9", "url": None}, "[imagem]\nveja"),
        (TipoMensagem.IMAGEM, {"figurinha": True}, "[figurinha]"),
        (TipoMensagem.DOCUMENTO, {"nome": "a.pdf", "url": "https://x.test/a"},
         "[documento: a.pdf]\nhttps://x.test/a"),
        (TipoMensagem.VIDEO, "https://x.test/v", "[vídeo]\nhttps://x.test/v"),
        (TipoMensagem.LOCALIZACAO, {"latitude": -23.5, "longitude": -46.6, "nome": "Loja"},
         "[localização: -23.5,-46.6]\nLoja"),
        (TipoMensagem.RESPOSTA_RAPIDA, {"texto": "Qual?", "opcoes": ["A", "B"]}, "Qual?\n• A\n• B"),
        (TipoMensagem.EVENTO, {"evento": "poll"}, "[poll]"),
        (TipoMensagem.EVENTO, {"modelo": {"nome": "pedido_enviado"}}, "[modelo pedido_enviado]"),
    ],
)  # fmt: skip
def test_every_kind_of_message_says_what_it_is(
    tipo: TipoMensagem, conteudo: Any, said: str
) -> None:
    mensagem = Mensagem(tipo, Canal.WHATSAPP, "", conteudo, direcao=Direcao.ENTRADA)

    assert palavras.shown(mensagem) == said


def answer(texto: str | None, *media: Midia, **further: Any) -> EventoDeCanal:
    return EventoDeCanal(
        channel="chatwoot", kind="message", text=texto, media=media, sender_name="Ana",
        further=further,
    )  # fmt: skip


def test_each_file_is_a_message_and_the_words_stand_with_the_first() -> None:
    said = palavras.to_say(answer("veja", FOTO, NOTA), "telegram", assinar=False)

    assert said == [
        (TipoMensagem.IMAGEM, {"url": FOTO.url, "legenda": "veja"}),
        (TipoMensagem.DOCUMENTO, {"url": NOTA.url, "nome": "nota.pdf"}),
    ]


def test_a_voice_note_has_its_words_before_it() -> None:
    said = palavras.to_say(answer("ouça", VOZ), "whatsapp", assinar=False)

    assert [tipo for tipo, _ in said] == [TipoMensagem.TEXTO, TipoMensagem.AUDIO]


@pytest.mark.parametrize(("canal", "head"), [("whatsapp", "*Ana:*"), ("telegram", "Ana:")])
def test_who_writes_is_told_where_that_is_chosen(canal: str, head: str) -> None:
    said = palavras.to_say(answer("Olá"), canal, assinar=True)

    assert said == [(TipoMensagem.TEXTO, f"{head}\nOlá")]


def test_a_place_is_sent_as_one() -> None:
    place = {"latitude": -23.5, "longitude": -46.6, "name": None}

    said = palavras.to_say(answer(None, location=place), "whatsapp", assinar=False)

    assert said == [(TipoMensagem.LOCALIZACAO, {"latitude": -23.5, "longitude": -46.6})]


@pytest.mark.parametrize(("legenda", "kinds"), [(None, "tti"), (3, "tti"), (20, "i")])
def test_words_that_a_canal_takes_with_no_file_stand_before_it(
    legenda: int | None, kinds: str
) -> None:
    limites = Limites(tipos=frozenset(TipoMensagem), texto=8, legenda=legenda, source="here")
    conteudo = {"url": FOTO.url, "legenda": "duas palavras"}

    said = palavras.fitting(TipoMensagem.IMAGEM, conteudo, limites=limites)

    assert "".join(tipo.value[0] for tipo, _ in said) == kinds
    assert said[-1][1] == (conteudo if kinds == "i" else {"url": FOTO.url})
