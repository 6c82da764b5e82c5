"""A Ponte as its users have it: a process, HTTP and WebSocket; nothing of it is imported here."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import websockets

CHAVE = "acceptance-admin-key-of-forty-characters"
AUTH = {"Authorization": f"Bearer {CHAVE}"}
READY_S = 45  # generous: a start takes a second or two, and ten on a machine that is busy


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@dataclass
class Servidor:
    """One data directory and the processes that serve it."""

    data_dir: Path
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the folder."""
        self.data_dir.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, papel: str = "up") -> float:
        """Start a role; return the seconds until it was ready."""
        began = time.monotonic()
        extra = ("--port", str(self.port)) if papel in {"up", "web"} else ()
        self.processes[papel] = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ponte",
            papel,
            *extra,
            env={
                **os.environ,
                "PONTE_DATA_DIR": str(self.data_dir),
                "PONTE_API_KEY": CHAVE,
                "PONTE_RATE_LIMIT_ANON": "100000",
                "PONTE_LOG_LEVEL": "warning",
                **self.env,
            },
            stdout=asyncio.subprocess.DEVNULL,
            cwd=self.data_dir.parent,
        )
        if extra:
            await self.ready()
        return time.monotonic() - began

    async def ready(self) -> None:
        """Wait until it takes work."""
        async with httpx2.AsyncClient(base_url=self.url) as http:
            end = time.monotonic() + READY_S
            while time.monotonic() < end:
                with contextlib.suppress(httpx2.TransportError):
                    if (await http.get("/health/ready")).status_code == 200:
                        return
                await asyncio.sleep(0.02)
        raise AssertionError(f"the server was not ready within {READY_S} s")

    async def kill(self, papel: str = "up") -> None:
        """kill -9."""
        await self._end(papel, signal.SIGKILL)

    async def terminate(self, papel: str = "up") -> tuple[int | None, float]:
        """SIGTERM; return the exit code and how long it took."""
        began = time.monotonic()
        code = await self._end(papel, signal.SIGTERM)
        return code, time.monotonic() - began

    async def _end(self, papel: str, number: signal.Signals) -> int | None:
        process = self.processes.pop(papel)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        return await asyncio.wait_for(process.wait(), 25)

    async def close(self) -> None:
        """End what still runs."""
        for papel in tuple(self.processes):
            await self.kill(papel)

    def http(self, **headers: str) -> httpx2.AsyncClient:
        """Return a client with the admin key."""
        return httpx2.AsyncClient(base_url=self.url, headers={**AUTH, **headers}, timeout=30)

    def ws(self, path: str = "/ws", *, key: bool = False) -> Any:
        """Open a socket."""
        return websockets.connect(
            f"ws://127.0.0.1:{self.port}{path}", additional_headers=AUTH if key else None
        )


@contextlib.asynccontextmanager
async def serving(data_dir: Path, **env: str) -> AsyncIterator[Servidor]:
    """Run `ponte up` on a data directory until the block ends."""
    servidor = Servidor(data_dir, env)
    try:
        await servidor.start()
        yield servidor
    finally:
        await servidor.close()


async def product(
    http: httpx2.AsyncClient, produto_id: str, unidades: int, **more: Any
) -> dict[str, Any]:
    """Create or count a product."""
    answer = await http.put(
        f"/estoque/{produto_id}",
        json={
            "quantidade": unidades,
            "motivo": "abertura",
            "nome": f"Produto {produto_id}",
            "preco": "25.90",
            **more,
        },
    )
    assert answer.status_code in {200, 201}, answer.text
    return dict(answer.json())


def order(produto_id: str, quantidade: int = 1, **more: Any) -> dict[str, Any]:
    """Return the body of an order."""
    return {"itens": [{"produto_id": produto_id, "quantidade": quantidade}], **more}


async def until(check: Callable[[], Awaitable[Any]], *, seconds: float = 10) -> Any:
    """Return what `check` returns once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := await check():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


async def settled(http: httpx2.AsyncClient, pedido_id: str, *, seconds: float = 10) -> Any:
    """Return an order once it is no longer `recebido`."""

    async def check() -> Any:
        pedido = (await http.get(f"/pedidos/{pedido_id}")).json()
        return pedido if pedido.get("status") not in {None, "recebido"} else None

    return await until(check, seconds=seconds)


async def frames(ws: Any, *, until_tipo: str, seconds: float = 5) -> list[dict[str, Any]]:
    """Return frames up to and including the first of a kind."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(seconds):
        while not found or found[-1]["tipo"] != until_tipo:
            found.append(json.loads(await ws.recv()))
    return found
