"""Values: documents, phones, money and times as their published vectors have them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ponte.domain.valores import (
    MAX_CENTAVOS,
    centavos_from_decimal,
    format_centavos,
    format_time,
    is_cnpj,
    is_cpf,
    mod11,
    new_id,
    parse_centavos,
    parse_documento,
    parse_telefone,
    parse_time,
)

VETORES = Path(__file__).parent / "vetores"
calm = settings(deadline=None, derandomize=True, database=None)


def _vectors(nome: str) -> Any:
    return json.loads((VETORES / f"{nome}.json").read_text(encoding="utf-8"))


DOCUMENTS = _vectors("documents")


# ---------------------------------------------------------------- documents


@pytest.mark.parametrize("vector", DOCUMENTS["cpf"], ids=lambda v: repr(v["input"]))
def test_a_cpf_is_what_its_vector_says(vector: dict[str, Any]) -> None:
    if vector["valid"]:
        assert parse_documento(vector["input"]) == vector["digits"]
    else:
        with pytest.raises(ValueError, match="CPF"):
            parse_documento(vector["input"])


@pytest.mark.parametrize("vector", DOCUMENTS["cnpj"], ids=lambda v: repr(v["input"]))
def test_a_cnpj_is_what_its_vector_says(vector: dict[str, Any]) -> None:
    if vector["valid"]:
        assert parse_documento(vector["input"]) == vector["normalised"]
    else:
        with pytest.raises(ValueError, match="CNPJ"):
            parse_documento(vector["input"])


@pytest.mark.parametrize("cnpj", ["ABCDEFGH000195", "A1B2C3D4E5F668", "12ABC34501DE35"])
def test_a_cnpj_may_hold_letters(cnpj: str) -> None:
    assert is_cnpj(cnpj)


@pytest.mark.parametrize("vector", DOCUMENTS["access_key"], ids=lambda v: v["input"])
def test_the_check_digit_of_a_nota_s_key(vector: dict[str, Any]) -> None:
    key = vector["input"]

    holds = len(key) == 44 and key == key.upper() and mod11(key[:-1]) == int(key[-1])

    assert holds == vector["valid"]


@calm
@given(st.integers(0, 10**9 - 1))
def test_a_cpf_with_one_digit_changed_is_none(base: int) -> None:
    nine = f"{base:09d}"
    valid = [f"{nine}{tail:02d}" for tail in range(100) if is_cpf(f"{nine}{tail:02d}")]

    assert len(valid) == (0 if nine == nine[0] * 9 else 1)


@pytest.mark.parametrize("zero", [0x0660, 0xFF10])  # Arabic-Indic, full width
def test_digits_of_other_scripts_are_no_document(zero: int) -> None:
    texto = "52998224725".translate({ord("0") + n: zero + n for n in range(10)})

    with pytest.raises(ValueError, match="CPF"):
        parse_documento(texto)


# ---------------------------------------------------------------- phones


@pytest.mark.parametrize("vector", _vectors("phones"), ids=lambda v: v["input"])
def test_a_phone_is_what_its_vector_says(vector: dict[str, Any]) -> None:
    if vector["expected"] is None:
        with pytest.raises(ValueError, match="phone"):
            parse_telefone(vector["input"])
    else:
        assert parse_telefone(vector["input"]) == vector["expected"]["e164"]


@pytest.mark.parametrize("texto", ["", "+", "abc", "@", "+55", "0" * 30])
def test_what_is_no_phone_is_refused(texto: str) -> None:
    with pytest.raises(ValueError, match="phone"):
        parse_telefone(texto)


def test_a_phone_of_another_country_stays_there() -> None:
    assert parse_telefone("+1 (202) 555-0143") == "+12025550143"


# ---------------------------------------------------------------- money


@calm
@given(st.integers(0, MAX_CENTAVOS - 1))
def test_money_comes_back_from_the_wire_as_it_was(centavos: int) -> None:
    assert parse_centavos(format_centavos(centavos)) == centavos


@calm
@given(st.integers(-MAX_CENTAVOS, MAX_CENTAVOS))
def test_money_is_text_of_two_places(centavos: int) -> None:
    assert Decimal(format_centavos(centavos)) * 100 == centavos
    assert len(format_centavos(centavos).partition(".")[2]) == 2


@pytest.mark.parametrize(
    "texto",
    [
        "",
        ".5",
        "5.",
        "1.999",
        "-1",
        "+1",
        "1e3",
        "NaN",
        "inf",
        " 1",
        "1\n",
        "1,00",
        "٣.00",
        "1" * 12,
    ],
)
def test_what_is_no_price_is_refused(texto: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        parse_centavos(texto)


@pytest.mark.parametrize("vector", _vectors("money")["round_half_up_cents"])
def test_an_amount_is_rounded_half_up(vector: dict[str, str]) -> None:
    assert format_centavos(centavos_from_decimal(Decimal(vector["value"]))) == vector["cents"]


@pytest.mark.parametrize(
    "valor", ["NaN", "sNaN", "Infinity", "-Infinity", "1e400", "1e12", "-1e12"]
)
def test_an_amount_beyond_all_money_is_refused(valor: str) -> None:
    with pytest.raises(ValueError, match=r"range|NaN"):
        centavos_from_decimal(Decimal(valor))


# ---------------------------------------------------------------- times and ids


@calm
@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_a_time_comes_back_from_the_wire_as_it_was(ms: int) -> None:
    assert parse_time(format_time(ms)) == ms


@calm
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - given its zone below
    st.sampled_from(["America/Sao_Paulo", "America/Rio_Branco", "UTC", "Asia/Kathmandu"]),
)
def test_an_instant_is_the_same_whatever_zone_tells_it(naive: datetime, zona: str) -> None:
    local = naive.replace(tzinfo=ZoneInfo(zona), microsecond=naive.microsecond // 1000 * 1000)

    assert parse_time(local.isoformat()) == parse_time(local.astimezone(UTC).isoformat())


@pytest.mark.parametrize("vector", _vectors("timezone"), ids=lambda v: f"{v['local']} {v['zone']}")
def test_the_shops_zones_are_those_of_the_law(vector: dict[str, str]) -> None:
    local = datetime.fromisoformat(vector["local"]).replace(tzinfo=ZoneInfo(vector["zone"]))

    assert parse_time(local.isoformat()) == parse_time(vector["utc"])


@pytest.mark.parametrize(
    "texto", ["", "ontem", "2026-11-24", "2026-11-24T12:00:00", "2026-13-01T00:00:00Z"]
)
def test_a_time_that_is_not_certain_is_refused(texto: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(texto)


def test_ids_are_uuids_of_version_7_that_rise() -> None:
    ids = [new_id() for _ in range(5000)]

    assert ids == sorted(set(ids))
    assert {UUID(i).version for i in ids} == {7}
    assert {UUID(i).variant for i in ids} == {"specified in RFC 4122"}
