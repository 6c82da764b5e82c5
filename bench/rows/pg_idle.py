"""Idle: what Ponte asks PostgreSQL while nothing happens, with every process up.

Counted from the server's own log of statements, so nothing that any process asks by any
way is left out.
"""

import re
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass

from bench import engines, ponte
from bench.processes import READY_S, NotReadyError
from bench.result import Goal, Line, Result
from bench.setup import Setup

ROLES = ("web", "worker", "scheduler")
# After a start: dead instances swept, series and stock read, connections made.
SETTLED_S = 10.0
ROUND_S = 20.0
POLL_S = 0.2
# How the server begins the line of a statement, by the simple and the extended protocol.
STATEMENT = re.compile(rb"LOG:  (?:statement|execute [^:]*): *(\S+)")
AROUND = {b"BEGIN", b"COMMIT", b"ROLLBACK"}


def measure(setup: Setup) -> Result:
    """Count what is asked while all rest, with one process a role and then with two."""
    lines: list[Line] = []
    raw: dict[str, object] = {}
    with engines.postgres() as server, ExitStack() as stack:
        url = server.migrated()
        server.configure(url, "log_statement = 'all'")
        shop = ponte.install(setup, "pg_idle", PONTE_DATABASE_URL=url)
        for times, goal in ((1, Goal(5, at_most=True)), (2, None)):
            for role in ROLES:
                arguments = ("--port", "0") if role == "web" else ()
                stack.enter_context(shop.start(role, *arguments))
            _await_all(server, url, times * len(ROLES))
            rest = _rest(setup, server)
            name = f"idle, {times} each of web, worker and scheduler"
            lines += [
                Line(f"{name}: queries on PostgreSQL", "/s", (rest.queries,), goal),
                Line(f"{name}: with BEGIN and its end", "/s", (rest.every,)),
            ]
            raw[name] = {word.decode(): number for word, number in rest.words.items()}
    return Result("pg_idle", tuple(lines), raw)


@dataclass(frozen=True)
class _Rest:
    """How often each kind of statement was asked in a stretch."""

    words: Counter[bytes]
    seconds: float

    @property
    def every(self) -> float:
        return self.words.total() / self.seconds

    @property
    def queries(self) -> float:
        return sum(n for word, n in self.words.items() if word not in AROUND) / self.seconds


def _rest(setup: Setup, server: engines.Postgres) -> _Rest:
    time.sleep(SETTLED_S)
    # One stretch for all rounds: some work is done once a minute, and belongs to each.
    seconds = setup.pick(ROUND_S, 5) * setup.rounds
    before = _asked(server)
    time.sleep(seconds)
    return _Rest(_asked(server) - before, seconds)


def _await_all(server: engines.Postgres, url: str, number: int) -> None:
    end = time.perf_counter() + READY_S * len(ROLES)
    while server.value(url, "SELECT count(*) FROM instancias") != number:
        if time.perf_counter() > end:
            raise NotReadyError("not every process came up")
        time.sleep(POLL_S)


def _asked(server: engines.Postgres) -> Counter[bytes]:
    """Return how often each kind of statement was asked so far."""
    return Counter(word.upper() for word in STATEMENT.findall(server.log()))
