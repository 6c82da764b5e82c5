"""Routes that break as features never should, behind the real edge."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Request, Response

from ponte.deps import address, public
from ponte.errors import ArmazenamentoIndisponivel
from ponte.testing import Embedded, embedded

CANARY = "cpf 529.982.247-25 of /etc/passwd"
planted = APIRouter(dependencies=[public(limited=False)])


@planted.get("/planted/bug")
async def bug() -> None:
    raise ValueError(CANARY)


@planted.get("/planted/full")
async def full() -> None:
    raise ArmazenamentoIndisponivel("The database can't store now")


@planted.get("/planted/slow")
async def slow() -> str:
    await asyncio.sleep(0.4)
    return "late"


@planted.get("/planted/stuck")
async def stuck() -> None:
    await asyncio.sleep(30)


@planted.get("/planted/address")
async def who(request: Request) -> dict[str, str]:
    return {"address": address(request.scope), "scheme": request.url.scheme}


@planted.post("/planted/size")
async def size(request: Request) -> Response:
    return Response(str(len(await request.body())))


@planted.get("/planted/things/{thing}")
async def thing(thing: str) -> str:
    return thing


@planted.put("/planted/things/{thing}")
async def put_thing(thing: str) -> str:
    return thing


@pytest.fixture
async def porta(data_dir: Path) -> AsyncIterator[Embedded]:
    async with running(data_dir) as found:
        yield found


@contextlib.asynccontextmanager
async def running(data_dir: Path, **settings: Any) -> AsyncIterator[Embedded]:
    """Run a Ponte with the routes above, which break as features never should."""
    async with embedded(data_dir, papeis=(), **settings) as found:
        found.app.router.routes.extend(planted.routes)
        yield found


def problem(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() == {"type", "title", "status", "detail", "code", "errors", "id"}
    assert body["status"] == answer.status_code
    assert body["id"] == answer.headers["x-request-id"]
    assert body["type"] == f"urn:ponte:erro:{body['code']}"
    return answer.status_code, body["code"]
