"""One keep-alive HTTP connection of the outside client, on the standard library alone.

A request ends in exactly one of two ways: an `Answer` that was read to its last
byte, or `CutOff`, after which nobody but the server knows whether it happened.
"""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any, Self

# A request takes 30 s at most; a killed server closes its sockets at once, so 10 s without
# a byte is a hang and not patience (chosen).
TIMEOUT_S = 10.0


class CutOff(Exception):
    """The connection ended before the whole answer was here; the effect is unknown."""


@dataclass(frozen=True)
class Answer:
    """What the server said: its status, its JSON and whether it asks to be asked again."""

    status: int
    body: Any
    retry_after: str | None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Wire:
    """Talk to one server; connect when needed and again after a cut."""

    def __init__(self, porta: int, chave_api: str) -> None:
        self._porta = porta
        self._headers = {"Authorization": f"Bearer {chave_api}"}
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def call(
        self, method: str, path: str, *, body: object = None, chave: str | None = None
    ) -> Answer:
        """Send one request and read its whole answer.

        Raises:
            CutOff: refused, reset, silent for too long, or cut in the middle of the answer.
        """
        headers = dict(self._headers)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if chave is not None:
            headers["Idempotency-Key"] = chave
        try:
            return self._exchange(method, path, data=data, headers=headers)
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as cause:
            self.close()
            raise CutOff(f"{type(cause).__name__}: {cause}") from cause

    def _exchange(
        self, method: str, path: str, *, data: bytes | None, headers: dict[str, str]
    ) -> Answer:
        connection = self._connected()
        connection.request(method, path, body=data, headers=headers)
        response = connection.getresponse()
        raw = response.read()
        if response.will_close:
            self.close()
        body = json.loads(raw) if raw else None
        return Answer(response.status, body, response.getheader("Retry-After"))

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            fresh = http.client.HTTPConnection("127.0.0.1", self._porta, timeout=TIMEOUT_S)
            fresh.connect()
            fresh.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = fresh
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
