"""Readiness: can this process take work and do it? Judged by effect, part by part."""

from dataclasses import dataclass
from typing import Any

from ponte.context import Context
from ponte.errors import PonteError
from ponte.store.db import Tx

MAX_AGE_MS = 60_000  # chosen: work that waits longer says that nobody does it


@dataclass(frozen=True, slots=True)
class Readiness:
    """The verdict and its reasons."""

    pronto: bool
    partes: dict[str, dict[str, Any]]


async def judge(ctx: Context, *, serving: bool, worker: bool) -> Readiness:
    """Judge database, queue and process; never raises."""
    partes: dict[str, dict[str, Any]] = {
        "processo": {"ok": serving, "motivo": None if serving else "starting or stopping"}
    }
    try:
        await ctx.db.transact(_can_write)
        ages = await ctx.db.read(queue_ages)
    except PonteError as error:
        partes["banco"] = {"ok": False, "motivo": str(error)}
    else:
        partes["banco"] = {"ok": True, "motivo": None}
        partes["fila"] = await _queue(ctx, ages, worker=worker)
    return Readiness(all(p["ok"] for p in partes.values()), partes)


async def _queue(ctx: Context, ages: dict[str, tuple[int, int]], *, worker: bool) -> dict[str, Any]:
    oldest = max((idade for _, idade in ages.values()), default=0)
    parte: dict[str, Any] = {
        "ok": True,
        "motivo": None,
        "esperando": sum(n for n, _ in ages.values()),
        "mais_antigo_ms": oldest,
    }
    if worker and ages.get("pedidos", (0, 0))[1] > MAX_AGE_MS:
        parte.update(ok=False, motivo="the oldest order waits for more than a minute")
    if worker:
        parte["consumidores"] = await _consumers(ctx, parte)
    return parte


async def _consumers(ctx: Context, parte: dict[str, Any]) -> int | None:
    """Ask the engine; one that is away is said, and the work goes on from the database."""
    try:
        return await ctx.broker.consumers("pedidos")
    except PonteError as error:
        parte["motivo"] = parte["motivo"] or str(error)
        return None


async def queue_ages(tx: Tx) -> dict[str, tuple[int, int]]:
    """Return for each queue how many rows wait or are in hand, and how overdue the oldest is."""
    rows = await tx.fetch("SELECT fila, COUNT(*), MIN(disponivel_em) FROM fila GROUP BY fila")
    return {row[0]: (row[1], max(0, tx.now_ms - row[2])) for row in rows}


async def _can_write(tx: Tx) -> None:
    await tx.execute("UPDATE contadores SET id = id")
