"""A Ponte with its server on a loopback port, and clients that speak to it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ponte.acesso import chaves
from ponte.runtime.server import Server
from ponte.testing import ADMIN_KEY, Embedded, embedded

ESPERA_S = 20.0  # wide: how fast a frame comes is for bench/ to say


@dataclass
class Cliente:
    """One socket; frames are dicts."""

    ws: ClientConnection

    async def next(self, within_s: float = ESPERA_S) -> dict[str, Any]:
        async with asyncio.timeout(within_s):
            quadro: dict[str, Any] = json.loads(await self.ws.recv())
        return quadro

    async def take(self, n: int) -> list[dict[str, Any]]:
        return [await self.next() for _ in range(n)]

    async def say(self, **acao: Any) -> None:
        await self.ws.send(json.dumps(acao))

    async def ask(self, **acao: Any) -> dict[str, Any]:
        await self.say(**acao)
        return await self.next()

    async def quiet(self, for_s: float = 0.2) -> bool:
        """Tell whether nothing comes for a while."""
        try:
            await self.next(for_s)
        except TimeoutError:
            return True
        return False

    async def close_code(self, within_s: float = ESPERA_S) -> int:
        """Read what still comes and return the code that the server closed with."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    await self.ws.recv()
        except ConnectionClosed as fechou:
            return fechou.rcvd.code if fechou.rcvd is not None else 1006


@dataclass
class Servida:
    """The inside, and the address outside."""

    dentro: Embedded
    server: Server
    port: int

    @contextlib.asynccontextmanager
    async def socket(
        self, path: str = "/ws", *, chave: str | None = None
    ) -> AsyncIterator[Cliente]:
        headers = {"Authorization": f"Bearer {chave}"} if chave else {}
        url = f"ws://127.0.0.1:{self.port}{path}"
        async with connect(url, additional_headers=headers, compression=None) as ws:
            yield Cliente(ws)

    async def key(self, nome: str, *escopos: str) -> tuple[str, str]:
        """Create a key; return it and its id."""
        chave = chaves.new_key()
        criada = await self.dentro.ctx.db.transact(_create, chave, nome, escopos)
        await self.dentro.app.state.portaria.chaves.refresh()
        return chave, criada.id

    async def stock(self, quantidade: int, produto_id: str = "CAFE") -> None:
        answer = await self.dentro.http.put(
            f"/estoque/{produto_id}",
            json={"quantidade": quantidade, "motivo": "contagem", "nome": "Café", "preco": "10.00"},
        )
        answer.raise_for_status()

    async def order(self, quantidade: int = 1, produto_id: str = "CAFE") -> dict[str, Any]:
        answer = await self.dentro.http.post(
            "/pedido", json={"itens": [{"produto_id": produto_id, "quantidade": quantidade}]}
        )
        answer.raise_for_status()
        pedido: dict[str, Any] = answer.json()
        return pedido


async def _create(tx: Any, chave: str, nome: str, escopos: tuple[str, ...]) -> chaves.Chave:
    return await chaves.create(tx, chave, nome=nome, escopos=escopos)


@contextlib.asynccontextmanager
async def servida_em(pasta: Path, **settings: Any) -> AsyncIterator[Servida]:
    async with embedded(pasta, **settings) as dentro:
        server = Server(dentro.ctx.settings, telemetry=dentro.ctx.telemetry)
        _host, port = await server.start(dentro.app, "127.0.0.1", 0)
        try:
            yield Servida(dentro, server, port)
        finally:
            await server.stop(1.0)


ADMIN = ADMIN_KEY
