"""App: the routes of every feature behind one edge.

Everything it serves was built before it: the app opens nothing, reads no
setting by itself and owns no task. The one rule: routes are listed flat and hot
ones first, since a request pays for each one it is held against.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.types import ASGIApp

from ponte import __version__
from ponte.acesso.portaria import Portaria
from ponte.context import Context
from ponte.edge import Edge
from ponte.openapi import describe

Ready = Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]

FEATURES = (
    "ponte.pedidos.routes",
    "ponte.webhooks",
    "ponte.estoque.routes",
    "ponte.aovivo.routes",
    "ponte.alertas.routes",
    "ponte.falhas.routes",
    "ponte.acesso.routes",
    "ponte.operacao",
    "ponte.console.routes",
    "ponte.console.documentacao",
)


class Ponte(FastAPI):
    """FastAPI whose only layer is the edge, which answers every error by itself."""

    def __init__(self, ctx: Context, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ctx = ctx

    def build_middleware_stack(self) -> ASGIApp:
        """Leave out the framework's layers for errors and body limits: 6 µs a request."""
        return Edge(AsyncExitStackMiddleware(self.router), self.ctx)

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


async def _always() -> tuple[bool, dict[str, Any]]:
    return True, {}


def create_app(ctx: Context, *, ready: Ready = _always) -> FastAPI:
    """Return the app over a built Context.

    Args:
        ctx: The inside.
        ready: Tells whether this process can take and do work, and each part's reason.
    """
    app = Ponte(
        ctx,
        title="Ponte",
        version=__version__,
        summary="One integration hub for Brazilian retail.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.ctx = ctx
    app.state.portaria = Portaria(ctx)
    app.state.ready = ready
    modules = [import_module(name) for name in FEATURES if find_spec(name)]
    for module in modules:
        app.router.routes.extend(getattr(module, "routes", ()))
    for module in modules:
        router = getattr(module, "router", None)
        app.router.routes.extend(router.routes if router is not None else ())
    return app
