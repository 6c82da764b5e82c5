"""Start: how soon Ponte is there, and what it costs while nothing happens."""

import time
from statistics import median

from bench import ponte
from bench.processes import NotReadyError, Process
from bench.result import Goal, Line, Result
from bench.samples import MS
from bench.setup import Setup

HELP_TIMES = 5
HELP_LIMIT_S = 10.0
# After this, what starting up left to do is done.
REST_S = 2.0


def measure(setup: Setup) -> Result:
    """Start, rest and stop, round after round, each on an empty data directory."""
    helps, ready, memory, cpu = [], [], [], []
    for _ in range(setup.rounds):
        helps.append(median(_help_s(setup) for _ in range(HELP_TIMES)) * MS)
        shop = ponte.install(setup, "start")
        with shop.start("up", "--port", str(shop.port)) as process:
            ready.append(shop.await_ready(process))
            time.sleep(REST_S)
            cpu.append(_idle_percent(process, setup.pick(20, 5)))
            memory.append(process.resident_mib())
    return Result(
        "start",
        (
            Line("start: ponte --help", "ms", tuple(helps), Goal(200, at_most=True)),
            Line("start: ponte up ready", "s", tuple(ready), Goal(1.5, at_most=True)),
            Line("idle: resident memory", "MiB", tuple(memory), Goal(100, at_most=True)),
            Line("idle: CPU of one core", "%", tuple(cpu), Goal(1, at_most=True)),
        ),
    )


def _help_s(setup: Setup) -> float:
    """Return how long `ponte --help` takes, from the start of the process to its end."""
    begun = time.perf_counter()
    with Process([str(setup.ponte), "--help"], log=setup.log("help"), talks=False) as process:
        if process.wait(HELP_LIMIT_S) != 0:
            raise NotReadyError("ponte --help failed")
        return time.perf_counter() - begun


def _idle_percent(process: Process, seconds: float) -> float:
    before, begun = process.cpu_s(), time.perf_counter()
    time.sleep(seconds)
    return 100 * (process.cpu_s() - before) / (time.perf_counter() - begun)
