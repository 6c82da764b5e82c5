"""Protocols: uvicorn's, with the clocks and limits that it lacks, and a way out for frames.

uvicorn waits for ever for headers and bodies, and counts sockets as requests.
Here every connection has a deadline that one sweep enforces, so that a request
pays for no timer: first header, whole body, idle. A WebSocket lends its transport
to the hub as `ponte.push`: one frame, one write.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame

from ponte.runtime.ciclo import Ciclo

PUSH = "ponte.push"
MAX_CABECALHO = 64 * 1024  # bytes of one request's headers; chosen, as other servers have
TRECHO = 256 * 1024  # chosen: of a body; a video is read for minutes, and a drip is not
MAX_PARTES = 1024  # chosen: fragments of one message, which may each be empty
FILA_BYTES = 64 * 1024  # what may wait for one socket: 256 frames of 256 bytes
DESPEDIDA_S = 5.0  # chosen: how long a closed socket may take to read its close frame
CLOSED_BY_RESTART = 1012
INVALID_TEXT = 1007
TOO_BIG = 1009

Nothing = Callable[[], None]
Refused = Callable[[str], None]
Write = Callable[[bytes], None]
WriteLines = Callable[[Sequence[bytes]], None]


def _nothing(*_ignored: object) -> None:
    return None


class Limites(ServerState):
    """What all connections of one server share: their deadlines and their numbers.

    Args:
        cabecalho_s: From the connection, or the first byte of a next request, to its last header.
        corpo_s: From there to the end of the body, for each TRECHO of it.
        ocioso_s: Between an answer and the next request.
        conexoes: Connections that may have a request or wait for their next.
        abertas: Connections that may be open in all, those that have not said anything included.
    """

    def __init__(
        self, *, cabecalho_s: float, corpo_s: float, ocioso_s: float, conexoes: int, abertas: int
    ) -> None:
        super().__init__()
        self.cabecalho_s = cabecalho_s
        self.corpo_s = corpo_s
        self.ocioso_s = ocioso_s
        self.max_conexoes = conexoes
        self.max_abertas = abertas
        self.http: set[HttpProtocol] = set()
        self.ativas: set[HttpProtocol] = set()
        self.refused: Refused = _nothing

    def sweep(self, agora: float) -> None:
        """Close what is over its deadline."""
        for connection in [c for c in self.http if c.prazo is not None and c.prazo <= agora]:
            connection.expire()


class HttpProtocol(HttpToolsProtocol):
    """One HTTP connection with deadlines; those of a request in hand belong to the edge."""

    server_state: Limites

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prazo: float | None = None
        self._cabecalho = 0  # bytes of a header that is not complete yet
        self._lendo = False  # a request is being read
        self._no_corpo = False
        self._trecho = 0  # bytes of the body since its deadline was set
        self._ocioso = False  # between an answer and the next request

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        limites = self.server_state
        limites.http.add(self)
        self.prazo = self.loop.time() + limites.cabecalho_s
        if len(limites.connections) > limites.max_abertas:
            limites.refused("conexoes")
            self._answer_and_close(503, b"Service Unavailable")

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._lendo:
            self._lendo = True
            self._cabecalho = 0
            if self.prazo is None or self._ocioso:
                self._ocioso = False
                self.prazo = self.loop.time() + self.server_state.cabecalho_s
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._lendo and not self._no_corpo:
            self._cabecalho += len(data)
            if self._cabecalho > MAX_CABECALHO:
                self._answer_and_close(431, b"Request Header Fields Too Large")
        elif self._no_corpo:
            self._trecho += len(data)
            if self._trecho >= TRECHO and self.prazo is not None:
                self._trecho = 0
                self.prazo = self.loop.time() + self.server_state.corpo_s

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._lendo, self._no_corpo = True, False

    def on_headers_complete(self) -> None:
        limites = self.server_state
        self._no_corpo = True
        self._cabecalho = self._trecho = 0
        self.prazo = self.loop.time() + limites.corpo_s
        if self.parser.should_upgrade() and self._should_upgrade():
            super().on_headers_complete()
            return
        if self not in limites.ativas and len(limites.ativas) >= limites.max_conexoes:
            limites.refused("conexoes")
            app, self.app = self.app, cast("Any", service_unavailable)
            super().on_headers_complete()
            self.app = app
            return
        limites.ativas.add(self)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._lendo = self._no_corpo = False
        self._cabecalho = 0
        self.prazo = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.__class__ = Ciclo  # uvicorn names the class of its cycles in its own code
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        # Not uvicorn's own, which sets a timer of the loop for each answer.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if not self._lendo and self.prazo is None and not self._has_work():
            self._ocioso = True
            self.prazo = self.loop.time() + self.server_state.ocioso_s

    def handle_websocket_upgrade(self) -> None:
        self._forget()
        super().handle_websocket_upgrade()

    def expire(self) -> None:
        """End a connection that did not say in time what it had to say."""
        self.prazo = None
        cycle = self._last_cycle()
        if not self._lendo or (cycle is not None and cycle.response_started):
            self.transport.close()
            return
        self.server_state.refused("tempo")
        self._answer_and_close(408, b"Request Timeout")

    def _has_work(self) -> bool:
        cycle = self._last_cycle()
        return bool(self.pipeline) or (cycle is not None and not cycle.response_complete)

    def _last_cycle(self) -> RequestResponseCycle | None:
        return self.cycle  # None before the first request, whatever uvicorn's types say

    def _forget(self) -> None:
        self.prazo = None
        self.server_state.http.discard(self)
        self.server_state.ativas.discard(self)

    def _answer_and_close(self, status: int, texto: bytes) -> None:
        self.prazo = None
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, texto, len(texto), texto)
        )
        self.transport.close()


class Push:
    """The transport of one WebSocket, lent to the hub (`ponte.ws.Saida`)."""

    __slots__ = ("_livre", "_protocol", "cheio", "on_cheio", "on_fim", "write", "writelines")

    def __init__(self, protocol: "SocketProtocol") -> None:
        self._protocol = protocol
        self.write: Write = protocol.transport.write
        self.writelines: WriteLines = protocol.transport.writelines
        self.cheio = False
        self.on_cheio: Nothing = _nothing
        self.on_fim: Nothing = _nothing
        self._livre = asyncio.Event()

    def close(self, codigo: int, motivo: str = "") -> None:
        self._protocol.hang_up(codigo, motivo)

    async def drained(self) -> None:
        if self.cheio:
            await self._livre.wait()

    def fill(self) -> None:
        """Take note that too much waits."""
        self.cheio = True
        self._livre.clear()
        self.on_cheio()

    def drain(self) -> None:
        """Take note that little waits, or that nobody is there any more."""
        self.cheio = False
        self._livre.set()


class SocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket; a client that does not read costs FILA_BYTES and no more."""

    push: Push

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=FILA_BYTES)
        self.push = Push(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.push.fill()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.push.drain()

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            cast("dict[str, Any]", self.scope["extensions"])[PUSH] = self.push

    def handle_ping(self) -> None:
        if self.push.cheio:
            # Pings without end, and nobody reads what we answer.
            self.transport.abort()
            return
        super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MAX_PARTES:
            self.hang_up(TOO_BIG, "")
            return
        super().handle_cont(event)

    def handle_close(self, event: Frame) -> None:
        self._gone()
        super().handle_close(event)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:  # uvicorn would log each with its traceback
                self.frames = []
                self.hang_up(INVALID_TEXT, "")
                return
        super().send_receive_event_to_app()

    def shutdown(self) -> None:
        """Close with 1012; asked for by the server's end."""
        if self.handshake_complete and not self.close_sent:
            self.hang_up(CLOSED_BY_RESTART, "reinicio")
            return
        super().shutdown()

    def hang_up(self, codigo: int, motivo: str) -> None:
        """Say the close code, then end the connection whether it is read or not."""
        if self.close_sent or self.transport.is_closing():
            return
        if not self.handshake_complete:
            super().shutdown()
            return
        self._gone()
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": codigo, "reason": motivo})
        self.conn.send_close(codigo, motivo)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(DESPEDIDA_S, self.transport.abort)

    def _gone(self) -> None:
        # After a close frame nothing may follow, and after the end nothing can.
        self.push.write = self.push.writelines = _nothing
        self.push.drain()
        self.push.on_fim()
