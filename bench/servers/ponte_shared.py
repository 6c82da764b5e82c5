"""Ponte's guards shared over Redis, beside the bare round trips that they can't do without.

One call passes the limit and the breaker of a destination that other processes call as
well. EVALSHA runs the very script that counts, with its arguments, through redis-py; GET
is the cheapest thing that Redis can be asked. All on one connection each, in turn.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import count

import uvloop
from redis.asyncio import Redis

from bench.samples import percentile
from bench.servers.ready import quiet_collector, say
from ponte.brokers import lua
from ponte.brokers.ajudante import AGAIN_S, RedisAjudante
from ponte.resilience.classes import Classe, Verdict
from ponte.resilience.disjuntores import Disjuntores, HttpPartilhado
from ponte.resilience.limiter import TokenBucketRateLimiter
from ponte.resilience.partilha import Cotas
from ponte.telemetry import Telemetry

BLOCK = 50  # Calls of one kind before the next has its turn.
RATE = 1e6  # Never full.
Call = Callable[[], Awaitable[object]]


async def measured(calls: dict[str, Call], each: int, ajudante: RedisAjudante) -> dict[str, float]:
    """Return the median of each kind in µs.

    Who waits too long for Redis goes on without it for a second, at the price of no trip at
    all: such a block is measured again.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    while len(times["guarded"]) < each:
        for name, call in calls.items():
            found = [await _time(call) for _ in range(BLOCK)]
            if ajudante.away:
                await asyncio.sleep(AGAIN_S)
                await call()  # It is known to be back by an answer alone.
            else:
                times[name] += found
    return {name: percentile(found, 0.5) * 1e6 for name, found in times.items()}


async def _time(call: Call) -> float:
    begun = time.perf_counter()
    await call()
    return time.perf_counter() - begun


async def main(url: str, each: int) -> None:
    """Measure once and say it."""
    ajudante = RedisAjudante(url, casa="bench", processo="um", telemetry=Telemetry())
    http = HttpPartilhado(
        "bench", cotas=Cotas(ajudante), disjuntores=Disjuntores(ajudante, processo="um")
    )
    http.limit_to(TokenBucketRateLimiter(RATE, RATE))
    redis = Redis.from_url(url)
    # A helper's counts may be lost, so nobody has it sync them to a disk.
    await redis.config_set("appendonly", "no")
    script = await redis.script_load(lua.TAKE)
    ids = count()

    async def accepted() -> Verdict:
        return Verdict(Classe.OK)

    async def guarded() -> None:
        await http.guard(accepted, operation="bench")

    async def evalsha() -> None:
        key, own = "ponte:bench:taxa:destino:raw", f"um.{next(ids)}"
        await redis.evalsha(script, 1, key, "balde", RATE, 1.0, 0, 0.0, 1, own)

    async def get() -> None:
        await redis.get("ponte:bench:nothing")

    calls: dict[str, Call] = {"guarded": guarded, "evalsha": evalsha, "get": get}
    await measured(calls, 4 * BLOCK, ajudante)
    quiet_collector()
    say(**await measured(calls, each, ajudante))
    await redis.aclose()
    await ajudante.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
