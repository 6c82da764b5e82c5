"""Every route and every scope: what is not declared is not open, what is declared opens."""

from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, WebSocketRoute

from ponte.acesso import chaves
from ponte.acesso.escopos import ADMIN, ESCOPOS, PUBLICO
from ponte.app import FEATURES
from ponte.deps import escopo_of
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded

OPEN = {
    "GET /",
    "GET /estoque",
    "GET /estoque/{produto_id}",
    "GET /health/live",
    "GET /health/ready",
    "GET /webhooks/{conector}",
    "POST /webhooks/{conector}",
    "POST /webhooks/{conector}/{evento}",
    "WS /ws",
    "WS /ws/estoque",
    # What the API and its pages are made of; they hold no data.
    "GET /openapi.json",
    "GET /asyncapi.json",
    "GET /docs",
    "GET /static/{digest}/{path:path}",
}


def routes() -> list[BaseRoute]:
    found: list[BaseRoute] = []
    for module in map(import_module, FEATURES):
        found += getattr(module, "routes", ())
        found += module.router.routes if hasattr(module, "router") else ()
    return found


def names(route: BaseRoute) -> list[str]:
    if isinstance(route, WebSocketRoute):
        return [f"WS {route.path}"]
    assert isinstance(route, APIRoute), f"{route} tells nobody its scope"
    return [f"{method} {route.path}" for method in route.methods or ()]


CLOSED = [
    (method, route.path_format, str(escopo_of(route)))
    for route in routes()
    if isinstance(route, APIRoute) and escopo_of(route) != PUBLICO
    for method in sorted(route.methods or ())
]


def test_every_route_declares_a_scope_that_exists() -> None:
    declared = {name: escopo_of(route) for route in routes() for name in names(route)}

    assert len(declared) > 30
    assert {n: e for n, e in declared.items() if e not in (*ESCOPOS, PUBLICO)} == {}


def test_only_what_is_on_the_list_is_open_to_anybody() -> None:
    found = {name for route in routes() if escopo_of(route) == PUBLICO for name in names(route)}

    assert found == OPEN


def test_every_json_body_is_read_strictly() -> None:
    lax = [route.path for route in routes() if isinstance(route, APIRoute) and route.body_field]

    assert lax == []


def test_no_address_is_served_twice() -> None:
    found = [name for route in routes() for name in names(route)]

    assert sorted(set(found)) == sorted(found)


@pytest.fixture
async def porta(data_dir: Path) -> AsyncIterator[Embedded]:
    """A Ponte with a key for each scope: `key-` and the scope's name."""
    async with embedded(data_dir, papeis=(), rate_limit_key=10_000) as running:
        await running.ctx.db.transact(_make_keys)
        del running.http.headers["authorization"]
        yield running


async def test_a_route_opens_to_its_own_scope_alone(porta: Embedded) -> None:
    verdicts = {(method, path): await opened_by(porta, method, path) for method, path, _ in CLOSED}

    wrong = {(m, p): verdicts[m, p] for m, p, e in CLOSED if verdicts[m, p] != {e, ADMIN}}
    assert wrong == {}


async def opened_by(porta: Embedded, method: str, path: str) -> set[str]:
    """Try a route without a key and with each scope's; return what opened it."""
    address = path.replace("{", "").replace("}", "")
    found = set()
    for held in ("nobody", *ESCOPOS):
        headers = {} if held == "nobody" else {"X-API-Key": f"key-{held}"}
        answer = await porta.http.request(method, address, headers=headers)
        assert answer.status_code < 500, f"{method} {address}: {answer.text}"
        if answer.status_code not in (401, 403):
            found.add(held)
        elif held == "nobody":
            assert answer.status_code == 401, f"{method} {address}"
    return found


async def _make_keys(tx: Tx) -> None:
    for escopo in ESCOPOS:
        await chaves.create(tx, f"key-{escopo}", nome=escopo, escopos=[escopo])
