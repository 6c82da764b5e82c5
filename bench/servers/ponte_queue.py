"""Ponte's own queue on SQLite: claim, no-op and ack in batches, by the code its worker uses."""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.servers.raw_queue import BATCH, LEASE_S
from bench.servers.ready import quiet_collector, say
from ponte.domain.valores import new_id
from ponte.events import Fato, PedidoReprocessado
from ponte.store import outbox
from ponte.store.db import Database, Rota, Tx
from ponte.store.migrate import migrate
from ponte.store.sqlite import SqliteDatabase

FILA, PASSO = "bench", "nada"
LEASE_MS = int(LEASE_S * 1000)
FILL = 1000


def route(_fato: Fato) -> Sequence[Rota]:
    """Send every fact to the one queue."""
    return (Rota(PASSO, FILA),)


async def fill(tx: Tx, facts: int) -> None:
    """Put `facts` facts in, each of an order of its own."""
    for _ in range(facts):
        tx.put(
            PedidoReprocessado(
                pedido_id=new_id(),
                numero=1,
                canal="api",
                filial_id="1",
                total="25.90",
                itens=[],
                em="2026-01-01T00:00:00Z",
            )
        )


async def drain(db: Database) -> int:
    """Claim and ack until nothing is left; return how many."""
    done = 0
    while True:
        taken = await db.transact(_claim)
        if not taken:
            return done
        await db.transact(outbox.finish, taken)
        done += len(taken)


async def _claim(tx: Tx) -> list[outbox.Entrega]:
    return await outbox.claim(tx, FILA, limite=BATCH, dono="bench", lease_ms=LEASE_MS)


async def main(path: Path, rows: int) -> None:
    """Measure once and say the rate."""
    migrate(path)
    db = SqliteDatabase(path, rotas=route, now_ms=lambda: int(time.time() * 1000))
    for _ in range(0, rows, FILL):
        await db.transact(fill, FILL)
    quiet_collector()
    begun = time.perf_counter()
    done = await drain(db)
    say(done=done, rate=done / (time.perf_counter() - begun))
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
