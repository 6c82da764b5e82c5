"""Million: ingest with a million orders stored, beside ingest into an empty database."""

from contextlib import ExitStack

from bench import ponte, prefill
from bench.result import Goal, Line, Result, ratio
from bench.rows.ingest import Side, side
from bench.setup import Setup


def measure(setup: Setup) -> Result:
    """Load an empty and a full installation in turn, round after round."""
    stored = int(setup.pick(1_000_000, 100_000))
    with ExitStack() as stack:
        empty = _serving(setup, stack, stored=0)
        full = _serving(setup, stack, stored=stored)
        for each in (empty, full):
            each.warm(setup.pick(3, 1))
        for _ in range(setup.rounds):
            for each in (empty, full):
                each.full_speed(setup.pick(4, 1))
    rates = tuple(map(ratio, full.rates, empty.rates))
    return Result(
        "million",
        (
            Line(f"ingest with {stored:,} orders stored / empty", "x", rates, Goal(0.8)),
            Line(f"ingest with {stored:,} orders stored", "orders/s", tuple(full.rates)),
            Line("ingest into an empty database", "orders/s", tuple(empty.rates)),
        ),
    )


def _serving(setup: Setup, stack: ExitStack, *, stored: int) -> Side:
    shop = ponte.install(setup, "stored")
    with shop.serving("web"):
        shop.seed(ponte.full_shop())
    if stored:
        prefill.fill(shop.database, stored)
    web = stack.enter_context(shop.serving("web"))
    return side(web, shop.port, shop.selling_key())
