"""Openapi: what the API says of itself, made from what its routes really do.

Scope, body and refusals come from the same marks that the routes run by, so the
document can't promise another thing. Bodies refuse unknown fields at run time,
and say so here.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from ponte.acesso.escopos import PUBLICO
from ponte.deps import Corpo, corpo_of, escopo_of
from ponte.errors import (
    ArmazenamentoIndisponivel,
    ConflitoDeEstado,
    CorpoGrande,
    DadosInvalidos,
    JsonInvalido,
    NaoAutenticado,
    NaoEncontrado,
    PonteError,
    SemEscopo,
)

_COMPONENTS = "#/components/schemas/"
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_PROBLEM = {
    "title": "Problema",
    "description": "RFC 9457. `code` is stable; `errors` names each wrong field.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "errors", "id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["campo", "mensagem"],
                "properties": {"campo": {"type": "string"}, "mensagem": {"type": "string"}},
            },
        },
        "id": {"type": "string", "description": "Of the request; the logs name it"},
    },
}
_SCHEMES = {
    "chave": {"type": "http", "scheme": "bearer", "description": "An API key"},
    "cabecalho": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Same key and body: same answer and one effect, for 7 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_TEXTS: dict[int, type[PonteError] | str] = {
    400: JsonInvalido,
    401: NaoAutenticado,
    403: SemEscopo,
    404: NaoEncontrado,
    409: ConflitoDeEstado,
    413: CorpoGrande,
    415: "The body says that it is not JSON",
    422: DadosInvalidos,
    429: "Too fast; Retry-After says when",
    503: ArmazenamentoIndisponivel,
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an app."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary=app.summary,
        description=app.description,
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    components["securitySchemes"] = _SCHEMES
    schemas["Problema"] = _PROBLEM
    for route in _documented(app):
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            _describe(operation, route, method)
            corpo = corpo_of(route)
            if corpo is not None:
                operation["requestBody"] = _request_body(corpo, schemas)
    # The framework's own shape of a 422, which no route of ours answers.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document


def _documented(app: FastAPI) -> Iterable[APIRoute]:
    return (r for r in app.routes if isinstance(r, APIRoute) and r.include_in_schema)


def _describe(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    escopo = escopo_of(route)
    if escopo != PUBLICO:
        operation["security"] = [{name: [escopo]} for name in _SCHEMES]
        operation["x-escopo"] = escopo
    if method == "POST" and escopo != PUBLICO:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY)
    found = _refusals(route, method, public=escopo == PUBLICO)
    if "422" in operation["responses"]:
        found.add(422)  # the framework saw parameters
    for status in sorted(found):
        text = _TEXTS[status]
        operation["responses"][str(status)] = {
            "description": text if isinstance(text, str) else _first_line(text),
            "content": {"application/problem+json": {"schema": {"$ref": f"{_COMPONENTS}Problema"}}},
        }


def _refusals(route: APIRoute, method: str, *, public: bool) -> set[int]:
    found = {429, 503} if public else {401, 403, 429, 503}
    if route.param_convertors:
        found |= {404, 422}  # U+0000 in a path is refused before any route
    if method in _WRITES:
        found |= {409, 413, 422}
    if corpo_of(route) is not None:
        found |= {400, 413, 415, 422}
    return found


def _first_line(error: type[PonteError]) -> str:
    return (error.__doc__ or error.code).partition("\n")[0]


def _request_body(corpo: Corpo, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = corpo.adapter.json_schema(ref_template=_COMPONENTS + "{model}", mode="validation")
    for name, definition in schema.pop("$defs", {}).items():
        schemas[name] = _closed(definition)
    name = schema.get("title")
    if name and schema.get("type") == "object":
        schemas[name] = _closed(schema)
        schema = {"$ref": _COMPONENTS + name}
    return {"required": corpo.required, "content": {"application/json": {"schema": schema}}}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema
