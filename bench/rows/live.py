"""Live: what people wait for while orders come in and sockets are open.

Three waits under two loads: from a sale to its `pedido.concluido` frame, from a question
on `/ws/estoque` to its answer, and from a sale that crosses the minimum to the call of
Telegram. All of them count from the moment the request was meant to be sent.
"""

import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

from bench import orders, ponte
from bench.http_load import HttpPool
from bench.reactor import Reactor
from bench.result import Goal, Line, Result
from bench.rows.ingest import ACCEPTED
from bench.samples import p99_ms
from bench.setup import Setup
from bench.telegram import Recorder
from bench.watch import Watch
from bench.ws_load import WsReader, WsSwarm

# (orders a second, anonymous sockets)
LOADS = ((50, 1000), (200, 100))
CONNECTIONS = 32
QUESTIONS_A_SECOND = 20.0
# Below the one message a second that Telegram allows a chat.
CROSSINGS_A_SECOND = 0.9
NOTICE_S = 5.0
REF = re.compile(rb'"ref":"(\d+)"')
GOALS = {
    "concluido": Goal(50, 20, at_most=True),
    "answer": Goal(20, 5, at_most=True),
    "telegram": Goal(250, 100, at_most=True),
}
NAMES = {
    "concluido": "sale → concluido on a WebSocket, p99",
    "answer": "WebSocket question → answer, p99",
    "telegram": "sale → Telegram called, p99",
}


@dataclass
class Waits:
    """The seconds waited in one round; `lost` counts what never came."""

    concluido: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)
    telegram: list[float] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)

    def p99_ms(self, what: str) -> float:
        """Return a p99; NaN, which fails its goal, when something never came."""
        return float("nan") if self.lost.get(what) else p99_ms(getattr(self, what))


class Questions:
    """One anonymous socket on `/ws/estoque` that asks about products."""

    def __init__(self, reactor: Reactor, shop: ponte.Installation) -> None:
        self.asked: dict[int, float] = {}
        self.answers: list[float] = []
        self._numbers = count(1)
        self._socket = WsReader(reactor, shop.address, path="/ws/estoque", on_frame=self._on_frame)

    def ask(self, intended: float) -> None:
        """Ask about one product."""
        number = next(self._numbers)
        self.asked[number] = intended
        sku = orders.PRODUCTS[number % len(orders.PRODUCTS)].encode()
        self._socket.send(b'{"acao":"consultar","ref":"%d","produto_id":"%s"}' % (number, sku))

    def _on_frame(self, payload: bytes, now: float) -> None:
        found = REF.search(payload)
        if found is not None and b'"resposta"' in payload:
            self.answers.append(now - self.asked.pop(int(found.group(1))))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Crossings:
    """Sales of the last unit above the minimum, a product each."""

    def __init__(self, shop: ponte.Installation, products: list[str]) -> None:
        self.sold: dict[str, float] = {}
        self._products = iter(products)
        self._port = shop.port
        self._run = uuid4().hex[:12]

    def request(self, intended: float) -> bytes:
        """Return the order for the next product."""
        sku = next(self._products)
        self.sold[sku] = intended
        name = f"{self._run}-{sku}"
        return orders.order(self._port, ponte.ADMIN_KEY.encode(), name=name, sku=sku.encode())


def measure(setup: Setup) -> Result:
    """Run both loads in turn, round after round, on one installation."""
    seconds = setup.pick(15, 4)
    waits: dict[tuple[int, int], list[Waits]] = {load: [] for load in LOADS}
    with ExitStack() as stack:
        reactor = Reactor()
        recorder = Recorder(reactor)
        stack.callback(recorder.close)
        shop = ponte.install(setup, "live", **recorder.environment())
        process = stack.enter_context(shop.serving("up"))
        each = int(seconds * CROSSINGS_A_SECOND) + 2
        low = [f"LOW-{number:05d}" for number in range(len(LOADS) * setup.rounds * each)]
        shop.seed(ponte.full_shop() | dict.fromkeys(low, ponte.LOW_STOCK))
        for _ in range(setup.rounds):
            for load in LOADS:
                crossings = Crossings(shop, [low.pop() for _ in range(each)])
                round_ = _Round(reactor, shop, recorder=recorder, crossings=crossings)
                waits[load].append(round_.run(load, seconds=seconds))
                process.settle()
    return Result("live", tuple(_lines(waits)), {"lost": _lost(waits)})


class _Round:
    """One load for some seconds, with everything that listens meanwhile."""

    def __init__(
        self,
        reactor: Reactor,
        shop: ponte.Installation,
        *,
        recorder: Recorder,
        crossings: Crossings,
    ) -> None:
        self._reactor = reactor
        self._shop = shop
        self._recorder = recorder
        self._crossings = crossings

    def run(self, load: tuple[int, int], *, seconds: float) -> Waits:
        """Offer the load and wait for the rest."""
        rate, sockets = load
        with ExitStack() as stack:
            swarm = WsSwarm(self._reactor, self._shop.address, path="/ws", clients=sockets)
            stack.callback(swarm.close)
            pool = HttpPool(self._reactor, self._shop.address, connections=CONNECTIONS)
            stack.callback(pool.close)
            watch = Watch(self._reactor, self._shop)
            stack.callback(watch.close)
            watch.follow(pool)
            questions = Questions(self._reactor, self._shop)
            stack.callback(questions.close)
            # Greetings and snapshots are not part of the load.
            self._reactor.run(1.0)
            self._reactor.every(QUESTIONS_A_SECOND, questions.ask)
            self._reactor.every(CROSSINGS_A_SECOND, lambda at: self._cross(pool, at))
            sent = orders.requests(self._shop.port, ponte.ADMIN_KEY)
            pool.open(sent, rate=rate, seconds=seconds).only(ACCEPTED)
            watch.drain()
            self._reactor.run(NOTICE_S, until=self._all_noticed)
            return self._waits(watch, questions, swarm=swarm)

    def _cross(self, pool: HttpPool, intended: float) -> None:
        pool.submit(self._crossings.request(intended), intended)

    def _all_noticed(self) -> bool:
        return self._crossings.sold.keys() <= self._recorder.seen.keys()

    def _waits(self, watch: Watch, questions: Questions, *, swarm: WsSwarm) -> Waits:
        sold, seen = self._crossings.sold, self._recorder.seen
        concluido = watch.latencies()
        return Waits(
            concluido=concluido,
            answer=questions.answers,
            telegram=[seen[sku] - at for sku, at in sold.items() if sku in seen],
            lost={
                "concluido": len(watch.sent) - len(concluido) + swarm.lost,
                "answer": len(questions.asked),
                "telegram": len(sold.keys() - seen.keys()),
            },
        )


def _lines(waits: dict[tuple[int, int], list[Waits]]) -> list[Line]:
    lines = []
    for what, goal in GOALS.items():
        for (rate, sockets), rounds in waits.items():
            name = f"{NAMES[what]}, {rate}/s with {sockets:,} sockets"
            values = tuple(each.p99_ms(what) for each in rounds)
            lost = sum(each.lost.get(what, 0) for each in rounds)
            lines.append(Line(name, "ms", values, goal, f"{lost} never came" if lost else ""))
    return lines


def _lost(waits: dict[tuple[int, int], list[Waits]]) -> dict[str, list[dict[str, int]]]:
    return {str(load): [each.lost for each in rounds] for load, rounds in waits.items()}
