"""Notificação: the words of an alerta, whole characters only."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ponte.domain.alerta import Alerta, Severidade
from ponte.domain.notificacao import clean, cut, describe, units

ALERTA = Alerta(
    id="1",
    nome="estoque_baixo",
    severidade=Severidade.CRITICO,
    titulo="Estoque baixo",
    texto="Café: 0 un.",
    origem="estoque",
    labels={"produto_id": "7891", "filial_id": "1", "motivo_da_falha": "venda"},
    criado_em=1_767_225_600_000,
    ultimo_em=1_767_225_660_000,
    resolvido_em=1_767_229_200_000,
)


def test_an_alerta_says_how_bad_what_about_what_and_when() -> None:
    notificacao = describe(ALERTA)

    assert notificacao.manchete == "🔴 Crítico: Estoque baixo"
    assert notificacao.texto == "Café: 0 un."
    assert notificacao.rodape == (
        "filial 1 · motivo da falha venda · produto 7891 · 31/12/2025 21:01:00"
    )


def test_the_end_of_an_alerta_says_so_and_since_when() -> None:
    notificacao = describe(ALERTA, fim=True)

    assert notificacao.manchete == "✅ Resolvido: Estoque baixo"
    assert notificacao.hora == "31/12/2025 22:00:00"


@pytest.mark.parametrize(
    ("severidade", "inicio"),
    [
        (Severidade.INFO, "🔵 Informação: "),
        (Severidade.AVISO, "🟡 Aviso: "),
        (Severidade.CRITICO, "🔴 Crítico: "),
    ],
)
def test_severity_is_an_icon_and_a_word(severidade: Severidade, inicio: str) -> None:
    assert describe(replace(ALERTA, severidade=severidade)).manchete.startswith(inicio)


def test_an_alerta_that_fired_again_says_how_often() -> None:
    assert "· 7 vezes ·" in describe(replace(ALERTA, contagem=7)).rodape


def test_an_alerta_without_a_title_shows_its_name() -> None:
    assert describe(replace(ALERTA, titulo=" \n")).titulo == "estoque_baixo"


def test_the_time_zone_of_the_shop_can_be_another() -> None:
    assert describe(ALERTA, zona="America/Manaus").hora == "31/12/2025 20:01:00"


def test_control_characters_and_lone_surrogates_go_but_lines_stay() -> None:
    assert clean("a\x00b\x1b[31m\r\n\tc\ud83d\ude00\ud83d") == "ab[31m\n\tc😀\ufffd"


@given(
    texto=st.text(st.characters(exclude_categories=["Cs"]), max_size=60), limite=st.integers(1, 40)
)
def test_a_cut_text_is_within_its_limit_and_begins_as_it_did(texto: str, limite: int) -> None:
    short = cut(texto, limite)

    assert units(short) <= limite
    assert short == texto if units(texto) <= limite else texto.startswith(short.removesuffix("…"))


@pytest.mark.parametrize(
    ("texto", "limite", "expected"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abc defg", 5, "abc…"),
        ("ae\u0301io", 3, "a…"),  # not the e without its accent
        ("a👍🏽b", 4, "a…"),  # not the thumb without its colour
        ("a👩‍👧bcdef", 5, "a…"),  # not one of the two
        ("a👩‍👧bcdef", 7, "a👩‍👧…"),
    ],
)
def test_a_cut_never_parts_what_is_seen_as_one_character(
    texto: str, limite: int, expected: str
) -> None:
    assert cut(texto, limite) == expected


def test_a_cut_counts_what_the_markup_makes_of_a_character() -> None:
    assert cut("a&&&", 8, weigh=lambda char: 5 if char == "&" else 1) == "a&…"
