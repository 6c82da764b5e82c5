"""/asyncapi.json tells of the stream what leaves by it: each fact, its topic, key and headers."""

import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import httpx2
import jsonschema_rs
import msgspec
import orjson
import pytest

from ponte.aovivo.asyncapi import documento
from ponte.events import CATALOGO, Fato, FatoGravado, encode
from ponte.ports import Registro
from ponte.runtime.stream import registro
from tests.aovivo.servida import Servida

DOCUMENTO: dict[str, Any] = orjson.loads(documento())
# As brokers/ write the attributes of an envelope: Kafka and Redis, then RabbitMQ.
HEADERS = {"ce_": {}, "cloudEvents:": {"chave": "k"}}


def _value(kind: Any) -> Any:
    """Return some value of a field's type."""
    if get_origin(kind) in {Union, types.UnionType}:
        return _value(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind)
    if get_origin(kind) is list:
        return [_value(get_args(kind)[0])]
    return {} if get_origin(kind) is dict else kind(1)


def _struct(classe: type[Any]) -> Any:
    hints = get_type_hints(classe)
    return classe(**{f.name: _value(hints[f.name]) for f in msgspec.structs.fields(classe)})


def _published(tipo: str) -> Registro:
    fato: Fato = _struct(CATALOGO[tipo])
    if hasattr(fato, "tipo_mensagem"):
        fato = msgspec.structs.replace(fato, tipo_mensagem="imagem")
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    gravado = FatoGravado(1, "0193", tipo, fato.lane(), 0, encode(fato), traceparent=trace)
    return registro(gravado)


def _channel(topic: str) -> tuple[str, Mapping[str, Any]]:
    """Return the one channel of the stream that a topic is an instance of."""
    found = [
        (name, channel)
        for name, channel in DOCUMENTO["channels"].items()
        if channel["tags"] == [{"name": "stream"}] and _is_of(topic, channel)
    ]
    assert len(found) == 1, topic
    return found[0]


def _is_of(topic: str, channel: Mapping[str, Any]) -> bool:
    tipos = channel.get("parameters", {}).get("tipo", {}).get("enum", [])
    return topic in {channel["address"], *(channel["address"].format(tipo=t) for t in tipos)}


def _holds(ref: str, value: Any) -> bool:
    return jsonschema_rs.is_valid({**DOCUMENTO, "$ref": ref}, value)


def _refs(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        found = part.get("$ref")
        if isinstance(found, str):
            yield found
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _refs(inner)


@pytest.mark.parametrize("tipo", CATALOGO)
def test_every_fact_is_described_on_its_topic_as_it_is_published(tipo: str) -> None:
    sent = _published(tipo)

    name, channel = _channel(sent.topico)
    [ref] = [m["$ref"] for key, m in channel["messages"].items()
             if key == f"fato_{tipo.replace('.', '_')}"]  # fmt: skip
    message = DOCUMENTO["components"]["messages"][ref.rpartition("/")[2]]
    envelope = orjson.loads(sent.envelope)

    assert message["name"] == tipo
    assert message["bindings"]["kafka"]["key"]["type"] == "string"
    assert sent.chave == envelope["subject"]
    assert _holds(f"{ref}/payload", envelope)
    assert not _holds(f"{ref}/payload", {**envelope, "type": "outro"})
    assert not _holds(f"{ref}/payload", {**envelope, "data": None})
    for prefix, beside in HEADERS.items():
        headers = {f"{prefix}{n}": v for n, v in sent.atributos.items()} | beside
        assert _holds(f"{ref}/headers", headers)
        headers.pop(f"{prefix}id")
        assert not _holds(f"{ref}/headers", headers)
    operation = DOCUMENTO["operations"][f"send_{name}"]
    assert operation["action"] == "send"
    assert {m["$ref"].rpartition("/")[2] for m in operation["messages"]} == set(channel["messages"])


def test_a_topic_holds_no_fact_that_is_not_published_there() -> None:
    described = {
        name: set(channel["messages"])
        for name, channel in DOCUMENTO["channels"].items()
        if channel["tags"] == [{"name": "stream"}]
    }

    published: dict[str, set[str]] = {}
    for tipo in CATALOGO:
        name, _ = _channel(_published(tipo).topico)
        published.setdefault(name, set()).add(f"fato_{tipo.replace('.', '_')}")

    assert described == published


async def test_the_document_that_is_served_names_nothing_that_is_not_in_it(ponte: Servida) -> None:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{ponte.port}") as ninguem:
        served = (await ninguem.get("/asyncapi.json")).json()

    missing = []
    for ref in set(_refs(served)):
        part = served
        for step in ref.removeprefix("#/").split("/"):
            part = part.get(step, {})
        if not part:
            missing.append(ref)
    assert served == DOCUMENTO
    assert missing == []
