"""One plain FULL transaction after another: what a lone durable write costs on this disk."""

import sqlite3
import sys
import time
from statistics import median

from bench.servers.limit import SCHEMA
from bench.servers.ready import say

BODY = b"x" * 400  # About the size of a small order's JSON.


def measure(path: str, times: int) -> float:
    """Return the median seconds of one order and its outbox row in a commit of their own."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(SCHEMA)
    spent = []
    for number in range(1, times + 1):
        begun = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO pedidos (id, corpo) VALUES (?, ?)", (number, BODY))
        db.execute("INSERT INTO outbox (pedido_id, corpo) VALUES (?, ?)", (number, BODY))
        db.execute("COMMIT")
        spent.append(time.perf_counter() - begun)
    return median(spent)


if __name__ == "__main__":
    say(median_s=measure(sys.argv[1], int(sys.argv[2])))
