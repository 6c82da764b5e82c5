"""Rede: every call of the process to another, by host name and without a socket.

An answer is there as soon as it is whole, as over a wire: what an app does after it (the
receipts of a platform) goes on beside it, and a caller who hangs up does not stop it; the
answer that came too late is kept in `tarde`.
"""

import asyncio
import time
from collections import deque
from collections.abc import MutableMapping
from functools import partial
from typing import Any

import httpx2
from starlette.types import ASGIApp

Message = MutableMapping[str, Any]


class Rede(httpx2.AsyncBaseTransport):
    """All apps by host."""

    def __init__(self) -> None:
        self.apps: dict[str, ASGIApp] = {}
        self.tarde: deque[tuple[str, bytes, float]] = deque()  # host, body, when it was given up
        self._running: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Tell whether any app is at work."""
        return bool(self._running)

    def install(self) -> None:
        """Let each client of the process that names no transport use this one."""

        def transport(_client: Any, *_args: Any, **kwargs: Any) -> httpx2.AsyncBaseTransport:
            given: httpx2.AsyncBaseTransport | None = kwargs.get("transport")
            return self if given is None else given

        setattr(httpx2.AsyncClient, "_init_transport", transport)  # noqa: B010 - mypy: a method

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass one request to its app."""
        app = self.apps.get(request.url.host)
        if app is None:
            msg = f"nobody listens at {request.url.host}"
            raise httpx2.ConnectError(msg)
        trace = request.extensions.get("trace")
        if trace is not None:  # a call that is cut from here on may have had its effect
            await trace("http11.send_request_headers.started", {})
        troca = _Troca(await request.aread())
        task = asyncio.create_task(troca.run(app, _scope(request)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(troca.answer)
        except asyncio.CancelledError:
            troca.answer.add_done_callback(partial(self._late, request.url.host, time.time()))
            raise

    def _late(self, host: str, em_s: float, answer: asyncio.Future[httpx2.Response]) -> None:
        if answer.exception() is None:
            self.tarde.append((host, answer.result().content, em_s))


class _Troca:
    """One request and its answer."""

    def __init__(self, corpo: bytes) -> None:
        self.answer: asyncio.Future[httpx2.Response] = asyncio.get_running_loop().create_future()
        self._corpo: bytes | None = corpo
        self._parts: list[bytes] = []
        self._start: Message = {}

    async def run(self, app: ASGIApp, scope: Message) -> None:
        """Run the app; an error of it is the caller's."""
        try:
            await app(scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001 - a server would answer 500
            if not self.answer.done():
                self.answer.set_exception(httpx2.RemoteProtocolError(repr(error)))

    async def _receive(self) -> Message:
        if self._corpo is None:
            await asyncio.shield(self.answer)
            return {"type": "http.disconnect"}
        corpo, self._corpo = self._corpo, None
        return {"type": "http.request", "body": corpo, "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if not message.get("more_body") and not self.answer.done():
                self.answer.set_result(
                    httpx2.Response(
                        self._start["status"],
                        headers=list(self._start.get("headers", [])),
                        content=b"".join(self._parts),
                    )
                )


def _scope(request: httpx2.Request) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(k.lower(), v) for k, v in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port or 80),
        "client": ("127.0.0.1", 9),
        "root_path": "",
    }
