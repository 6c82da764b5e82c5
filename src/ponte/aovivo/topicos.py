"""Topicos: the stream for other systems, as AsyncAPI describes it.

One channel a topic, one message a fact, each the CloudEvents envelope that is
published in earnest. Sources: https://www.asyncapi.com/docs/reference/specification/v3.0.0
and https://github.com/cloudevents/spec, version 1.0.2 with its bindings to Kafka and AMQP.
"""

from typing import Any

from ponte.domain.mensagem import TipoMensagem
from ponte.events import CATALOGO, MENSAGENS, SOURCE, topico

SCHEMAS = "#/components/schemas/"
MESSAGES = "#/components/messages/"
ENVELOPE = "fato_"  # what precedes the name of a fact where its envelope is meant, not its frame
CABECALHOS = "CabecalhosCloudEvents"
# How each engine carries the attributes of CloudEvents, which all are texts there.
_PREFIXOS = ("ce_", "cloudEvents:")
_CHAVE = "The key: facts of one are in order. It is the `subject` of the envelope"
_TEXT: dict[str, Any] = {"type": "string"}
_AMQP = {"is": "routingKey", "exchange": {"name": "ponte.fatos", "type": "topic", "durable": True}}


def channels() -> dict[str, Any]:
    """Return a channel for each topic, with the messages that it carries."""
    return {_channel(topic): _of_topic(topic, tipos) for topic, tipos in _topics().items()}


def operations() -> dict[str, Any]:
    """Return what Ponte does there: it only sends."""
    return {
        f"send_{_channel(topic)}": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{_channel(topic)}"},
            "messages": [
                {"$ref": f"#/channels/{_channel(topic)}/messages/{ENVELOPE}{name(tipo)}"}
                for tipo in tipos
            ],
        }
        for topic, tipos in _topics().items()
    }


def messages() -> dict[str, Any]:
    """Return the envelope of each fact."""
    return {
        f"{ENVELOPE}{name(tipo)}": {
            "name": tipo,
            "title": tipo,
            "summary": first_line(classe),
            "contentType": "application/cloudevents+json",
            "headers": {"$ref": SCHEMAS + CABECALHOS},
            "correlationId": {"location": "$message.payload#/id", "description": "Tells repeats"},
            "payload": _envelope(tipo, classe.__name__),
            "bindings": {"kafka": {"key": {**_TEXT, "description": _CHAVE}}},
        }
        for tipo, classe in CATALOGO.items()
    }


def schemas() -> dict[str, Any]:
    """Return what stands in the headers of every message."""
    return {CABECALHOS: {"type": "object", "anyOf": [_headers(prefix) for prefix in _PREFIXOS]}}


def name(tipo: str) -> str:
    """Return a name without dots, which a channel's map of messages can hold."""
    return tipo.replace(".", "_")


def first_line(classe: type) -> str:
    """Return what a class says of itself in one line."""
    return (classe.__doc__ or "").partition("\n")[0]


def _topics() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tipo in CATALOGO:
        found.setdefault(topico(tipo), []).append(tipo)
    return found


def _channel(topic: str) -> str:
    return f"stream_{topic.partition('.')[0]}"


def _of_topic(topic: str, tipos: list[str]) -> dict[str, Any]:
    found = {
        "address": topic,
        "description": f"Kafka: the topic. RabbitMQ: a routing key of the exchange `ponte.fatos`. "
        f"Redis: the stream `ponte:stream:{topic}`, fields `envelope`, `chave` and `ce_…`.",
        "tags": [{"name": "stream"}],
        "messages": {
            f"{ENVELOPE}{name(t)}": {"$ref": f"{MESSAGES}{ENVELOPE}{name(t)}"} for t in tipos
        },
        "bindings": {"kafka": {"topic": topic}, "amqp": _AMQP},
    }
    if topic == MENSAGENS:
        # A binding holds no parameter: the address says it.
        found["bindings"] = {"amqp": _AMQP}
        found["parameters"] = {"tipo": {"enum": [tipo.value for tipo in TipoMensagem]}}
    return found


def _envelope(tipo: str, classe: str) -> dict[str, Any]:
    campos = {
        "specversion": {"const": "1.0"},
        "id": {**_TEXT, "description": "The fact's id; whoever saw it before sees a repeat"},
        "source": {"const": SOURCE},
        "type": {"const": tipo},
        "subject": {**_TEXT, "description": "What it is about; the key of the message"},
        "time": {**_TEXT, "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "ponteversion": {"const": 1},
        "data": {"$ref": SCHEMAS + classe},
    }
    return {"type": "object", "required": list(campos), "properties": campos | _trace("")}


def _headers(prefix: str) -> dict[str, Any]:
    nomes = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype",
             "ponteversion")  # fmt: skip
    own = {} if prefix == "ce_" else {"chave": {**_TEXT, "description": _CHAVE}}
    campos = {prefix + nome: _TEXT for nome in nomes} | own
    return {"type": "object", "required": list(campos), "properties": campos | _trace(prefix)}


def _trace(prefix: str) -> dict[str, Any]:
    text = "The trace of what caused the fact, where one is kept (W3C Trace Context)"
    return {f"{prefix}traceparent": {**_TEXT, "description": text}}
