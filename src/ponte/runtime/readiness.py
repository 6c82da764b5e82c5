"""Readiness: can this process take work and do it? Judged by effect, part by part.

Each part says what is wrong with it. What only slows things down, as a broker that is
away while the work goes on from the database, is said and is no reason to refuse work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ponte.context import Context
from ponte.errors import PonteError
from ponte.store import outbox
from ponte.store.db import Tx

MAX_AGE_MS = 60_000  # chosen: work that waits longer says that nobody does it
# Chosen: a worker looks every 5 s by itself, so an order that waits twice as long has none.
CONSUMED_MS = 10_000
# Chosen: three times what the relay sleeps at most where the engine tells it of commits.
RELAY_MS = 30_000
Parte = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Readiness:
    """The verdict and its reasons."""

    pronto: bool
    partes: dict[str, Parte]


async def judge(ctx: Context, *, serving: bool, worker: bool, relayed: int | None) -> Readiness:
    """Judge process, database, queue, broker and relay; never raises.

    Args:
        ctx: The inside.
        serving: Whether the process is neither starting nor stopping.
        worker: Whether it has that role.
        relayed: The `pos` of the last fact that its relay gave to the sockets; None before
            it started.
    """
    partes = {"processo": _parte(None if serving else "starting or stopping")}
    try:
        await ctx.db.transact(_can_write)
        ages = await ctx.db.read(queue_ages)
        behind_ms = 0 if relayed is None else await ctx.db.read(_behind, relayed)
        unsent = (0, 0)  # where the rows are the queue, nothing is sent
        if not ctx.broker.rows_are_the_queue:
            unsent = await ctx.db.read(outbox.unsent_age)
    except PonteError as error:
        partes["banco"] = _parte(str(error))
        return _verdict(partes)
    partes["banco"] = _parte(None)
    partes["fila"] = _queue(ages, worker=worker)
    if not ctx.broker.rows_are_the_queue:
        consumers, away = await _consumers(ctx)
        partes["envio"] = _sending(*unsent, away=away)
        if worker:
            partes["consumidores"] = _consuming(ages, consumers, away=away)
            partes["fila"]["consumidores"] = consumers
    elif worker:
        partes["fila"]["consumidores"] = await ctx.broker.consumers("pedidos")
    partes["relay"] = _relay(behind_ms)
    if ctx.ajudante is not None:
        partes["redis"] = _helper(ctx.ajudante.away)
    return _verdict(partes)


def _verdict(partes: dict[str, Parte]) -> Readiness:
    return Readiness(all(p["ok"] for p in partes.values()), partes)


def _parte(motivo: str | None, **numeros: Any) -> Parte:
    return {"ok": motivo is None, "motivo": motivo, **numeros}


def _queue(ages: dict[str, tuple[int, int]], *, worker: bool) -> Parte:
    stuck = worker and _oldest_order(ages) > MAX_AGE_MS
    return _parte(
        "the oldest order waits for more than a minute" if stuck else None,
        esperando=sum(n for n, _ in ages.values()),
        mais_antigo_ms=max((idade for _, idade in ages.values()), default=0),
        pedido_mais_antigo_ms=_oldest_order(ages),
    )


def _sending(unsent: int, unsent_ms: int, *, away: str | None) -> Parte:
    """Judge whether rows go out to the broker; one that is away is no fault of this process."""
    stuck = away is None and unsent_ms > MAX_AGE_MS
    parte = _parte(
        "a row waits to be sent for more than a minute" if stuck else None,
        nao_enviadas=unsent,
        mais_antiga_ms=unsent_ms,
    )
    return parte if away is None else {**parte, "motivo": away}


def _consuming(
    ages: dict[str, tuple[int, int]], consumers: int | None, *, away: str | None
) -> Parte:
    missing = consumers == 0 and _oldest_order(ages) > CONSUMED_MS
    parte = _parte("nobody consumes, and an order waits" if missing else None, quantos=consumers)
    return parte if away is None else {**parte, "motivo": away}


def _relay(behind_ms: int) -> Parte:
    stuck = behind_ms > RELAY_MS
    return _parte(
        "a committed fact waits for the sockets for more than half a minute" if stuck else None,
        atraso_ms=behind_ms,
    )


def _helper(away: Sequence[str]) -> Parte:
    """Say what goes on without its helper; that is no fault, nothing depends on it."""
    parte = _parte(None)
    return {**parte, "motivo": f"away, going on without: {', '.join(away)}"} if away else parte


async def _consumers(ctx: Context) -> tuple[int | None, str | None]:
    """Ask the engine who consumes; where it is away, return what it says instead."""
    try:
        return await ctx.broker.consumers("pedidos"), None
    except PonteError as error:
        return None, str(error)


def _oldest_order(ages: dict[str, tuple[int, int]]) -> int:
    return ages.get("pedidos", (0, 0))[1]


async def queue_ages(tx: Tx) -> dict[str, tuple[int, int]]:
    """Return for each queue how many rows wait or are in hand, and how overdue the oldest is."""
    rows = await tx.fetch("SELECT fila, COUNT(*), MIN(disponivel_em) FROM fila GROUP BY fila")
    return {row[0]: (row[1], max(0, tx.now_ms - row[2])) for row in rows}


async def _behind(tx: Tx, relayed: int) -> int:
    """Return how long the oldest fact that the relay has not given on is committed, in ms."""
    row = await tx.fetch_one("SELECT em FROM fatos WHERE pos > ? ORDER BY pos LIMIT 1", (relayed,))
    return 0 if row is None else max(0, tx.now_ms - int(row[0]))


async def _can_write(tx: Tx) -> None:
    # A row that no other work waits for.
    await tx.execute("UPDATE meta SET valor = valor WHERE chave = 'epoca'")
