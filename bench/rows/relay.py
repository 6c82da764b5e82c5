"""Relay: from the outbox on PostgreSQL to RabbitMQ, beside aio-pika alone with 64 in flight."""

from bench import engines
from bench.processes import STOP_S, serve
from bench.result import Goal, Line, Result, ratio
from bench.setup import Setup

LIMIT_S = 120.0


def measure(setup: Setup) -> Result:
    """Publish as many with each, in turn, round after round, to a queue made for it."""
    rows = int(setup.pick(20_000, 3000))
    own: list[float] = []
    raw: list[float] = []
    with engines.postgres() as server, engines.running("rabbitmq", setup) as queue:
        for _ in range(setup.rounds):
            raw.append(_rate(setup, "raw_relay", queue, str(rows)))
            own.append(_rate(setup, "ponte_relay", server.migrated(), queue, str(rows)))
    return Result(
        "relay",
        (
            Line(
                "relay outbox → RabbitMQ with confirms / raw aio-pika, 64 in flight",
                "x",
                tuple(map(ratio, own, raw)),
                Goal(0.6, 0.8),
            ),
            Line("relay: Ponte", "msg/s", tuple(own)),
            Line("relay: raw aio-pika", "msg/s", tuple(raw)),
        ),
        {"messages": rows},
    )


def _rate(setup: Setup, name: str, *arguments: str) -> float:
    with serve(name, arguments, log=setup.log(name)) as process:
        rate = process.read_json(timeout_s=LIMIT_S)["rate"]
        process.wait(STOP_S)  # It has something to clear away.
        return rate
