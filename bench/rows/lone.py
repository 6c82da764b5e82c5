"""Lone client: what one order costs when nobody else is there to share a commit with.

Held against the sum of the two things it cannot do without: one plain FULL transaction
on this disk, and one bare HTTP request on the same server.
"""

from contextlib import ExitStack

from bench import ponte
from bench.http_load import HttpPool
from bench.orders import requests
from bench.processes import HOST, Process, serve
from bench.reactor import Reactor
from bench.result import Goal, Line, Result, ratio
from bench.rows.ingest import ACCEPTED
from bench.samples import MS, median_ms
from bench.setup import Setup


def measure(setup: Setup) -> Result:
    """Take the medians of all three in turn, round after round."""
    own, bare, plain = [], [], []
    seconds, times = setup.pick(3, 1), int(setup.pick(2000, 500))
    with ExitStack() as stack:
        hello = stack.enter_context(serve("hello", [], log=setup.log("hello")))
        hello_pool = _lone(int(hello.read_json()["port"]))
        shop = ponte.install(setup, "lone")
        web = stack.enter_context(shop.serving("web"))
        shop.seed(ponte.full_shop())
        shop_pool = _lone(shop.port)
        key = shop.selling_key()
        # The write-ahead log grows to its full length first: later commits overwrite it.
        _request_ms(shop_pool, web, key=key, seconds=setup.pick(3, 1))
        for _ in range(setup.rounds):
            plain.append(_transaction_ms(setup, times))
            bare.append(_request_ms(hello_pool, hello, seconds=seconds))
            own.append(_request_ms(shop_pool, web, key=key, seconds=seconds))
    floor = [transaction + request for transaction, request in zip(plain, bare, strict=True)]
    return Result(
        "lone",
        (
            Line(
                "lone client / (one FULL transaction + bare HTTP)",
                "x",
                tuple(map(ratio, own, floor)),
                Goal(1.5, at_most=True),
            ),
            Line("lone client: Ponte", "ms", tuple(own)),
            Line("lone client: one plain FULL transaction", "ms", tuple(plain)),
            Line("lone client: bare HTTP", "ms", tuple(bare)),
        ),
    )


def _lone(port: int) -> HttpPool:
    return HttpPool(Reactor(), (HOST, port), connections=1)


def _transaction_ms(setup: Setup, times: int) -> float:
    arguments = [str(setup.path("plain.db")), str(times)]
    with serve("plain_tx", arguments, log=setup.log("plain_tx")) as process:
        return process.read_json()["median_s"] * MS


def _request_ms(pool: HttpPool, process: Process, *, seconds: float, key: str = "") -> float:
    sent = requests(pool.address[1], key)
    measured = pool.closed(sent, seconds=seconds).only(ACCEPTED)
    process.settle()
    return median_ms(measured.latencies)
