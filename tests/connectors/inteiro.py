"""A whole Ponte and a stand-in that talk to each other: its events go in by Ponte's own door."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ponte.simulators.servidor import Servidor
from ponte.testing import Embedded, embedded

KEPT = (
    "content-type",
    "x-hub-signature-256",
    "x-twitter-webhooks-signature",
    "x-telegram-bot-api-secret-token",
)


class StandIn(Protocol):
    """What is asked of a stand-in here."""

    webhook_url: str

    async def start(self) -> str: ...

    def env(self, url: str) -> dict[str, str]: ...


@contextlib.asynccontextmanager
async def whole(simulador: StandIn, data_dir: Path, *, nome: str) -> AsyncIterator[Embedded]:
    """Run Ponte with a stand-in whose webhooks reach the connector of that name."""
    env = simulador.env(await simulador.start())
    async with embedded(data_dir, env=env) as running:

        async def hand_on(request: Request) -> Response:
            answer = await running.http.request(
                request.method,
                f"/webhooks/{nome}",
                params=dict(request.query_params),
                content=await request.body(),
                headers={k: v for k, v in request.headers.items() if k in KEPT},
            )
            return Response(answer.content, answer.status_code)

        porta = Servidor(Starlette(routes=[Route("/", hand_on, methods=["GET", "POST"])]))
        simulador.webhook_url = await porta.start("127.0.0.1", 0)
        yield running
        await porta.stop()


async def stored(ponte: Embedded, **expected: Any) -> dict[str, Any]:
    """Wait for the one message that has these values."""
    async with asyncio.timeout(30):
        while True:
            itens = (await ponte.get("/messages"))["itens"]
            found = [x for x in itens if all(x[k] == v for k, v in expected.items())]
            if found:
                [one] = found
                return dict(one)
            await asyncio.sleep(0.05)
