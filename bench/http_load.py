"""HTTP load: keep-alive connections without pipelining, closed or open loop.

Written on raw sockets because every client library measured costs more than the server
it would measure. It reads only what load needs: the status, the length and the body.
"""

import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from bench.reactor import Reactor

Address = tuple[str, int]
# What an answer is told to: (tag, status, body, intended, now).
OnAnswer = Callable[[int, int, bytes, float, float], None]

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
RECEIVE_BYTES = 65_536
NOTICE_CLOSED_S = 0.05
# A server may close a connection that was idle for 5 s just as the next request leaves.
FRESH_S = 2.0


class LoadFailedError(RuntimeError):
    """The system did not do what it was asked, so its speed means nothing."""

    def __init__(self, statuses: Mapping[int, int], cut: int) -> None:
        super().__init__(f"answers {dict(statuses)}, cut off {cut}")


@dataclass
class Measured:
    """What one stretch of load saw; latencies in seconds from the intended send."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    cut: int = 0
    seconds: float = 0.0
    client_cpu_s: float = 0.0

    @property
    def answered(self) -> int:
        """How many answers came, whatever their status."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    def only(self, status: int) -> Self:
        """Return itself when every request was answered with `status`; a figure needs that.

        Raises:
            LoadFailedError: Some request was refused, failed, or never answered.
        """
        if set(self.statuses) != {status} or self.cut:
            raise LoadFailedError(self.statuses, self.cut)
        return self


class _Connection:
    """One socket with at most one request on it."""

    __slots__ = ("_pool", "_rest", "_used", "fd", "intended", "sock", "tag")

    def __init__(self, pool: "HttpPool") -> None:
        self._pool = pool
        self.intended = 0.0
        self.tag = -1
        self._open()

    def _open(self) -> None:
        self._rest = b""
        self._used = time.monotonic()
        self.sock = socket.create_connection(self._pool.address, timeout=5)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fd = self.sock.fileno()
        self._pool.reactor.add(self.fd, self.on_readable)

    def send(self, request: bytes, *, tag: int, intended: float) -> None:
        if time.monotonic() - self._used > FRESH_S:
            self._reopen()
        self.tag = tag
        self.intended = intended
        self.sock.sendall(request)

    def on_readable(self) -> None:
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except ConnectionError:
            data = b""
        if not data:
            self._reopen()
            return
        if self._rest:
            data = self._rest + data
        head = data.find(HEAD_END)
        if head < 0 or len(data) < head + 4 + content_length(data, head):
            self._rest = data
            return
        self._rest = b""
        self._used = time.monotonic()
        self._pool.answered(self, data, head + 4)

    def _reopen(self) -> None:
        """Connect again; only a connection that carried a request counts as cut."""
        self.close()
        self._open()
        if self.tag >= 0:
            self._pool.lost(self)

    def close(self) -> None:
        self._pool.reactor.remove(self.fd)
        self.sock.close()


def content_length(data: bytes, head: int) -> int:
    """Return how long the body is of the message whose head ends at `head`."""
    at = data.find(LENGTH, 0, head)
    if at < 0:
        at = data[:head].lower().find(LENGTH)
        if at < 0:
            return 0
    return int(data[at + len(LENGTH) : data.index(b"\r", at)])


class HttpPool:
    """Keep-alive connections to one address, sharing a reactor with whatever else listens."""

    def __init__(self, reactor: Reactor, address: Address, *, connections: int) -> None:
        self.reactor = reactor
        self.address = address
        self._connections = [_Connection(self) for _ in range(connections)]
        self._free = list(self._connections)
        self._waiting: deque[tuple[bytes, int, float]] = deque()
        self._next: Callable[[], bytes] | None = None
        self._on_answer: OnAnswer | None = None
        self._measured = Measured()
        self._sent = 0

    @property
    def under_way(self) -> int:
        """Requests sent or waiting for a free connection."""
        return len(self._connections) - len(self._free) + len(self._waiting)

    def listen(self, on_answer: OnAnswer | None) -> None:
        """Have every answer told to `on_answer` as well."""
        self._on_answer = on_answer

    def submit(self, request: bytes, intended: float) -> int:
        """Send now, or as soon as a connection is free; return the request's tag."""
        tag = self._sent
        self._sent += 1
        if self._free:
            self._free.pop().send(request, tag=tag, intended=intended)
        else:
            self._waiting.append((request, tag, intended))
        return tag

    def answered(self, connection: _Connection, data: bytes, body_at: int) -> None:
        """Take one whole answer and give the connection its next request."""
        now = time.perf_counter()
        status = int(data[9:12])
        self._measured.statuses[status] += 1
        self._measured.latencies.append(now - connection.intended)
        if self._on_answer is not None:
            self._on_answer(connection.tag, status, data[body_at:], connection.intended, now)
        self._release(connection)

    def lost(self, connection: _Connection) -> None:
        """Count a request whose connection was cut."""
        self._measured.cut += 1
        self._release(connection)

    def _release(self, connection: _Connection) -> None:
        connection.tag = -1
        if self._waiting:
            request, tag, intended = self._waiting.popleft()
            connection.send(request, tag=tag, intended=intended)
        elif self._next is not None:
            self._sent += 1
            connection.send(self._next(), tag=self._sent - 1, intended=time.perf_counter())
        else:
            self._free.append(connection)

    def closed(self, requests: Iterator[bytes], *, seconds: float) -> Measured:
        """Keep every connection busy for `seconds`: this finds the capacity."""
        self._start()
        self._next = requests.__next__
        begun = time.perf_counter()
        for connection in self._free:
            self._sent += 1
            connection.send(next(requests), tag=self._sent - 1, intended=time.perf_counter())
        self._free = []
        self.reactor.run(seconds)
        return self._finish(begun, seconds)

    def count(self, requests: Iterator[bytes], *, number: int, limit_s: float) -> Measured:
        """Send exactly `number` requests as fast as the connections allow."""
        self._start()
        begun = time.perf_counter()
        for _ in range(number):
            self.submit(next(requests), begun)
        self.reactor.run(limit_s, until=lambda: not self.under_way)
        return self._finish(begun, time.perf_counter() - begun)

    def open(self, requests: Iterator[bytes], *, rate: float, seconds: float) -> Measured:
        """Offer `rate` a second whatever the answers do; latency from the intended send."""
        self._start()
        begun = time.perf_counter()
        self.reactor.every(rate, lambda intended: self._offer(requests, intended))
        self.reactor.run(seconds)
        return self._finish(begun, seconds)

    def _offer(self, requests: Iterator[bytes], intended: float) -> None:
        self.submit(next(requests), intended)

    def _start(self) -> None:
        # A server closes idle connections; those must be new before a request goes out on them.
        self.reactor.run(NOTICE_CLOSED_S)
        self._measured = Measured(client_cpu_s=time.process_time())

    def _finish(self, begun: float, seconds: float) -> Measured:
        """Stop sending and wait a little for what is under way; its rate counts the asked time."""
        measured = self._measured
        on_time = measured.answered
        measured.client_cpu_s = time.process_time() - measured.client_cpu_s
        self._next = None
        self.reactor.stop_pacers()
        self.reactor.run(10, until=lambda: not self.under_way)
        measured.cut += self.under_way
        late = measured.answered - on_time
        measured.seconds = seconds if not late else time.perf_counter() - begun
        return measured

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            connection.close()
