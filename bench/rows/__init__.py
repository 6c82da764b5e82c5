"""The rows: each module measures one promise, with both sides of a ratio in the same run.

Every module has `measure(setup) -> Result`; the order here is the order of the table.
"""

from collections.abc import Callable
from importlib import import_module

from bench.result import Result
from bench.setup import Setup

ROWS = (
    "ingest",
    "lone",
    "fulfil",
    "live",
    "backlog",
    "queue",
    "fanout",
    "million",
    "start",
    "pg_ingest",
    "pg_queue",
    "relay",
    "jobs",
    "workers",
    "pg_idle",
    "stream",
    "pg_orders",
    "guards",
    "deliveries",
    "webhooks",
)


def load(name: str) -> Callable[[Setup], Result]:
    """Return a row's `measure`, importing nothing that only other rows need."""
    measure: Callable[[Setup], Result] = import_module(f"bench.rows.{name}").measure
    return measure
