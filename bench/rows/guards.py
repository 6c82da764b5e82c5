"""Guards: what limiter, breaker and retry cost a call, beside three libraries and beside Redis."""

from bench import engines
from bench.baselines import baseline, why
from bench.processes import NotAvailableError, NotReadyError, Process, serve
from bench.result import Goal, Line, Result, ratio
from bench.setup import Setup

LIMIT_S = 120.0


def measure(setup: Setup) -> Result:
    """Guard as many calls with each, in turn, round after round."""
    calls, shared = int(setup.pick(50_000, 5_000)), int(setup.pick(3_000, 300))
    own: list[float] = []
    stack: list[float] = []
    trips: list[dict[str, float]] = []
    note = absent = ""
    for _ in range(setup.rounds):
        own.append(_us(serve("ponte_guards", [str(calls)], log=setup.log("guards"))))
        try:
            stack.append(_us(baseline(setup, "stack_guards", [str(calls // 10)])))
        except NotReadyError as error:
            note = why(error)
        try:
            with engines.running("redis", setup) as url:
                arguments = [url, str(shared)]
                with serve("ponte_shared", arguments, log=setup.log("shared")) as process:
                    trips.append(process.read_json(timeout_s=LIMIT_S))
        except NotAvailableError as error:
            absent = str(error)
    guarded, evalsha, get = ([t[k] for t in trips] for k in ("guarded", "evalsha", "get"))
    against = tuple(map(ratio, stack, own))
    most = Goal(1.3, at_most=True)
    return Result(
        "guards",
        (
            Line("guards: limiter + breaker + retry", "µs", tuple(own), Goal(3, at_most=True)),
            Line("guards: limits + purgatory + tenacity / Ponte", "x", against, None, note),
            Line("guards: limits + purgatory + tenacity", "µs", tuple(stack), None, note),
            Line(
                "guards shared over Redis / the script's bare EVALSHA",
                "x",
                tuple(map(ratio, guarded, evalsha)),
                most,
                absent,
            ),
            Line("guards shared / a bare GET", "x", tuple(map(ratio, guarded, get))),
            Line("guards shared over Redis: Ponte", "µs", tuple(guarded)),
            Line("guards shared: bare EVALSHA", "µs", tuple(evalsha)),
            Line("guards shared: bare GET", "µs", tuple(get)),
        ),
        {"calls": calls, "shared calls": shared},
    )


def _us(process: Process) -> float:
    with process:
        return process.read_json(timeout_s=LIMIT_S)["us"]
