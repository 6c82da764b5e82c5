"""A whole Ponte worker on PostgreSQL whose only handler waits, as one that calls outside does."""

import asyncio
import signal
import sys

from bench.servers.inside import only, running
from bench.servers.ponte_queue import FILA, PASSO
from bench.servers.ready import quiet_collector, say
from ponte.context import Context
from ponte.events import FatoGravado, PedidoReprocessado
from ponte.flow import Step


async def main(database_url: str, wait_s: float) -> None:
    """Work until told to end."""

    async def wait(_ctx: Context, _fato: FatoGravado) -> None:
        await asyncio.sleep(wait_s)

    only(Step(PASSO, (PedidoReprocessado,), FILA, wait, "outside"))
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    async with running(database_url, papeis=["worker"]):
        quiet_collector()
        say(ready=1)
        await end.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
