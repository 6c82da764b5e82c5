"""Corpo: bodies that other readers accept, or fall over, are refused with a reason."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, field_validator

from ponte.corpo import check_json, read_json
from ponte.errors import DadosInvalidos, JsonInvalido
from ponte.testing import Embedded

MIB = 1024 * 1024
DEEP = 100_000
BAD: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n",
    "text": b"itens",
    "cut short": b'{"itens": [',
    "two values": b"{} {}",
    "trailing comma": b'{"itens": [],}',
    "comment": b"{} // x",
    "single quotes": b"{'itens': []}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"itens": []}'.encode("utf-16"),
    "bad utf-8": b'{"observacao": "\xff\xfe"}',
    "overlong utf-8": b'{"observacao": "\xc0\xaf"}',
    "surrogate in utf-8": b'{"observacao": "\xed\xa0\x80"}',
    "lone surrogate": b'{"observacao": "\\ud800"}',
    "reversed surrogates": b'{"observacao": "\\udc00\\ud800"}',
    "NUL escaped": b'{"observacao": "a\\u0000b"}',
    "NUL in a key": b'{"a\\u0000b": 1}',
    "NUL raw": b'{"observacao": "a\x00b"}',
    "raw newline": b'{"observacao": "a\nb"}',
    "NaN": b'{"itens": NaN}',
    "Infinity": b'{"itens": [Infinity]}',
    "-Infinity": b'{"a": -Infinity}',
    "too big for a double": b'{"itens": 1e999}',
    "5,000 digits": b'{"itens": ' + b"1" * 5000 + b"}",
    "-5,000 digits": b'{"itens": -' + b"1" * 5000 + b"}",
    "5,000 digits and a point": b'{"itens": ' + b"1" * 5000 + b".5}",
    "beyond 64 bits": b'{"itens": 18446744073709551616}',
    "100 digits": b'{"itens": ' + b"1" * 100 + b"}",
    "leading zero": b'{"itens": 01}',
    "hexadecimal": b'{"itens": 0x1}',
    "duplicate key": b'{"itens": [], "itens": [{"produto_id": "X", "quantidade": 1}]}',
    "duplicate key with space": b'{"itens":[],"itens" :[]}',
    "duplicate key escaped": b'{"itens":[],"\\u0069tens":[]}',
    "duplicate key deep": b'{"cliente":{"nome":"a","nome":"b"},"itens":[]}',
    "duplicate key and a colon": b'{"a":1,"a" :2,"b":"x\\":"}',
    "33 deep": b"[" * 33 + b"]" * 33,
    "33 deep in objects": b'{"a":' * 33 + b"1" + b"}" * 33,
    "100,000 deep": b"[" * DEEP + b"]" * DEEP,
    "100,000 deep and open": b"[" * DEEP,
    "100,000 objects deep": b'{"a":' * DEEP,
}
GOOD: dict[str, bytes] = {
    "colons in strings": b'{"a": "12:00:00", "b": "x\\":y", "c": "\\" :"}',
    "same key in neighbours": b'[{"a":1},{"a":1}]',
    "space everywhere": b' { "a" \n:\t1 , "b":[ ] } ',
    "32 deep": b"[" * 32 + b"]" * 32,
    "surrogate pair": b'{"a": "\\ud83d\\ude00"}',
    "a backslash and u0000": b'{"a": "\\\\u0000"}',
    "64 bits": b'{"a": 9223372036854775807, "b": -9223372036854775808}',
    "a big double": b'{"a": 1e300}',
    "empty key": b'{"": 1}',
    "plain": b'"text"',
}


class Linha(BaseModel):
    sku: str
    quantidade: int


class Corpo(BaseModel):
    itens: list[Linha]
    nota: str | None = None

    @field_validator("nota")
    @classmethod
    def _short(cls, value: str | None) -> str | None:
        if value is not None and len(value) > 5:
            raise ValueError("five characters at most")
        return value


ADAPTER = TypeAdapter(Corpo)
WHOLE = "whole number expected"


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_body_that_readers_disagree_on_is_refused(body: bytes) -> None:
    with pytest.raises(JsonInvalido):
        check_json(body)


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_a_body_that_only_looks_strange_is_read(body: bytes) -> None:
    assert check_json(body) == json.loads(body)


async def test_the_api_refuses_each_of_them_and_stores_nothing(ponte: Embedded) -> None:
    paths = ("/pedido", "/alerts", "/chaves", "/estoque/ARROZ-5KG/ajustes")
    kinds: tuple[dict[str, str], ...] = ({"Content-Type": "application/json"}, {})

    verdicts = {
        (path, name): (await ponte.http.post(path, content=body, headers=headers)).status_code
        for path in paths
        for name, body in BAD.items()
        for headers in kinds
    }

    assert {k: v for k, v in verdicts.items() if v not in (400, 413, 422)} == {}
    for path in ("/pedidos", "/alerts", "/chaves"):
        assert (await ponte.get(path))["total"] == 0


async def test_one_byte_over_a_mebibyte_is_refused_before_it_is_read(ponte: Embedded) -> None:
    body = b'{"observacao": "' + b"x" * MIB + b'"}'

    answer = await ponte.http.post("/pedido", content=body)

    assert (answer.status_code, answer.json()["code"]) == (413, "corpo_grande")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
async def test_a_body_that_says_it_is_something_else_is_refused(ponte: Embedded, kind: str) -> None:
    answer = await ponte.http.post("/alerts", content=b"{}", headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["code"]) == (415, "tipo_nao_suportado")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("itens", "required")]),
        ({"itens": [], "x": 1}, [("x", "unknown field")]),
        ({"itens": [{"sku": "a", "quantidade": "1"}]}, [("itens.0.quantidade", WHOLE)]),
        ({"itens": [{"sku": "a", "quantidade": 1.0}]}, [("itens.0.quantidade", WHOLE)]),
        ({"itens": [{"sku": "a", "quantidade": True}]}, [("itens.0.quantidade", WHOLE)]),
        ({"itens": [{"sku": 1, "quantidade": 1, "y": 2}]},
         [("itens.0.sku", "text expected"), ("itens.0.y", "unknown field")]),
        ({"itens": {}, "nota": "longer"},
         [("itens", "list expected"), ("nota", "five characters at most")]),
        ([], [("corpo", "object expected")]),
        (None, [("corpo", "object expected")]),
    ],
)  # fmt: skip
def test_every_wrong_field_is_named_in_stable_words(
    body: Any, errors: list[tuple[str, str]]
) -> None:
    with pytest.raises(DadosInvalidos) as caught:
        read_json(json.dumps(body).encode(), ADAPTER)

    assert [(p.campo, p.mensagem) for p in caught.value.errors] == errors


def test_a_hundred_thousand_wrong_fields_are_counted_and_not_listed() -> None:
    body = json.dumps({"itens": [], **{f"x{n}": 1 for n in range(60_000)}}).encode()

    with pytest.raises(DadosInvalidos) as caught:
        read_json(body, ADAPTER)

    assert [p.mensagem for p in caught.value.errors] == ["60000 errors"]


def test_a_name_as_long_as_the_body_is_not_said_back() -> None:
    body = json.dumps({"itens": [], "x" * 100_000: 1}).encode()

    with pytest.raises(DadosInvalidos) as caught:
        read_json(body, ADAPTER)

    assert len(caught.value.errors[0].campo) == 200


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner),
    max_leaves=12,
)


@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_what_one_reader_writes_is_read_the_same(
    value: Any, ascii_: bool, indent: int | None
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_, indent=indent).encode()

    found = check_json(body)

    assert found == value


@given(texts, values, values)
def test_a_key_given_twice_never_passes(key: str, first: Any, second: Any) -> None:
    name = json.dumps(key)
    body = f"{{{name}: {json.dumps(first)}, {name} : {json.dumps(second)}}}".encode()

    with pytest.raises(JsonInvalido):
        check_json(body)
