"""Destinations of outbound webhooks: fifty on loopback, of which three are dead or hang.

They live in the load's own process, so that one clock tells when an alert was raised and
when each of them has it. What is not signed as Standard Webhooks asks is refused.
"""

import base64
import hashlib
import hmac
import re
import socket
import time
from collections.abc import Iterator

from bench.http_load import HEAD_END, RECEIVE_BYTES, content_length
from bench.processes import HOST, free_port
from bench.reactor import Reactor

DESTINATIONS = 50
DEAD, HANGING = (3,), (17, 31)
ILL = (*DEAD, *HANGING)
HEALTHY = DESTINATIONS - len(ILL)
# Not a secret: it signs what nobody but the bench reads.
SECRET = "bench-signing-key-that-opens-nothing"  # noqa: S105 - not one

_SENT = re.compile(rb"POST /d/(\d+) ")
_RAISED = re.compile(rb"raised at (\d+\.\d+)")
_HEADER = re.compile(rb"^webhook-(id|timestamp|signature): (.*)\r$", re.MULTILINE | re.IGNORECASE)
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
_REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


class Destinations:
    """Listens; `waits` has the seconds from raised to received of each first delivery."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._sockets: list[socket.socket] = []
        self._good, self._mute = self._listen(answers=True), self._listen(answers=False)
        self._dead = free_port()
        self.waits: dict[tuple[int, bytes], float] = {}
        self.unsigned = 0

    def urls(self) -> list[str]:
        """Return the address of each."""
        return [f"http://{HOST}:{self._port(number)}/d/{number}" for number in range(DESTINATIONS)]

    def _port(self, number: int) -> int:
        if number in DEAD:
            return self._dead
        return self._mute if number in HANGING else self._good

    def forget(self) -> None:
        """Begin a round."""
        self.waits.clear()

    def _listen(self, *, answers: bool) -> int:
        listener = socket.create_server((HOST, 0), backlog=1024)
        self._sockets.append(listener)
        self._reactor.add(listener.fileno(), lambda: self._accept(listener, answers=answers))
        return int(listener.getsockname()[1])

    def _accept(self, listener: socket.socket, *, answers: bool) -> None:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets.append(sock)
        rest = bytearray()
        self._reactor.add(sock.fileno(), lambda: self._on_readable(sock, rest, answers=answers))

    def _on_readable(self, sock: socket.socket, rest: bytearray, *, answers: bool) -> None:
        try:
            data = sock.recv(RECEIVE_BYTES)
        except ConnectionError:
            data = b""
        if not data:
            self._reactor.remove(sock.fileno())
            self._sockets.remove(sock)
            sock.close()
            return
        if not answers:
            return
        rest += data
        for request in _whole(rest):
            sock.sendall(_TAKEN if self._take(request) else _REFUSED)

    def _take(self, request: bytes) -> bool:
        now = time.perf_counter()
        sent, raised = _SENT.match(request), _RAISED.search(request)
        if sent is None or not _signed(request):
            self.unsigned += 1
            return False
        if raised is not None:  # else a notice of Ponte's own, about a breaker
            at = raised.group(1)
            self.waits.setdefault((int(sent.group(1)), at), now - float(at))
        return True

    def close(self) -> None:
        """Close the ports and what is connected to them."""
        for sock in self._sockets:
            self._reactor.remove(sock.fileno())
            sock.close()


def _whole(rest: bytearray) -> Iterator[bytes]:
    """Take each whole request out of what was received."""
    while (head := rest.find(HEAD_END)) >= 0:
        end = head + 4 + content_length(bytes(rest), head)
        if len(rest) < end:
            return
        yield bytes(rest[:end])
        del rest[:end]


def _signed(request: bytes) -> bool:
    head, _, body = request.partition(HEAD_END)
    found = {name.lower(): value for name, value in _HEADER.findall(head + b"\r\n")}
    signed = b".".join((found.get(b"id", b""), found.get(b"timestamp", b""), body))
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    return hmac.compare_digest(b"v1," + base64.b64encode(digest), found.get(b"signature", b""))
