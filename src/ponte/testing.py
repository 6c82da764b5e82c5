"""Testing: what a test of Ponte, or of a connector from another package, needs.

`embedded` is the real thing in this process: SQLite in a folder, the database
broker, the app behind HTTP. Only the clock and the network's far side are yours.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from ponte.app import create_app
from ponte.context import Context
from ponte.ports import Broker
from ponte.rastro import Rastreador
from ponte.runtime.build import Built, build
from ponte.runtime.supervisor import Supervisor
from ponte.settings import Settings

ADMIN_KEY = "test-admin-key-of-forty-characters-000000"


@dataclass
class FrozenClock:
    """A clock that moves when told to. Epoch milliseconds; starts 2026-11-24T12:00:00Z."""

    ms: int = 1_795_521_600_000

    def __call__(self) -> int:
        """Return the time."""
        return self.ms

    def advance(self, segundos: float) -> None:
        """Move on."""
        self.ms += int(segundos * 1000)


@dataclass
class Embedded:
    """A whole Ponte in this process."""

    built: Built
    supervisor: Supervisor
    app: FastAPI
    http: httpx2.AsyncClient = field(repr=False)

    @property
    def ctx(self) -> Context:
        """Return the inside."""
        return self.built.ctx

    async def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a GET that must succeed."""
        answer = await self.http.get(path, params=params or None)
        answer.raise_for_status()
        return answer.json()


@contextlib.asynccontextmanager
async def embedded(
    data_dir: Path,
    *,
    env: Mapping[str, str] | None = None,
    papeis: Sequence[str] = ("worker",),
    clock: FrozenClock | None = None,
    broker: Broker | None = None,
    rastreador: Rastreador | None = None,
    **settings: Any,
) -> AsyncIterator[Embedded]:
    """Run Ponte until the block ends.

    Args:
        data_dir: Where it stores; give the same one again to restart it.
        env: Connector settings, as PONTE_TELEGRAM__BOT_TOKEN; none by default.
        papeis: Roles beside the web: "worker", "scheduler", or none.
        clock: A clock of yours; the real one by default.
        broker: Another broker than the database.
        rastreador: Who collects spans; nobody by default.
        settings: Ponte's own settings, as `rate_limit_key=10`.
    """
    values: dict[str, Any] = {
        "data_dir": data_dir,
        "api_key": ADMIN_KEY,
        "allowed_hosts": ("ponte.test", "localhost", "127.0.0.1"),
        **settings,
    }
    built = await build(
        Settings(_env_file=None, **values),
        env=env or {},
        broker=broker,
        now_ms=clock,
        rastreador=rastreador,
    )
    supervisor = Supervisor(built, papeis)
    await supervisor.start()
    app = create_app(built.ctx, ready=supervisor.readiness)
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://ponte.test",
        headers={"Authorization": f"Bearer {ADMIN_KEY}"},
    )
    try:
        async with client:
            yield Embedded(built, supervisor, app, client)
    finally:
        await supervisor.close()
