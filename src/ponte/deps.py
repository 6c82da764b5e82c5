"""Deps: what a route may ask for: the Context, the caller, the body, a page, one effect.

A route declares its scope with `require` (or `public`), reads its JSON with
`body`, and creates through `idempotent`; tests hold every route to that. The
commit happens inside the route, before the answer: FastAPI's `yield`
dependencies commit after it, when the client already has its 2xx.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Concatenate, TypeVar, cast

import orjson
from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from ponte.acesso.chaves import Chamador
from ponte.acesso.escopos import PUBLICO, known
from ponte.acesso.portaria import Portaria, presented
from ponte.context import Context
from ponte.corpo import TipoNaoSuportado, check_json, read_json
from ponte.errors import DadosInvalidos, PonteError, Problema
from ponte.listas import Pagina, Paginacao, PaginacaoSkip, listing, next_cursor
from ponte.store.db import Tx
from ponte.store.idempotency import MAX_CHAVE, Pedido, Resposta, find, fingerprint, remember

CALLER = "ponte.caller"
HEADERS = "ponte.headers"
JSON = "application/json"

T = TypeVar("T")
Creator = Callable[Concatenate[Tx, ...], Awaitable[Resposta]]

__all__ = [
    "Corpo",
    "Ctx",
    "Pagina",
    "Paginacao",
    "PaginacaoSkip",
    "Quem",
    "admit",
    "body",
    "caller",
    "check_json",
    "check_type",
    "context",
    "corpo_of",
    "escopo_of",
    "idempotency_key",
    "idempotent",
    "idempotent_by",
    "json_body",
    "json_response",
    "key_of",
    "listing",
    "next_cursor",
    "portaria",
    "public",
    "read_json",
    "require",
    "respond",
]


class ChaveEmUso(PonteError):
    """The first request with this Idempotency-Key has not answered yet; nothing was changed."""

    status = 409
    code = "chave_em_uso"
    retry = True
    retry_after_s = 1.0


# ---------------------------------------------------------------- the Context and the caller


def context(request: HTTPConnection) -> Context:
    """Return the Context, in a hot route or a WebSocket; other routes take `Ctx`."""
    return cast("Context", request.scope["app"].state.ctx)


def portaria(request: HTTPConnection) -> Portaria:
    """Return the door of this process."""
    return cast("Portaria", request.scope["app"].state.portaria)


async def _context(request: Request) -> Context:
    return context(request)


Ctx = Annotated[Context, Depends(_context)]


def headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the request's headers, lower-cased; the edge has them ready."""
    found: dict[bytes, bytes] | None = scope.get(HEADERS)
    if found is None:
        found = scope[HEADERS] = dict(scope["headers"])
    return found


def address(scope: Scope) -> str:
    """Return whom limits count: the address, or the /64 network of an IPv6 one.

    One customer line holds a whole /64, so that a single address there means nothing.
    """
    client = scope.get("client")
    host = str(client[0]) if client else ""
    if ":" not in host:
        return host
    try:
        return str(ipaddress.ip_network((host.partition("%")[0], 64), strict=False))
    except ValueError:
        return host


async def admit(scope: Scope, escopo: str) -> Chamador:
    """Let the caller in if its key holds the scope; raises as `Portaria.admit`."""
    door: Portaria = scope["app"].state.portaria
    chave = presented(headers(scope))
    chamador = door.admit_known(chave, escopo=escopo)
    if chamador is None:
        chamador = await door.admit(chave, endereco=address(scope), escopo=escopo)
    scope[CALLER] = chamador
    return chamador


def caller(request: HTTPConnection) -> Chamador | None:
    """Return who asks, once `require` or `public` let it in; None is anybody."""
    return cast("Chamador | None", request.scope.get(CALLER))


@cache
def require(escopo: str) -> Any:
    """Declare the scope a route needs: `dependencies=[require("pedidos:ler")]`.

    As a parameter it gives the caller: `quem: Annotated[Chamador, require("pedidos:ler")]`.
    """
    known(escopo)

    async def check(request: Request) -> Chamador:
        return await admit(request.scope, escopo)

    check.escopo = escopo  # type: ignore[attr-defined]
    return Depends(check)


@cache
def public(*, limited: bool = True, keyed: bool = True) -> Any:
    """Declare that a route needs no key; `limited=False` where each call proves itself.

    `keyed=False` where Authorization carries a platform's own proof, not a key of Ponte.
    """

    async def check(request: Request) -> Chamador | None:
        scope = request.scope
        scope[CALLER] = chamador = await portaria(request).admit_anyone(
            presented(headers(scope)) if keyed else None,
            endereco=address(scope),
            limited=limited,
        )
        return chamador

    check.escopo = PUBLICO  # type: ignore[attr-defined]
    return Depends(check)


async def _caller(request: Request) -> Chamador:
    return cast("Chamador", request.scope[CALLER])


Quem = Annotated[Chamador, Depends(_caller)]


def escopo_of(route: BaseRoute) -> str | None:
    """Return the scope that a route declares, `publico`, or None when it forgot to."""
    if isinstance(route, APIRoute):
        for dependant in route.dependant.dependencies:
            escopo = getattr(dependant.call, "escopo", None)
            if escopo is not None:
                return str(escopo)
    escopo = getattr(getattr(route, "endpoint", None), "escopo", None)
    return None if escopo is None else str(escopo)


# ---------------------------------------------------------------- the body


@cache
def adapter(tipo: Any) -> TypeAdapter[Any]:
    """Return the one adapter of a type; building it costs milliseconds."""
    return TypeAdapter(tipo)


async def json_body(request: Request, tipo: TypeAdapter[T], *, empty: bytes = b"") -> T:
    """Read the JSON body of a route; routes declare `body` instead.

    Args:
        request: The request.
        tipo: What the body must be.
        empty: What stands for an empty body, as `b"{}"`.

    Raises:
        TipoNaoSuportado: the body says it is something else.
        JsonInvalido: not JSON as Ponte reads it.
        DadosInvalidos: not of this shape.
    """
    check_type(request.scope)
    return read_json(await request.body() or empty, tipo)


def check_type(scope: Scope) -> None:
    """Refuse a body that says it is something else than JSON.

    Raises:
        TipoNaoSuportado: it says so.
    """
    kind = headers(scope).get(b"content-type")
    if kind is not None and kind != b"application/json" and not _is_json(kind):
        raise TipoNaoSuportado("application/json expected")


def _is_json(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or (
        kind.startswith(b"application/") and kind.endswith(b"+json")
    )


@cache
def body(tipo: Any, *, empty: bytes = b"") -> Any:
    """Declare a JSON body, read strictly, unknown fields refused, and true in OpenAPI.

    As in `corpo: Annotated[NovoPedido, body(NovoPedido)]`. `empty` stands for a
    missing body, as `b"{}"` where every field has a default.
    """
    known_type = adapter(tipo)

    async def read(request: Request) -> Any:
        return await json_body(request, known_type, empty=empty)

    read.corpo = Corpo(known_type, required=not empty)  # type: ignore[attr-defined]
    return Depends(read)


@dataclass(frozen=True, slots=True)
class Corpo:
    """What a route reads, for OpenAPI."""

    adapter: TypeAdapter[Any]
    required: bool


def corpo_of(route: APIRoute) -> Corpo | None:
    """Return the body that a route declares, or None."""
    marks = (getattr(d.call, "corpo", None) for d in route.dependant.dependencies)
    return next((corpo for corpo in marks if corpo is not None), None)


# ---------------------------------------------------------------- the answer


def json_response(value: Any, status: int = 200) -> Response:
    """Answer JSON, encoded once."""
    return Response(orjson.dumps(value), status, media_type=JSON)


def respond(resposta: Resposta) -> Response:
    """Turn a service's answer into HTTP, byte for byte."""
    location = {"location": resposta.local} if resposta.local else None
    return Response(resposta.corpo, resposta.status, location, media_type=JSON)


# ---------------------------------------------------------------- one effect

_CHAVE = re.compile(rb"[\x21-\x7e]{1,%d}\Z" % MAX_CHAVE)


def idempotency_key(request: Request, corpo: bytes) -> Pedido | None:
    """Return the request under its Idempotency-Key, or None when it has none.

    Raises:
        DadosInvalidos: the key is not 1 to 200 visible ASCII characters.
    """
    return key_of(request.scope, corpo)


def key_of(scope: Scope, corpo: bytes) -> Pedido | None:
    """Return the same of a request that was not wrapped."""
    chave = headers(scope).get(b"idempotency-key")
    if chave is None:
        return None
    if not _CHAVE.match(chave):
        raise DadosInvalidos(
            Problema("Idempotency-Key", f"1 to {MAX_CHAVE} visible ASCII characters expected")
        )
    chamador = scope.get(CALLER)
    where = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
    return Pedido(
        chamador.id if chamador else "", chave.decode(), fingerprint(scope["method"], where, corpo)
    )


async def idempotent(request: Request, service: Creator, *args: Any) -> Response:
    """Run a service that creates, once for each Idempotency-Key, and answer after the commit.

    The service takes `tx` and `args` and returns a `Resposta`. What it raises is
    not remembered: nothing happened, so the same key may try again.

    Raises:
        ChaveReutilizada: the key was used with another request.
        ChaveEmUso: the first request with this key is still running elsewhere.
    """
    return await idempotent_by(request, await request.body(), service, *args)


async def idempotent_by(request: Request, corpo: bytes, service: Creator, *args: Any) -> Response:
    """Do the same for a body that was not read whole: `corpo` stands for it."""
    pedido = idempotency_key(request, corpo)
    db = context(request).db
    if pedido is None:
        return respond(await db.transact(service, *args))
    return respond(await db.transact(_once, pedido, service, args))


async def _once(tx: Tx, pedido: Pedido, service: Creator, args: tuple[Any, ...]) -> Resposta:
    before = await find(tx, pedido)
    if before is not None:
        return before
    resposta = await service(tx, *args)
    if not await remember(tx, [(pedido, resposta)]):
        raise ChaveEmUso("The first request with this key has not answered yet")
    return resposta
