"""Ciclo: uvicorn's cycle of one request, whose whole answer leaves in one write.

uvicorn asks a regular expression about every name and value of every header, which
costs an order as much as its validation. Here a head that came with its whole body is
joined and looked at once; anything else, and anything odd, goes uvicorn's own way.
"""

from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_BODILESS = (204, 304)


class Ciclo(RequestResponseCycle):
    """One request and its answer.

    A head waits for the first part of its body. Until then no answer has begun, so an
    error in between is still a whole 500.
    """

    _head: dict[str, Any] | None = None

    async def send(self, message: Any) -> None:
        """Take one message of the app, as ASGI has it."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None:
            if self._write_whole(head, message):
                return
            await super().send(cast("Any", head))
        await super().send(message)

    def _write_whole(self, head: dict[str, Any], message: dict[str, Any]) -> bool:
        """Write an answer that is here whole; False, and nothing written, when it is not."""
        if (
            message.get("more_body")
            or not self.keep_alive
            or self.disconnected
            or self.flow.write_paused
            or self.scope["method"] == "HEAD"
            or head["status"] in _BODILESS
        ):
            return False
        body = message.get("body", b"")
        headers = [*self.default_headers, *head.get("headers", ())]
        named = dict(headers)
        if (
            named.get(b"content-length") != b"%d" % len(body)
            or b"connection" in named
            or b"transfer-encoding" in named
        ):
            return False
        lines = b"".join([b"%b: %b\r\n" % header for header in headers])
        # A value with a line's end in it would begin a header, or an answer, of its own.
        ends = len(headers)
        if lines.count(b"\n") != ends or lines.count(b"\r") != ends or b"\0" in lines:
            return False
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[head["status"]], lines, body))
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.message_event.set()
        self.on_response()
        return True
