"""WebSocket load: one socket that reads every frame, and a swarm that only counts bytes.

Frames from a server are never masked, so a reader needs just the two length rules of
RFC 6455 section 5.2. The swarm is kept this cheap so that a thousand clients on the load
core cost less than the one server that feeds them.
"""

import base64
import os
import resource
import socket
import time
from collections.abc import Callable, Mapping
from itertools import count

from bench.http_load import HEAD_END, Address
from bench.reactor import Reactor

# What a frame is told to: (payload, moment it was read).
OnFrame = Callable[[bytes, float], None]

RECEIVE_BYTES = 262_144
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
MASK_KEY = bytes(4)  # A zero key leaves the payload as it is; legal, and free.


class HandshakeRefusedError(RuntimeError):
    """The server did not answer 101; nothing is connected."""


def raise_descriptor_limit(wanted: int) -> None:
    """Allow this process (and its children) `wanted` open sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, ceiling), hard))


def _handshake_request(path: str, address: Address, headers: Mapping[str, str]) -> bytes:
    fields = {
        "Host": f"{address[0]}:{address[1]}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()


def _begin(path: str, address: Address, headers: Mapping[str, str]) -> socket.socket:
    sock = socket.create_connection(address, timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(_handshake_request(path, address, headers))
    return sock


def _accept(sock: socket.socket) -> bytes:
    """Read the server's 101 and return what came after it."""
    data = b""
    while HEAD_END not in data:
        more = sock.recv(RECEIVE_BYTES)
        if not more:
            break
        data += more
    head, _, rest = data.partition(HEAD_END)
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        sock.close()
        raise HandshakeRefusedError(head.decode("latin-1"))
    return rest


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Encode one masked client frame."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    else:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    return head + MASK_KEY + payload


class WsReader:
    """One client that reads every text frame and answers pings."""

    def __init__(
        self,
        reactor: Reactor,
        address: Address,
        *,
        path: str,
        on_frame: OnFrame,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._reactor = reactor
        self._on_frame = on_frame
        self._sock = _begin(path, address, headers or {})
        self._rest = bytearray(_accept(self._sock))
        self.close_code: int | None = None
        reactor.add(self._sock.fileno(), self._on_readable)
        self._read_frames(time.perf_counter())

    def send(self, payload: bytes) -> None:
        """Send one text frame."""
        self._sock.sendall(frame(payload))

    def _on_readable(self) -> None:
        data = self._sock.recv(RECEIVE_BYTES)
        if not data:
            self.close_code = self.close_code or 1006
            self._reactor.remove(self._sock.fileno())
            return
        self._rest += data
        self._read_frames(time.perf_counter())

    def _read_frames(self, now: float) -> None:
        data, at = self._rest, 0
        while (bounds := _bounds(data, at)) is not None:
            start, end = bounds
            self._take(data[at] & 0x0F, bytes(data[start:end]), now)
            at = end
        if at:
            del data[:at]

    def _take(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == TEXT:
            self._on_frame(payload, now)
        elif opcode == PING:
            self._sock.sendall(frame(payload, PONG))
        elif opcode == CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big")

    def close(self) -> None:
        """Close without a closing handshake; the bench is over for this socket."""
        if self._sock.fileno() >= 0:
            self._reactor.remove(self._sock.fileno())
        self._sock.close()


def _bounds(data: bytearray, at: int) -> tuple[int, int] | None:
    """Return where the payload of the frame at `at` starts and ends; None when incomplete."""
    have = len(data) - at
    if have < 2:
        return None
    size, start = data[at + 1] & 0x7F, at + 2
    if size == 126:
        start, size = at + 4, int.from_bytes(data[at + 2 : at + 4], "big")
    elif size == 127:
        start, size = at + 10, int.from_bytes(data[at + 2 : at + 10], "big")
    if len(data) < start or len(data) < start + size:
        return None
    return start, start + size


class _Counter:
    """One socket of a swarm: the bytes it got and the moment of the last ones."""

    __slots__ = ("_swarm", "bytes", "last", "sock")

    def __init__(self, swarm: "WsSwarm", sock: socket.socket, already: int) -> None:
        self._swarm = swarm
        self.sock = sock
        self.bytes = already
        self.last = 0.0

    def on_readable(self) -> None:
        buffer = self._swarm.buffer
        try:
            got = self.sock.recv_into(buffer)
        except ConnectionError:
            got = 0
        if not got:
            self._swarm.dropped(self)
            return
        if buffer[0] == 0x80 | PING:
            self.sock.sendall(frame(bytes(buffer[2 : 2 + buffer[1]]), PONG))
            return
        self.bytes += got
        self.last = time.perf_counter()
        self._swarm.bytes += got


class WsSwarm:
    """Many clients on one path; what they got is known in bytes, not in frames."""

    # Handshakes under way at once: below the listen backlog, above one round trip each.
    WAVE = 64

    def __init__(self, reactor: Reactor, address: Address, *, path: str, clients: int) -> None:
        raise_descriptor_limit(clients + 1024)
        self.buffer = bytearray(RECEIVE_BYTES)
        self.bytes = 0
        self.lost = 0
        self._reactor = reactor
        self.counters: list[_Counter] = []
        while len(self.counters) < clients:
            self._connect(address, path=path, clients=min(self.WAVE, clients - len(self.counters)))

    def _connect(self, address: Address, *, path: str, clients: int) -> None:
        for sock in [_begin(path, address, {}) for _ in range(clients)]:
            counter = _Counter(self, sock, len(_accept(sock)))
            self.counters.append(counter)
            self._reactor.add(sock.fileno(), counter.on_readable, bulk=True)

    def zero(self) -> None:
        """Start counting again, after snapshots and greetings have come in."""
        self.bytes = 0
        for counter in self.counters:
            counter.bytes = 0

    def stall(self, number: int) -> None:
        """Stop reading on the last `number` clients, as a phone in a lift does."""
        for counter in self.counters[-number:]:
            self._reactor.remove(counter.sock.fileno())

    def dropped(self, counter: _Counter) -> None:
        """Take a client that the server closed out of the loop."""
        self.lost += 1
        self._reactor.remove(counter.sock.fileno())
        counter.sock.close()

    def close(self) -> None:
        """Close every client."""
        for counter in self.counters:
            if counter.sock.fileno() >= 0:
                self._reactor.remove(counter.sock.fileno())
                counter.sock.close()


def references() -> Callable[[], str]:
    """Return a source of short references for requests over a socket."""
    numbers = count(1)
    return lambda: str(next(numbers))
