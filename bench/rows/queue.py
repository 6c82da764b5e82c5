"""Queue: claim, no-op and ack of a backlog, beside bare SQL and beside huey on SQLite."""

from bench.processes import serve
from bench.result import Goal, Line, Result, ratio
from bench.setup import Setup

# huey takes one by one; its share is smaller so that it does not dwarf the run.
SIDES = {"raw_queue": 1.0, "ponte_queue": 1.0, "huey_queue": 0.25}


def measure(setup: Setup) -> Result:
    """Drain the same backlog with each, in turn, round after round."""
    rows = int(setup.pick(50_000, 10_000))
    rates: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(setup.rounds):
        for name, share in SIDES.items():
            rates[name].append(_rate(setup, name, int(rows * share)))
    ponte, raw, huey = rates["ponte_queue"], rates["raw_queue"], rates["huey_queue"]
    against_raw = tuple(map(ratio, ponte, raw))
    against_huey = tuple(map(ratio, ponte, huey))
    return Result(
        "queue",
        (
            Line("queue: claim + no-op + ack / raw SQL loop", "x", against_raw, Goal(0.3)),
            Line("queue: the same / huey on SQLite", "x", against_huey, Goal(4)),
            Line("queue: Ponte", "msg/s", tuple(ponte)),
            Line("queue: raw SQL loop, batches of 100", "msg/s", tuple(raw)),
            Line("queue: huey", "msg/s", tuple(huey)),
        ),
        {"messages": rows},
    )


def _rate(setup: Setup, name: str, rows: int) -> float:
    database = setup.path(f"{name}.db")
    with serve(name, [str(database), str(rows)], log=setup.log(name)) as process:
        return process.read_json(timeout_s=120)["rate"]
