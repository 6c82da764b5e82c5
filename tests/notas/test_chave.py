"""The access key of a nota: every published vector, and no forbidden code.

Source: Manual de Orientação do Contribuinte 7.0, Anexo I; NT 2019.001 B03-10.
"""

import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ponte.domain.nota import UF_CODIGO, PedidoDaNota, access_key, local_time, new_codigo
from ponte.domain.valores import mod11
from ponte.errors import ConfiguracaoInvalida
from ponte.notas.emissor import EmissorLocal
from ponte.settings import Emitente

SP = ZoneInfo("America/Sao_Paulo")
NOVEMBRO = datetime(2026, 11, 24, 12, tzinfo=SP)
PEDIDO = PedidoDaNota("019b0000-0000-7000-8000-000000000001", "api", "25.90")

BUILT = [
    ("11222333000181", 55, 1, 1, "48203917", "35261111222333000181550010000000011482039170"),
    ("11222333000181", 55, 1, 2, "87654321", "35261111222333000181550010000000021876543215"),
    ("11222333000181", 65, 1, 3, "11223344", "35261111222333000181650010000000031112233441"),
    ("12ABC34501DE35", 55, 1, 4, "55667788", "35261112ABC34501DE35550010000000041556677887"),
]
REAL = [
    "35180834128745000152550010000476051695511860",
    "41170706117473000150550010000463202612756525",
]


@pytest.mark.parametrize(("cnpj", "modelo", "serie", "numero", "codigo", "chave"), BUILT)
def test_the_key_is_the_published_one(
    cnpj: str, modelo: int, serie: int, numero: int, codigo: str, chave: str
) -> None:
    empresa = Emitente(cnpj=cnpj, serie=serie)

    built = access_key(empresa, modelo=modelo, numero=numero, codigo=codigo, em=NOVEMBRO)

    assert built == chave


@pytest.mark.parametrize("chave", [*REAL, *(row[-1] for row in BUILT)])
def test_the_check_digit_of_real_keys_holds(chave: str) -> None:
    assert mod11(chave[:-1]) == int(chave[-1])


@settings(deadline=None, derandomize=True, database=None)
@given(
    cnpj=st.sampled_from(["11222333000181", "12ABC34501DE35", "00000000000191"]),
    uf=st.sampled_from(sorted(UF_CODIGO)),
    serie=st.integers(0, 999),
    numero=st.integers(1, 999_999_999),
    codigo=st.integers(0, 10**8 - 1),
)
def test_a_key_has_44_characters_and_its_parts_in_their_places(
    cnpj: str, uf: str, serie: int, numero: int, codigo: int
) -> None:
    empresa = Emitente(cnpj=cnpj, uf=uf, serie=serie)

    key = access_key(empresa, modelo=55, numero=numero, codigo=f"{codigo:08d}", em=NOVEMBRO)

    assert len(key) == 44
    assert int(key[:2]) == UF_CODIGO[uf]
    assert (key[2:6], key[6:20], key[20:22]) == ("2611", cnpj, "55")
    assert (int(key[22:25]), int(key[25:34]), key[34]) == (serie, numero, "1")
    assert int(key[35:43]) == codigo
    assert int(key[43]) == mod11(key[:43])


@pytest.mark.parametrize("numero", [0, -1, 1_000_000_000])
def test_a_number_out_of_its_range_makes_no_key(numero: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        access_key(Emitente(), modelo=55, numero=numero, codigo="48203917", em=NOVEMBRO)


def test_year_and_month_are_those_of_the_shop_not_of_greenwich() -> None:
    last_minute = int(datetime(2026, 11, 30, 23, 59, 59, tzinfo=SP).timestamp() * 1000)
    emissor = EmissorLocal(Emitente(), zona="America/Sao_Paulo")

    before, after = [
        emissor.build(PEDIDO, numero=1, em_ms=ms, codigo="48203917")
        for ms in (last_minute + 999, last_minute + 1000)
    ]

    assert local_time(last_minute, zona="UTC").month == 12
    assert (before.chave[2:6], after.chave[2:6]) == ("2611", "2612")


def test_the_same_arguments_give_the_same_key() -> None:
    emissor = EmissorLocal(Emitente(), zona="America/Sao_Paulo")

    one, two = [
        emissor.build(PEDIDO, numero=7, em_ms=1_795_521_600_000, codigo="48203917")
        for _ in range(2)
    ]

    assert one == two


FORBIDDEN = [*(d * 8 for d in "0123456789"), "12345678", "23456789", "34567890", "45678901",
             "56789012", "67890123", "78901234", "89012345", "90123456", "01234567"]  # fmt: skip


@pytest.mark.parametrize("forbidden", [*FORBIDDEN, "00000042"])
def test_a_forbidden_code_is_never_drawn(monkeypatch: pytest.MonkeyPatch, forbidden: str) -> None:
    draws = iter([int(forbidden), int(forbidden), 48_203_917])
    monkeypatch.setattr(secrets, "randbelow", lambda _limit: next(draws))

    codigo = new_codigo(42)

    assert codigo == "48203917"


def test_codes_differ_from_their_number_and_have_eight_digits() -> None:
    codes = [new_codigo(n) for n in range(2000)]

    assert all(len(c) == 8 and c.isdigit() and int(c) != n for n, c in enumerate(codes))
    assert not set(codes) & set(FORBIDDEN)
    assert len(set(codes)) > 1990


def test_producao_wants_a_company_of_one_s_own() -> None:
    with pytest.raises(ConfiguracaoInvalida, match="demonstration"):
        EmissorLocal(Emitente(ambiente="producao"), zona="America/Sao_Paulo")

    own = EmissorLocal(
        Emitente(ambiente="producao", cnpj="12.ABC.345/01DE-35"), zona="America/Sao_Paulo"
    )

    assert own.cnpj == "12ABC34501DE35"


@pytest.mark.parametrize(
    "wrong", [{"cnpj": "11222333000180"}, {"uf": "XX"}, {"serie": 1000}, {"modelo": 57}]
)
def test_a_wrong_issuer_does_not_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Emitente.model_validate(wrong)
