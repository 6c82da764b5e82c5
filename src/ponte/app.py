"""App: the routes of every feature behind one edge.

Everything it serves was built before it: the app opens nothing, reads no
setting by itself and owns no task. The one rule: routes are listed flat and hot
ones first, since a request pays for each one it is held against.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from ponte import __version__
from ponte.acesso.portaria import Portaria
from ponte.context import Context
from ponte.edge import Edge
from ponte.openapi import describe

Layer = Callable[[ASGIApp, Context], ASGIApp]  # around every route that is not hot
Ready = Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]

FEATURES = (
    "ponte.pedidos.routes",
    "ponte.webhooks",
    "ponte.estoque.routes",
    "ponte.aovivo.routes",
    "ponte.alertas.routes_silencios",
    "ponte.alertas.routes",
    "ponte.mensagens.routes",
    "ponte.canais.routes_tiktok",
    "ponte.canais.routes_videos",
    "ponte.falhas.routes",
    "ponte.acesso.routes",
    "ponte.canais.routes",
    "ponte.canais.routes_instancias",
    "ponte.canais.routes_recepcao",
    "ponte.canais.routes_recuperar",
    "ponte.metricas.routes",
    "ponte.operacao",
    "ponte.console.routes",
    "ponte.console.erros",
    "ponte.console.documentacao",
)

# What a process without the web role tells of itself.
OPERATION = ("ponte.metricas.routes", "ponte.operacao")


class Front:
    """Goes to a hot route at once, and for all else to the router: 8 µs less for an order."""

    def __init__(self, hot: Iterable[BaseRoute], rest: ASGIApp) -> None:
        self._rest = rest
        self._hot = {
            (method, route.path): route
            for route in hot
            if isinstance(route, APIRoute) and not route.param_convertors
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            route = self._hot.get((scope["method"], scope["path"]))
            if route is not None:
                scope["route"] = route
                await route.app(scope, receive, send)
                return
        await self._rest(scope, receive, send)


class Ponte(FastAPI):
    """FastAPI whose only layer is the edge, which answers every error by itself."""

    def __init__(
        self,
        ctx: Context,
        hot: Sequence[BaseRoute],
        *,
        layers: Iterable[Layer] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.router.routes.extend(hot)
        rest: ASGIApp = AsyncExitStackMiddleware(self.router)
        for layer in layers:
            rest = layer(rest, ctx)
        self.edge = Edge(Front(hot, rest), ctx)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave out the framework's layers for errors, limits and telemetry: 10 µs a request."""
        scope["app"] = self
        await self.edge(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


async def _always() -> tuple[bool, dict[str, Any]]:
    return True, {}


def create_app(
    ctx: Context, *, ready: Ready = _always, features: Sequence[str] = FEATURES
) -> FastAPI:
    """Return the app over a built Context.

    Args:
        ctx: The inside.
        ready: Tells whether this process can take and do work, and each part's reason.
        features: The modules whose routes it serves.
    """
    modules = [import_module(name) for name in features]
    app = Ponte(
        ctx,
        [route for module in modules for route in getattr(module, "routes", ())],
        layers=[module.layer for module in modules if hasattr(module, "layer")],
        title="Ponte",
        version=__version__,
        summary="One integration hub for Brazilian retail.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.ctx = ctx
    app.state.portaria = Portaria(ctx)
    app.state.ready = ready
    for module in modules:
        router = getattr(module, "router", None)
        app.router.routes.extend(router.routes if router is not None else ())
    return app
