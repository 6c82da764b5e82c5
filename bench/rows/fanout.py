"""Fan-out: one 200-byte frame to every client of one core, Ponte's hub beside picows.

Frames go out in bursts, the next one when the last has arrived everywhere: an unbounded
burst would measure how much a kernel buffers, and a hub that bounds its queues would
rightly drop the clients that it is faster than.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from bench.http_load import Address
from bench.processes import HOST, Process, serve
from bench.reactor import Reactor
from bench.result import Goal, Line, Result, ratio
from bench.servers.control import PAYLOAD
from bench.setup import Setup
from bench.ws_load import WsSwarm

# A server's text frame of 126 to 65,535 bytes has a head of four.
FRAME_BYTES = len(PAYLOAD) + 4
PONTE, PICOWS, SEQUENTIAL = "ponte_fanout", "picows_fanout", "sequential_fanout"
SIDES = (PICOWS, PONTE, SEQUENTIAL)
# How many frames of one burst are on their way, over all clients.
BURST = 100_000
# One read then takes several frames; a read each would make the load the limit.
NAP_S = 0.02
LIMIT_S = 30.0
GOALS = {1000: (Goal(0.8), Goal(2)), 5000: (Goal(0.8), Goal(1.4))}
STALL_CLIENTS = 100
# A stalled phone's kernel takes no more than this.
STALLED = 1


@dataclass
class Server:
    """A running fan-out server and the line that makes it speak."""

    process: Process
    address: Address
    control: socket.socket

    def burst(self, frames: int) -> None:
        """Ask for `frames` broadcasts."""
        self.control.sendall(b"%d\n" % frames)


@contextmanager
def running(setup: Setup, name: str) -> Iterator[Server]:
    """Run one of the servers."""
    with serve(name, [str(setup.path(name))], log=setup.log(name)) as process:
        facts: dict[str, float] = {}
        while not {"port", "control"} <= set(facts):
            facts |= process.read_json()
        with socket.create_connection((HOST, int(facts["control"])), timeout=5) as control:
            yield Server(process, (HOST, int(facts["port"])), control)


def measure(setup: Setup) -> Result:
    """Feed 1,000 and 5,000 clients from each server in turn, then one with a stalled client."""
    lines: list[Line] = []
    for clients, goals in GOALS.items():
        rates: dict[str, list[float]] = {name: [] for name in SIDES}
        for _ in range(setup.rounds):
            for name in SIDES:
                rates[name].append(_frames_a_second(setup, name, clients=clients))
        lines += _lines(clients, goals, rates)
    shares = tuple(_healthy_share(setup) for _ in range(setup.rounds))
    lines.append(Line("fan-out: frames to healthy clients, one stalled", "%", shares, Goal(100)))
    return Result("fanout", tuple(lines))


def _lines(clients: int, goals: tuple[Goal, Goal], rates: dict[str, list[float]]) -> list[Line]:
    ponte, picows, sequential = rates[PONTE], rates[PICOWS], rates[SEQUENTIAL]
    name = f"fan-out to {clients:,}"
    return [
        Line(f"{name} / picows server", "x", tuple(map(ratio, ponte, picows)), goals[0]),
        Line(f"{name} / sequential send_text", "x", tuple(map(ratio, ponte, sequential)), goals[1]),
        Line(f"{name}: Ponte's hub", "frames/s", tuple(ponte)),
        Line(f"{name}: picows", "frames/s", tuple(picows)),
        Line(f"{name}: sequential", "frames/s", tuple(sequential)),
    ]


def _frames_a_second(setup: Setup, name: str, *, clients: int) -> float:
    """Send bursts until about a million frames have arrived; count whole arrivals only."""
    per_burst = max(1, BURST // clients)
    bursts = int(setup.pick(10, 4))
    reactor = Reactor()
    reactor.nap_s = NAP_S
    with running(setup, name) as server:
        swarm = WsSwarm(reactor, server.address, path="/ws", clients=clients)
        _burst(server, swarm, reactor=reactor, frames=1)
        begun = time.perf_counter()
        whole = all(_burst(server, swarm, reactor=reactor, frames=per_burst) for _ in range(bursts))
        spent = time.perf_counter() - begun
        swarm.close()
    return clients * per_burst * bursts / spent if whole else float("nan")


def _burst(server: Server, swarm: WsSwarm, *, reactor: Reactor, frames: int) -> bool:
    """Send one burst and wait until every client has all of it."""
    swarm.zero()
    wanted = FRAME_BYTES * frames * len(swarm.counters)
    server.burst(frames)
    reactor.run(LIMIT_S, until=partial(_has, swarm, wanted))
    return swarm.bytes == wanted


def _has(swarm: WsSwarm, wanted: int) -> bool:
    return swarm.bytes >= wanted


def _healthy_share(setup: Setup) -> float:
    """Stall one of the clients and count what the others get, in percent."""
    frames, bursts = 100, int(setup.pick(200, 40))
    reactor = Reactor()
    with running(setup, PONTE) as server:
        swarm = WsSwarm(reactor, server.address, path="/ws", clients=STALL_CLIENTS)
        swarm.zero()
        swarm.stall(STALLED)
        healthy = swarm.counters[:-STALLED]
        for number in range(1, bursts + 1):
            wanted = FRAME_BYTES * frames * number * len(healthy)
            server.burst(frames)
            reactor.run(2.0, until=partial(_has, swarm, wanted))
        got = sum(counter.bytes for counter in healthy)
        swarm.close()
    return 100.0 * got / (FRAME_BYTES * frames * bursts * len(healthy))
