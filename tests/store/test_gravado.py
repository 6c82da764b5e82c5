"""What an older version wrote is read today: facts in the database, prompts in a broker.

The files under `gravado` are recordings. A kind of fact that is new is added to them; a line
that is there is never changed, since databases in the field hold what it says.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ponte.brokers import kafka, rabbitmq, redis
from ponte.events import CATALOGO, FatoGravado, decode, encode
from ponte.ports import Prompt

LINES = (Path(__file__).parent / "gravado" / "fatos_0.1.ndjson").read_text("utf-8").splitlines()
GRAVADOS = [json.loads(line) for line in LINES]
NOVO = {"campo_novo": {"a": [1, None, "x"]}, "outro": 2**60}
PROMPT = b'{"fato_id":"01935e0a-0002-7000-8000-000000001001","entrega":7,"lane":"p-1001"}'


def test_every_kind_of_fact_is_recorded() -> None:
    assert {g["tipo"] for g in GRAVADOS} == CATALOGO.keys()


@pytest.mark.parametrize("gravado", GRAVADOS, ids=lambda g: str(g["tipo"]))
def test_a_fact_as_the_version_before_wrote_it_says_the_same(gravado: dict[str, Any]) -> None:
    dados = json.dumps(gravado["dados"], ensure_ascii=False)

    fato = decode(gravado["tipo"], dados)

    again = json.loads(encode(fato))
    assert {nome: again[nome] for nome in gravado["dados"]} == gravado["dados"]
    assert fato.lane()


@pytest.mark.parametrize("gravado", GRAVADOS, ids=lambda g: str(g["tipo"]))
def test_a_fact_of_the_version_after_is_read_without_what_it_added(gravado: dict[str, Any]) -> None:
    plain = decode(gravado["tipo"], json.dumps(gravado["dados"]))

    newer = decode(gravado["tipo"], json.dumps({**NOVO, **gravado["dados"], **NOVO}))

    assert newer == plain


@pytest.mark.parametrize("gravado", GRAVADOS, ids=lambda g: str(g["tipo"]))
def test_a_fact_that_lacks_what_it_must_have_is_refused(gravado: dict[str, Any]) -> None:
    first, *rest = gravado["dados"]
    without = {nome: gravado["dados"][nome] for nome in rest}

    with pytest.raises(msgspec.ValidationError, match=first):
        decode(gravado["tipo"], json.dumps(without))


def test_the_envelope_that_other_systems_read_has_its_recorded_names() -> None:
    fato = FatoGravado(9, "f-9", "webhook.recebido", "w-1", 1_732_449_600_000, b'{"a":1}', 3)

    assert fato.envelope() == {
        "specversion": "1.0",
        "id": "f-9",
        "source": "ponte",
        "type": "webhook.recebido",
        "subject": "w-1",
        "time": "2024-11-24T12:00:00.000Z",
        "datacontenttype": "application/json",
        "ponteversion": 1,
        "data": {"a": 1},
    }


@pytest.mark.parametrize("added", [b"", b',"novo":{"a":[1]}'], ids=["before", "after"])
def test_a_prompt_in_a_broker_is_read_from_both_neighbouring_versions(added: bytes) -> None:
    body = PROMPT[:-1] + added + b"}"
    fields = {b"entrega": b"7", b"fato_id": b"01935e0a-0002-7000-8000-000000001001",
              b"lane": b"p-1001", **({b"novo": b"x"} if added else {})}  # fmt: skip

    receipt: Any = ("recibo", 1)
    read = [
        rabbitmq._prompt("pedidos", body, receipt),
        kafka._prompt("pedidos", body, receipt),
        redis._prompt("pedidos", fields, b"1-1"),
    ]

    said = {(p.fila, p.entrega_id, p.fato_id, p.lane) for p in read}
    assert said == {("pedidos", 7, "01935e0a-0002-7000-8000-000000001001", "p-1001")}


def test_what_is_no_prompt_makes_a_worker_look_all_the_same() -> None:
    receipt: Any = ("recibo", 1)

    read = [
        rabbitmq._prompt("pedidos", b'{"de":"outra versao"}', receipt),
        kafka._prompt("pedidos", b"\x00nada", receipt),
        redis._prompt("pedidos", {}, b"1-1"),
    ]

    assert {type(p) for p in read} == {Prompt}
    assert {p.fila for p in read} == {"pedidos"}
