"""The queue limit: claim, no-op and ack as bare SQL in batches, WAL and FULL."""

import sqlite3
import sys
import time

from bench.servers.ready import say

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE fila (
    id INTEGER PRIMARY KEY, estado INTEGER NOT NULL DEFAULT 0,
    dono TEXT, ate REAL, corpo BLOB NOT NULL
);
CREATE INDEX fila_livre ON fila (estado, id);
"""
CLAIM = """
UPDATE fila SET estado = 1, dono = ?, ate = ?
WHERE id IN (SELECT id FROM fila WHERE estado = 0 ORDER BY id LIMIT ?)
RETURNING id, corpo
"""
BODY = b"x" * 400
BATCH = 100
LEASE_S = 30.0


def fill(db: sqlite3.Connection, rows: int) -> None:
    """Put `rows` messages in."""
    db.execute("BEGIN")
    db.executemany("INSERT INTO fila (corpo) VALUES (?)", ((BODY,) for _ in range(rows)))
    db.execute("COMMIT")


def drain(db: sqlite3.Connection) -> int:
    """Claim and ack until nothing is left; return how many."""
    done = 0
    while True:
        db.execute("BEGIN IMMEDIATE")
        batch = db.execute(CLAIM, ("bench", time.time() + LEASE_S, BATCH)).fetchall()
        db.execute("COMMIT")
        if not batch:
            return done
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "UPDATE fila SET estado = 2 WHERE id = ? AND dono = ?",
            [(number, "bench") for number, _ in batch],
        )
        db.execute("COMMIT")
        done += len(batch)


def main(path: str, rows: int) -> None:
    """Measure once and say the rate."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(SCHEMA)
    fill(db, rows)
    begun = time.perf_counter()
    done = drain(db)
    say(done=done, rate=done / (time.perf_counter() - begun))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
