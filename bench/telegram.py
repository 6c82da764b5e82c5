"""A recorder in the place of Telegram: answers `sendMessage`, and remembers when it was called.

It lives in the load's own reactor, so that the moment of a sale and the moment of its
notice are read from one clock by one process.
"""

import json
import re
import socket
import time

from bench.http_load import HEAD_END, RECEIVE_BYTES, Address, content_length
from bench.reactor import Reactor

# The products whose sale crosses their minimum; the notice names the one it is about.
LOW = re.compile(rb"LOW-\d{5}")
RESULT = {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}, "text": ""}
BOT = {"id": 1, "is_bot": True, "first_name": "bench", "username": "bench_bot"}


class Recorder:
    """Listens on a loopback port; `seen` has the first moment each product was named."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self.address: Address = self._listener.getsockname()
        self.seen: dict[str, float] = {}
        self.calls = 0
        reactor.add(self._listener.fileno(), self._accept)

    def environment(self) -> dict[str, str]:
        """Return the settings that make Ponte send its notices here."""
        return {
            "PONTE_TELEGRAM__BOT_TOKEN": "1:not-a-real-token",
            "PONTE_TELEGRAM__CHAT_ID": "1",
            "PONTE_TELEGRAM__BASE_URL": f"http://{self.address[0]}:{self.address[1]}",
        }

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        self._sockets.append(sock)
        rest = bytearray()
        self._reactor.add(sock.fileno(), lambda: self._on_readable(sock, rest))

    def _on_readable(self, sock: socket.socket, rest: bytearray) -> None:
        data = sock.recv(RECEIVE_BYTES)
        if not data:
            self._reactor.remove(sock.fileno())
            sock.close()
            return
        rest += data
        head = rest.find(HEAD_END)
        if head >= 0 and len(rest) >= head + 4 + content_length(bytes(rest), head):
            self._take(bytes(rest))
            sock.sendall(_answer(bytes(rest.split(b" ", 2)[1])))
            rest.clear()

    def _take(self, request: bytes) -> None:
        self.calls += 1
        named = LOW.search(request)
        if named is not None:
            self.seen.setdefault(named.group().decode(), time.perf_counter())

    def close(self) -> None:
        """Close the port and what is connected to it."""
        for sock in self._sockets:
            if sock.fileno() >= 0:
                self._reactor.remove(sock.fileno())
                sock.close()


def _answer(path: bytes) -> bytes:
    result = BOT if path.endswith(b"/getMe") else RESULT
    body = json.dumps({"ok": True, "result": result}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body
