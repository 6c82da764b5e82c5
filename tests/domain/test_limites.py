"""Limits: a breach is named before anything is sent, and a split text loses nothing."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ponte.domain.limites import Limites, split
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem

LIMITES = Limites(
    tipos=frozenset({TipoMensagem.TEXTO, TipoMensagem.RESPOSTA_RAPIDA, TipoMensagem.IMAGEM}),
    texto=20, legenda=5, opcoes=2, titulo_opcao=4, source="chosen for this test",
)  # fmt: skip
EM_BYTES = Limites(tipos=LIMITES.tipos, texto=20, medida="bytes", source="chosen for this test")


def broken(tipo: TipoMensagem, conteudo: object) -> set[str]:
    mensagem = Mensagem(tipo, Canal.TELEGRAM, "42", conteudo)  # type: ignore[arg-type]
    return {campo for campo, _ in LIMITES.broken(mensagem)}


def test_each_breach_is_named_by_its_field() -> None:
    options = {"texto": "ok", "opcoes": ["sim", "talvez", "não"]}

    assert broken(TipoMensagem.TEXTO, "x" * 20) == set()
    assert broken(TipoMensagem.TEXTO, "x" * 21) == {"conteudo"}
    assert broken(TipoMensagem.TEXTO, " \n") == {"conteudo"}
    assert broken(TipoMensagem.AUDIO, "https://loja.example/a.ogg") == {"tipo"}
    assert broken(TipoMensagem.IMAGEM, "https://loja.example/uma-foto.png") == set()
    assert broken(TipoMensagem.IMAGEM, {"url": "u", "legenda": "longa demais"}) == {
        "conteudo.legenda"
    }
    assert broken(TipoMensagem.RESPOSTA_RAPIDA, options) == {
        "conteudo.opcoes", "conteudo.opcoes.1",
    }  # fmt: skip


def test_a_length_is_counted_as_the_platform_counts() -> None:
    assert EM_BYTES.weigh("ação") == 6
    assert Limites(tipos=LIMITES.tipos, texto=1, medida="utf16", source="-").weigh("😀") == 2


def test_a_text_is_cut_where_a_reader_would() -> None:
    assert split("Um parágrafo.\n\nOutro aqui.", LIMITES) == ["Um parágrafo.", "Outro aqui."]
    assert split("Temos sim. Quer que separe?", LIMITES) == ["Temos sim.", "Quer que separe?"]
    assert split("uma palavra bem comprida", LIMITES) == ["uma palavra bem", "comprida"]
    assert split("veja https://loja.example/p", LIMITES) == [
        "veja", "https://loja.example", "/p",
    ]  # fmt: skip


def test_an_address_that_fits_is_never_cut() -> None:
    parts = split("oi veja https://l.example/42 e diga", LIMITES)

    assert "https://l.example/42" in " ".join(parts).split()
    assert any("https://l.example/42" in part for part in parts)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_every_part_fits_and_no_word_is_lost(texto: str) -> None:
    for limites in (LIMITES, EM_BYTES):
        parts = split(texto, limites)

        assert all(part and limites.weigh(part) <= limites.texto for part in parts)
        assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", texto)
