"""Hot: a route of raw ASGI for what a shop does all day, with the same rules as any other.

FastAPI's solver and Starlette's request and answer cost an order as much as its
validation. The one rule: a hot route is still declared, scope, body and answers,
so that its documentation and the tests that hold every route see it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from ponte.context import Context
from ponte.corpo import read_json
from ponte.deps import admit, check_type, key_of, require
from ponte.store.idempotency import Pedido, Resposta

T = TypeVar("T")
_JSON = (b"content-type", b"application/json")


class Chamada(msgspec.Struct):
    """One request that was let in, with its whole body."""

    ctx: Context
    scope: Scope
    corpo: bytes

    def json(self, tipo: TypeAdapter[T]) -> T:
        """Return the body as `tipo`; raises as `deps.json_body`."""
        check_type(self.scope)
        return read_json(self.corpo, tipo)

    def idempotency_key(self) -> Pedido | None:
        """Return the request under its Idempotency-Key; raises as `deps.idempotency_key`."""
        return key_of(self.scope, self.corpo)


def hot(
    method: str,
    path: str,
    endpoint: Callable[[Chamada], Awaitable[Resposta]],
    *,
    escopo: str,
    **doc: Any,
) -> APIRoute:
    """Return a route that goes from the edge to `endpoint` at once.

    Put it in the feature's `routes`, which go before all others. The scope is
    checked before the body is read. `doc` is what `APIRoute` takes: `status_code`,
    `response_model`, `tags`, `dependencies=[body(Model)]` (for the documentation;
    the endpoint reads it by `Chamada.json`), `openapi_extra` for query parameters.
    """

    async def documented() -> None: ...

    documented.__name__, documented.__doc__ = endpoint.__name__, endpoint.__doc__
    dependencies = [require(escopo), *doc.pop("dependencies", ())]
    route = APIRoute(path, documented, methods=[method], dependencies=dependencies, **doc)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await admit(scope, escopo)
        chamada = Chamada(scope["app"].state.ctx, scope, await _body(receive))
        await _answer(await endpoint(chamada), send)

    route.app = app
    return route


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return body


async def _answer(resposta: Resposta, send: Send) -> None:
    headers = [_JSON, (b"content-length", b"%d" % len(resposta.corpo))]
    if resposta.local is not None:
        headers.append((b"location", resposta.local.encode("latin-1")))
    await send({"type": "http.response.start", "status": resposta.status, "headers": headers})
    await send({"type": "http.response.body", "body": resposta.corpo})
