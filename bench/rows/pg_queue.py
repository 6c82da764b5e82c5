"""Queue on PostgreSQL: claim, no-op and ack of a backlog, beside bare SQL and pgqueuer."""

from collections.abc import Callable

from bench import engines
from bench.baselines import baseline, why
from bench.processes import NotReadyError, Process, serve
from bench.result import Goal, Line, Result, ratio
from bench.setup import Setup

RAW, PONTE, PGQUEUER = "pg_raw_queue", "pg_ponte_queue", "pgqueuer_queue"
# pgqueuer is slower by far; its share is smaller so that it does not dwarf the run.
SHARES = {RAW: 1.0, PONTE: 1.0, PGQUEUER: 0.2}
LIMIT_S = 120.0


def measure(setup: Setup) -> Result:
    """Drain a backlog with each, in turn, round after round, each on a new database."""
    rows = int(setup.pick(50_000, 10_000))
    rates: dict[str, list[float]] = {name: [] for name in SHARES}
    note = ""
    with engines.postgres() as server:
        for number in range(setup.rounds):
            starts = _starts(setup, server, number=number, rows=rows)
            for name, start in starts.items():
                try:
                    with start() as process:
                        rates[name].append(_whole(process, int(rows * SHARES[name])))
                except NotReadyError as error:
                    if name != PGQUEUER:
                        raise
                    note = why(error)
    raw, own, other = rates[RAW], rates[PONTE], rates[PGQUEUER]
    name = "queue on PostgreSQL"
    return Result(
        "pg_queue",
        (
            Line(
                f"{name}: claim + no-op + ack / raw SQL loop",
                "x",
                tuple(map(ratio, own, raw)),
                Goal(0.3),
            ),
            Line(f"{name}: the same / pgqueuer", "x", tuple(map(ratio, own, other)), Goal(1), note),
            Line(f"{name}: Ponte", "msg/s", tuple(own)),
            Line(f"{name}: raw SQL loop, batches of 100", "msg/s", tuple(raw)),
            Line(f"{name}: pgqueuer", "msg/s", tuple(other), None, note),
        ),
        {"messages": rows},
    )


def _whole(process: Process, rows: int) -> float:
    """Return the rate at which all were drained."""
    said = process.read_json(timeout_s=LIMIT_S)
    if said["done"] != rows:
        raise NotReadyError(f"{said['done']:.0f} of {rows} drained")
    return said["rate"]


def _starts(
    setup: Setup, server: engines.Postgres, *, number: int, rows: int
) -> dict[str, Callable[[], Process]]:
    """Return how each is started on a database that nobody used."""
    count = {name: str(int(rows * share)) for name, share in SHARES.items()}
    return {
        RAW: lambda: serve(RAW, [server.empty(f"raw_{number}"), count[RAW]], log=setup.log(RAW)),
        PONTE: lambda: serve(PONTE, [server.migrated(), count[PONTE]], log=setup.log(PONTE)),
        PGQUEUER: lambda: baseline(
            setup, PGQUEUER, [server.empty(f"pgqueuer_{number}"), count[PGQUEUER]]
        ),
    }
