"""AsyncAPI: the WebSockets and the stream as a document, made from the catalogue and the actions.

It is derived, never written by hand, so a new fact or action is described the
day it exists. Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
import orjson
from pydantic.json_schema import models_json_schema

from ponte import __version__
from ponte.aovivo import topicos
from ponte.aovivo.acoes import ACOES
from ponte.events import CATALOGO
from ponte.ws import SALAS

_TEXT = {"type": "string"}
_SEQ = {"type": "integer", "minimum": 0}
_OBJECT: dict[str, Any] = {"type": "object"}
DE_TODOS = {"Autenticar", "Consultar", "Ping", "Retomar"}  # actions that /ws/estoque takes too
# Frames that are no facts: what each says, and the fields of its `dados`.
_QUADROS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "instantaneo": (
        "Everything as it stands at `seq`",
        {"itens": {"type": "array", "items": _OBJECT}},
    ),
    "ressincronizar": ("What the client has can't be continued", {"motivo": _TEXT}),
    "resumo": (
        "In place of the facts `desde` … `seq`, when a room has more than 50 a second",
        {
            "contagens": {"type": "object", "additionalProperties": _SEQ},
            "seq": _SEQ,
            "produtos": {"type": "array", "items": _OBJECT},
            "produtos_omitidos": _SEQ,
        },
    ),
    "resposta": ("The answer to the action with the same `ref`", {}),
    "erro": ("Why an action was refused", {"code": _TEXT, "detail": _TEXT, "errors": _OBJECT}),
    "pong": ("The answer to `ping`", {}),
}


PESSOAL = "mensagem_pessoal"  # a frame `mensagem` too, for one user alone


@cache
def documento() -> bytes:
    """Return the document, encoded once."""
    return orjson.dumps(_documento())


def _documento() -> dict[str, Any]:
    tipos = [classe.tipo for classe in CATALOGO.values() if classe.sala is not None]
    acoes = [classe.__name__ for classe in ACOES]
    canais = {
        "ws": _canal("/ws", [*tipos, *_QUADROS, PESSOAL], acoes),
        "wsEstoque": _canal(
            "/ws/estoque",
            [t for t in tipos if t.startswith("estoque.")] + list(_QUADROS),
            [nome for nome in acoes if nome in DE_TODOS],
        ),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Ponte", "version": __version__, "description": _description()},
        "defaultContentType": "application/json",
        "channels": canais | topicos.channels(),
        "operations": {
            f"{verbo}_{canal}": _operation(verbo, canal, list(canais[canal]["messages"]))
            for canal in canais
            for verbo in ("send", "receive")
        }
        | topicos.operations(),
        "components": {
            "messages": _messages() | topicos.messages(),
            "schemas": _schemas() | topicos.schemas(),
        },
    }


def _canal(address: str, tipos: list[str], acoes: list[str]) -> dict[str, Any]:
    nomes = [*map(topicos.name, tipos), *acoes]
    return {
        "address": address,
        "tags": [{"name": "websocket"}],
        "messages": {nome: {"$ref": topicos.MESSAGES + nome} for nome in nomes},
    }


def _description() -> str:
    salas = ", ".join(f"{nome} ({escopo})" for nome, escopo in SALAS.items())
    return (
        "Anonymous clients hear public facts. With a key: `autenticar`, then `assinar` any of "
        f"{salas}. To come back, give the `epoca` and the last `seq`: "
        "`?epoca=…&desde=SEQ` or `retomar`. "
        "Closes: 1012 restart, 1013 slow, 4401 key missing or revoked, 4403 no scope. "
        "Channels tagged `stream` are topics of the engine that PONTE_STREAM_URL names, where "
        "every fact is published, at least once, in the order of its commit for each key."
    )


def _operation(verbo: str, canal: str, nomes: list[str]) -> dict[str, Any]:
    acoes = {classe.__name__ for classe in ACOES}
    dela = [nome for nome in nomes if (nome in acoes) == (verbo == "receive")]
    messages = [{"$ref": f"#/channels/{canal}/messages/{nome}"} for nome in dela]
    return {"action": verbo, "channel": {"$ref": f"#/channels/{canal}"}, "messages": messages}


def _messages() -> dict[str, Any]:
    fatos = {
        topicos.name(tipo): {
            "title": tipo,
            "summary": topicos.first_line(classe),
            "payload": _frame(tipo, {"$ref": topicos.SCHEMAS + classe.__name__}),
        }
        for tipo, classe in CATALOGO.items()
    }
    outros = {
        topicos.name(tipo): {
            "title": tipo,
            "summary": texto,
            "payload": _frame(tipo, {"type": "object", "properties": dados}),
        }
        for tipo, (texto, dados) in _QUADROS.items()
    }
    pessoal = {
        PESSOAL: {
            "title": "mensagem",
            "summary": "A message for the user whose key the socket showed",
            "payload": _frame(
                "mensagem",
                {
                    "type": "object",
                    "required": ["id", "de", "para", "tipo", "texto", "conteudo"],
                    "properties": dict.fromkeys(("id", "de", "para", "tipo", "texto"), _TEXT),
                },
            ),
        }
    }
    acoes = {
        classe.__name__: {
            "summary": topicos.first_line(classe),
            "payload": {"$ref": topicos.SCHEMAS + classe.__name__},
        }
        for classe in ACOES
    }
    return fatos | outros | pessoal | acoes


def _frame(tipo: str, dados: Mapping[str, Any]) -> dict[str, Any]:
    campos = {"tipo": {"const": tipo}, "epoca": _TEXT, "seq": _SEQ, "em": _TEXT, "dados": dados}
    if tipo in CATALOGO:
        campos |= {"sala": _TEXT, "anterior": {"type": ["integer", "null"]}}
    elif tipo == "resumo":
        campos["desde"] = _SEQ
    elif tipo in {"resposta", "erro", "pong"}:
        campos["ref"] = {"type": ["string", "null"]}
    return {"type": "object", "required": ["tipo"], "properties": campos}


def _schemas() -> dict[str, Any]:
    _refs, fatos = msgspec.json.schema_components(
        list(CATALOGO.values()), ref_template=topicos.SCHEMAS + "{name}"
    )
    _map, acoes = models_json_schema(
        [(classe, "validation") for classe in ACOES], ref_template=topicos.SCHEMAS + "{model}"
    )
    return {**fatos, **acoes["$defs"]}
