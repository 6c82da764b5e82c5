"""The queue limit on PostgreSQL: claim, no-op and ack as bare SQL in batches, each its commit."""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from bench.servers.raw_queue import BATCH, BODY, LEASE_S
from bench.servers.ready import quiet_collector, say

SCHEMA = """
CREATE TABLE fila (
    id bigserial PRIMARY KEY, estado smallint NOT NULL DEFAULT 0,
    dono text, ate timestamptz, corpo bytea NOT NULL
);
CREATE INDEX fila_livre ON fila (id) WHERE estado = 0;
"""
FILL = "INSERT INTO fila (corpo) SELECT $1::bytea FROM generate_series(1, $2::int)"
CLAIM = """
UPDATE fila SET estado = 1, dono = $1, ate = $2 WHERE id IN (
    SELECT id FROM fila WHERE estado = 0 ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING id, corpo
"""
ACK = "DELETE FROM fila WHERE id = ANY($1::bigint[]) AND dono = $2"


async def drain(connection: "asyncpg.Connection[Any]") -> int:
    """Claim and ack until nothing is left; return how many."""
    done = 0
    while True:
        until = datetime.now(UTC) + timedelta(seconds=LEASE_S)
        batch = await connection.fetch(CLAIM, "bench", until, BATCH)
        if not batch:
            return done
        await connection.execute(ACK, [row[0] for row in batch], "bench")
        done += len(batch)


async def main(url: str, rows: int) -> None:
    """Measure once and say the rate."""
    connection = await asyncpg.connect(url)
    await connection.execute(SCHEMA)
    await connection.execute(FILL, BODY, rows)
    quiet_collector()
    begun = time.perf_counter()
    done = await drain(connection)
    say(done=done, rate=done / (time.perf_counter() - begun))
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
