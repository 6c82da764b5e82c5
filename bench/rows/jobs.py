"""Jobs: no-ops through RabbitMQ and Redis, beside FastStream at the same durability.

Every cell of the table is shown: on each engine, how fast jobs are put so that a crash
loses none, and how fast a backlog of them is handled.
"""

from collections.abc import Iterator

from bench import engines
from bench.baselines import baseline, why
from bench.processes import STOP_S, NotReadyError, Process, serve
from bench.result import Goal, Line, Result, ratio
from bench.setup import Setup

ENGINES = {"rabbitmq": "RabbitMQ", "redis": "Redis"}
CELLS = ("put", "handled")
LIMIT_S = 120.0
Rates = dict[tuple[str, str], list[float]]


def measure(setup: Setup) -> Result:
    """Do as many with each on each engine, in turn, round after round."""
    jobs = int(setup.pick(10_000, 2000))
    own: Rates = {}
    other: Rates = {}
    note = ""
    with engines.postgres() as server:
        for _ in range(setup.rounds):
            for engine in ENGINES:
                # A new engine each time: what the last one left would be read as well.
                with engines.running(engine, setup) as queue:
                    arguments = [server.migrated(), queue, str(jobs)]
                    log = setup.log("ponte_jobs")
                    _add(own, engine, serve("ponte_jobs", arguments, log=log))
                    try:
                        arguments = [queue, str(jobs)]
                        _add(other, engine, baseline(setup, "faststream_jobs", arguments))
                    except NotReadyError as error:
                        note = why(error)
    return Result("jobs", tuple(_lines(own, other, note)), {"jobs": jobs})


def _add(rates: Rates, engine: str, process: Process) -> None:
    with process:
        said = process.read_json(timeout_s=LIMIT_S)
        process.wait(STOP_S)  # It has something to clear away.
    for cell in CELLS:
        rates.setdefault((engine, cell), []).append(said[cell])


def _lines(own: Rates, other: Rates, note: str) -> Iterator[Line]:
    for (engine, cell), rates in own.items():
        name = f"no-op jobs {cell} on {ENGINES[engine]}"
        others = other.get((engine, cell), [])
        values = tuple(map(ratio, rates, others))
        yield Line(f"{name} / FastStream", "x", values, Goal(1), note)
        yield Line(f"{name}: Ponte", "jobs/s", tuple(rates))
        yield Line(f"{name}: FastStream", "jobs/s", tuple(others), None, note)
