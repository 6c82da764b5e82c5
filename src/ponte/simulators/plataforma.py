"""Plataforma: what every stand-in of a messaging platform does alike.

It serves the platform's API on loopback, posts webhooks as the platform would, keeps
what it was told, and misbehaves: by order, one fault at a time (`Comportamento`), or at
random from a seed (`Caos`). A stand-in adds its routes, its errors and its signature.

    POST   /_simulador/comportamento {"modo": "429", "vezes": 2, "onde": "send", "segundos": 1}
    GET    /_simulador/caos
    PUT    /_simulador/caos {"nivel": "medio", "semente": 7, "falhas": ["5xx", "duplicate"]}
    DELETE /_simulador/caos
    GET    /_simulador/mensagens
    DELETE /_simulador/mensagens
"""

import argparse
import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ponte.simulators.caos import Caos, of_order
from ponte.simulators.comportamento import ENTREGAS, RESPOSTAS, Comportamento, Defeito
from ponte.simulators.servidor import Servidor

__all__ = ["Caos", "Entrega", "Perdida", "Plataforma", "by_hand"]

KEPT = 10_000  # chosen: messages and calls kept, the oldest go first
DELIVERY_TIMEOUT_S = 30.0  # Evolution waits so long for an answer; the others less
RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class Entrega:
    """One webhook that was posted: where, what, each answer that came (None: none), and when."""

    url: str
    corpo: bytes
    respostas: list[int | None] = field(default_factory=list)
    em_s: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Perdida:
    """An answer that never came to a call that had its effect: of which call, what, and when."""

    onde: str
    corpo: bytes
    em_s: float = field(default_factory=time.time)


class Plataforma:
    """One platform with one account, seen from Ponte.

    A subclass gives `routes()`, answers each with what `faulty` lets through, and posts
    with `post`. `webhook_url` is where its events go; empty means nowhere. `url` is its own
    address, once it serves.
    """

    def __init__(self, *, webhook_url: str = "", caos: Caos | None = None) -> None:
        self.webhook_url = webhook_url.rstrip("/")
        self.url = ""
        self.comportamento = Comportamento()
        self.caos = caos or Caos()
        self.mensagens: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self.chamadas: deque[str] = deque(maxlen=KEPT)
        self.entregas: deque[Entrega] = deque(maxlen=KEPT)
        self.perdidas: deque[Perdida] = deque(maxlen=KEPT)
        self._held: list[tuple[str, bytes, Mapping[str, str]]] = []
        self._over = asyncio.Event()
        self._client: httpx2.AsyncClient | None = None
        self.app = Starlette(routes=[*self._steering(), *self.routes()])
        self._servidor = Servidor(self.app)

    # ------------------------------------------------------------ what a platform adds

    def routes(self) -> Sequence[Route]:
        """Return the platform's own routes."""
        raise NotImplementedError

    def env(self, url: str) -> Mapping[str, str]:
        """Return the settings of a Ponte that talks to it at this address."""
        raise NotImplementedError

    def error(self, modo: str, defeito: Defeito) -> Response:
        """Return the platform's own answer for "429", "5xx" and "token"."""
        raise NotImplementedError

    def headers(self, corpo: bytes) -> Mapping[str, str]:
        """Return the headers by which Ponte knows that this body is the platform's."""
        raise NotImplementedError

    # ------------------------------------------------------------ serving

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen and return the base URL; port 0 takes a free one."""
        self._over.clear()
        self.url = await self._servidor.start(host, port)
        return self.url

    def aim(self, url: str) -> None:
        """Let what happens here be told at this address."""
        self.webhook_url = url.rstrip("/")

    async def stop(self) -> None:
        """Stop listening; whoever waits for a mute answer is let go."""
        self._over.set()
        await self._servidor.stop()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def faulty(self, onde: str, answer: Callable[[], Awaitable[Response]]) -> Response:
        """Answer a call, unless a fault hits it; `onde` names the call in orders of faults.

        A mute call keeps nothing; one of `5xx`, `429`, `token` and `html` neither. One that
        is `lost` has its effect, and its answer never comes; `perdidas` keeps that answer.
        """
        self.chamadas.append(onde)
        defeito = self.comportamento.use(RESPOSTAS, onde) or self.caos.draw(RESPOSTAS)
        if defeito is None:
            return await answer()
        if defeito.modo == "lost":
            given = await answer()
            self.perdidas.append(Perdida(onde, bytes(given.body)))
            if given.background is not None:
                await given.background()
        if defeito.modo in {"mute", "lost"}:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), defeito.segundos)
            return Response(status_code=504)
        if defeito.modo == "html":
            return HTMLResponse("<!doctype html><html><body>502 Bad Gateway</body></html>")
        return self.error(defeito.modo, defeito)

    def misbehave(
        self, modo: str, vezes: int = 1, *, onde: str = "", segundos: float = 1.0
    ) -> None:
        """Order a fault; "normal" forgets all. Raises `ValueError` when there is no such fault."""
        self.comportamento.add(Defeito(modo, vezes=vezes, onde=onde, segundos=segundos))

    # ------------------------------------------------------------ posting

    async def post(
        self, corpo: bytes, *, onde: str = "webhook", headers: Mapping[str, str] | None = None
    ) -> None:
        """Post one body to Ponte as the platform would, with the faults that hit it."""
        if not self.webhook_url:
            return
        signed = self.headers(corpo) if headers is None else headers
        defeito = self.comportamento.use(ENTREGAS, onde) or self.caos.draw(ENTREGAS)
        modo = "" if defeito is None else defeito.modo
        if modo == "drop":
            return
        if modo == "reorder":  # goes out after the next one
            self._held.append((self.webhook_url, corpo, signed))
            return
        if defeito is not None and modo == "delay":
            await asyncio.sleep(defeito.segundos)
        await self._deliver(self.webhook_url, corpo, signed)
        if modo == "duplicate":
            await self._deliver(self.webhook_url, corpo, signed)
        await self.release()

    async def release(self) -> None:
        """Post what was held back to come out of order."""
        held, self._held = self._held, []
        for url, corpo, headers in held:
            await self._deliver(url, corpo, headers)

    async def _deliver(self, url: str, corpo: bytes, headers: Mapping[str, str]) -> None:
        """Post until it is answered for good: every platform tries again on 5xx."""
        entrega = Entrega(url, corpo)
        self.entregas.append(entrega)
        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=DELIVERY_TIMEOUT_S, trust_env=False)
        for wait_s in (0.1, 0.5, 2.0, None):  # chosen: a stand-in is less patient than the real
            status = await self._once(url, corpo, headers)
            entrega.respostas.append(status)
            if (status is not None and status not in RETRY_STATUSES) or wait_s is None:
                return
            await asyncio.sleep(wait_s)

    async def _once(self, url: str, corpo: bytes, headers: Mapping[str, str]) -> int | None:
        client = self._client
        if client is None:
            return None
        try:
            answer = await client.post(
                url, content=corpo, headers={"Content-Type": "application/json", **headers}
            )
        except httpx2.TransportError:
            return None
        return answer.status_code

    # ------------------------------------------------------------ steering

    def _steering(self) -> Sequence[Route]:
        return (
            Route("/_simulador/comportamento", self._order, methods=["POST"]),
            Route("/_simulador/caos", self._stir, methods=["GET", "PUT", "DELETE"]),
            Route("/_simulador/mensagens", self._kept, methods=["GET", "DELETE"]),
        )

    async def _order(self, request: Request) -> Response:
        try:
            self.comportamento.add(Defeito(**await request.json()))
        except (ValueError, TypeError) as error:
            return JSONResponse({"erro": str(error)}, 422)
        return JSONResponse({"defeitos": len(self.comportamento.defeitos)})

    async def _stir(self, request: Request) -> Response:
        if request.method == "PUT":
            try:
                self.caos = of_order(await request.json())
            except (ValueError, AttributeError) as error:
                return JSONResponse({"erro": str(error)}, 422)
        elif request.method == "DELETE":
            self.caos = Caos()
        return JSONResponse(self.caos.view())

    async def _kept(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.mensagens.clear()
            return Response(status_code=204)
        return JSONResponse({"itens": list(self.mensagens)})


def by_hand(make: Callable[[str], Plataforma], *, description: str, port: int) -> None:
    """Serve one stand-in from the command line until interrupted.

    Args:
        make: Makes it, given where its webhooks go.
        description: What it stands in for.
        port: Where it listens unless told otherwise.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--webhook-url", "--webhook", default="")
    args = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(make(args.webhook_url), args.host, args.port))


async def serve(plataforma: Plataforma, host: str, port: int) -> None:
    """Serve one stand-in until interrupted, its settings printed first."""
    url = await plataforma.start(host, port)
    for chave, valor in plataforma.env(url).items():
        print(f"{chave}={valor}", flush=True)  # noqa: T201 - its terminal
    try:
        await asyncio.Event().wait()
    finally:
        await plataforma.stop()
