"""Ponte from inside: as its commands build it, with one step that only the bench knows.

The step stands alone in the flow, so that every row of the queue is one of its jobs and
nothing else is measured.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from bench.ponte import ADMIN_KEY
from bench.servers.ponte_queue import FILA, PASSO
from ponte import flow
from ponte.context import Context
from ponte.events import PedidoReprocessado
from ponte.flow import Step
from ponte.runtime.build import Built, build
from ponte.runtime.supervisor import Supervisor
from ponte.settings import Settings
from ponte.store.db import Rota, Tx

LOOK_S = 0.02  # How often the bench asks whether the work is done.


def only(step: Step) -> None:
    """Make `step` the whole flow of this process."""
    flow.FLOW = (step,)
    flow.STEPS.clear()
    flow.STEPS[step.name] = step
    flow._BY_FACT.clear()  # noqa: SLF001 - the bench stands in for the page that fills it
    flow._BY_FACT[PedidoReprocessado] = [(step, Rota(PASSO, FILA))]  # noqa: SLF001 - the same


@asynccontextmanager
async def built(database_url: str, queue_url: str = "") -> AsyncIterator[Built]:
    """Build all of it on these engines, and close it."""
    with TemporaryDirectory(prefix="ponte-bench-inside-") as folder:
        settings = Settings(
            _env_file=None,
            data_dir=Path(folder),
            api_key=SecretStr(ADMIN_KEY),
            database_url=SecretStr(database_url),
            queue_url=SecretStr(queue_url),
        )
        found = await build(settings, env={})
        try:
            yield found
        finally:
            await found.close()


@asynccontextmanager
async def running(
    database_url: str, queue_url: str = "", *, papeis: Sequence[str] = ()
) -> AsyncIterator[Context]:
    """Run the roles as the commands do."""
    async with built(database_url, queue_url) as found:
        supervisor = Supervisor(found, papeis)
        await supervisor.start()
        try:
            yield found.ctx
        finally:
            await supervisor.close()


async def end_of(ctx: Context, question: Callable[[Tx], Awaitable[bool]]) -> None:
    """Return once the answer is no."""
    while True:
        if not await ctx.db.read(question):
            return
        await asyncio.sleep(LOOK_S)


async def waiting(tx: Tx) -> bool:
    """Tell whether there is work that is not done."""
    return await tx.fetch_one("SELECT 1 FROM fila LIMIT 1") is not None


async def unsent(tx: Tx) -> bool:
    """Tell whether there is work that no broker has confirmed."""
    row = await tx.fetch_one(
        "SELECT 1 FROM fila WHERE enviada_em IS NULL AND lease IS NULL LIMIT 1"
    )
    return row is not None
