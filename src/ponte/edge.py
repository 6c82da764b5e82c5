"""Edge: what every request passes before a route and every answer after it.

One pure ASGI wrapper, since each further layer costs every order some
microseconds. It decides nothing about who may do what: that is the route's
declared scope. The one rule: it is the only place that turns an error into
bytes, so that no other place has to catch one.
"""

import asyncio
import ipaddress
import itertools
import secrets
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

import structlog
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ponte import rastro
from ponte.context import Context
from ponte.corpo import check_query, is_upload
from ponte.deps import HEADERS
from ponte.errors import (
    ConfiguracaoInvalida,
    CorpoGrande,
    DadosInvalidos,
    OrigemRecusada,
    PonteError,
    Problema,
)
from ponte.problemas import DELIBERATE, ErroHttp, ErroInterno, encode, refusal
from ponte.problemas import headers as problem_headers
from ponte.rastro import REQUEST_ID

log = structlog.get_logger(__name__)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
CUT, UPLOAD = "ponte.cut", "ponte.upload"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
SAME = (b"same-origin", b"none")  # Sec-Fetch-Site of our own pages, and of a typed address
DRAINED = 128  # chosen: a body over this many limits is cut off, a smaller one runs out unread
MAX_GOOD = 100  # chosen: each name has a port or few
POLICY_VIOLATION = 1008
CLIENT_GONE = 499  # in metrics only; nobody is there to read it

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class HostRecusado(OrigemRecusada):
    """Nobody here answers to that Host; PONTE_ALLOWED_HOSTS lists the names."""

    status = 421
    code = "host_recusado"


class TempoEsgotado(PonteError):
    """The request took too long; what it began may or may not be done, its key settles it."""

    status = 503
    code = "tempo_esgotado"
    retry = True
    retry_after_s = 1.0


LIMITS = {e.code for e in (CorpoGrande, OrigemRecusada, HostRecusado, TempoEsgotado)}


class Deadlines:
    """Cancels what runs for too long, by one timer for all: `asyncio.timeout` costs 6 µs each."""

    def __init__(self, max_s: float) -> None:
        self._max_s = max_s
        # In the order of their ends, since all have the same time. None: it was cancelled here.
        self._ends: dict[asyncio.Task[Any], float | None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> asyncio.Task[Any]:
        """Start the time of the running task."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._ends[task] = time.monotonic() + self._max_s
        if self._timer is None:
            self._set_timer(min(1.0, self._max_s))
        return task

    def passed(self, task: asyncio.Task[Any]) -> bool:
        """Tell whether it was cancelled for its time; then it may go on."""
        if self._ends.get(task, 0.0) is not None:
            return False
        task.uncancel()
        return True

    def end(self, task: asyncio.Task[Any]) -> None:
        """Stop the time."""
        self._ends.pop(task, None)

    def _set_timer(self, after_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(after_s, self._sweep)

    def _sweep(self) -> None:
        now = time.monotonic()
        self._timer = None
        for task, end in self._ends.items():
            if end is not None and end > now:
                self._set_timer(end - now)
                return
            if end is not None:
                self._ends[task] = None
                task.cancel()


class Edge:
    """Checks, limits, headers, numbers and errors of every request."""

    def __init__(self, app: ASGIApp, ctx: Context) -> None:
        settings = ctx.settings
        self.app = app
        hosts = settings.allowed_hosts
        self._hosts = frozenset(host.lower().encode() for host in hosts if "/" not in host)
        # A page that rebinds a name sends the name: whoever sends an address meant it.
        self._nets = [_network(h, setting="PONTE_ALLOWED_HOSTS") for h in hosts if "/" in h]
        self._good: set[bytes] = set()  # spellings of them, with ports, that came in
        self._trusted = [_network(text) for text in settings.trusted_proxies]
        self._max_body = settings.limites.corpo_bytes
        self._max_video = settings.limites.video_bytes
        self._max_s = settings.limites.requisicao_s
        self._deadlines = Deadlines(self._max_s)
        self._ids = itertools.count(1)
        self._prefix = secrets.token_hex(6)
        self._telemetry = ctx.telemetry
        self._rastreador = ctx.rastreador
        self._observers: dict[str, Callable[[float], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    # ------------------------------------------------------------ HTTP

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        id_ = scope[REQUEST_ID] = self._new_id()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    *SECURITY,
                    (b"x-request-id", id_.encode()),
                ]
            await send(message)

        try:
            if scope["method"] == "HEAD":
                # The server knows that it was HEAD and keeps the body to itself.
                scope = {**scope, "method": "GET"}
            receive = self._check(scope, receive)
            await self._run(scope, receive, answer)
        except ClientDisconnect:
            status = status or CLIENT_GONE
        except DELIBERATE as error:
            if status:
                raise
            await self._refuse(refusal(error), scope, answer)
        except Exception as error:
            if not status:
                await _send_problem(ErroInterno(), scope, answer)
            # The server writes the traceback of what is raised; this line gives it an id.
            name = type(error).__name__
            log.error("request failed", rota=_label(scope), erro=name)  # noqa: TRY400
            raise
        finally:
            self._count(scope, status, time.perf_counter() - began)
            if self._rastreador is not None:
                rastro.end_request(scope, _label(scope), status=status)

    async def _refuse(self, problem: PonteError, scope: Scope, send: Send) -> None:
        if isinstance(problem, ErroHttp) and problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
            problem.headers["allow"] = _allowed(scope)
        if problem.code in LIMITS:
            self._telemetry.limited.labels(problem.code).inc()
        await _send_problem(problem, scope, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        if b"aguardar=true" in scope["query_string"] or scope.get(UPLOAD):
            await self.app(scope, receive, send)
            return
        task = self._deadlines.begin()
        try:
            await self.app(scope, receive, send)
        except asyncio.CancelledError:
            if self._deadlines.passed(task):
                raise TempoEsgotado(f"Not answered in {self._max_s:.0f} s") from None
            raise
        finally:
            self._deadlines.end(task)

    def _check(self, scope: Scope, receive: Receive) -> Receive:
        """Refuse what no route should see; return what reads the body within its limit."""
        headers = scope[HEADERS] = dict(scope["headers"])
        rastro.enter(scope)  # until the end: each request has a task of its own
        if rastro.TRACEPARENT in headers or self._rastreador is not None:
            rastro.begin_request(scope, headers, self._rastreador)
        if self._trusted:
            self._find_client(scope)
        self._check_host(headers)
        if scope["method"] not in SAFE:
            _check_origin(headers)
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise DadosInvalidos(Problema("endereço", "U+0000 is not allowed"))
        if b"&" in scope["query_string"] and _is_strict(scope["path"]):
            check_query(scope["query_string"])
        scope[UPLOAD] = is_upload(scope["method"], scope["path"], headers)
        most = self._max_video if scope[UPLOAD] else self._max_body
        length = headers.get(b"content-length")
        if length is not None:
            size = int(length) if length.isdigit() else -1
            # What is refused and not much runs out, so that its sender reads the answer.
            scope[CUT] = not 0 <= size <= DRAINED * self._max_body
            if not 0 <= size <= most:
                raise CorpoGrande(f"A body has at most {most} bytes")
        elif b"transfer-encoding" in headers:
            return _counted(receive, most)
        return receive

    def _new_id(self) -> str:
        # Unique among processes and starts; a UUID would cost ten times as much.
        return f"{self._prefix}-{next(self._ids):x}"

    # ------------------------------------------------------------ who is it really

    def _check_host(self, headers: Mapping[bytes, bytes]) -> None:
        host = headers.get(b"host", b"")
        if host in self._good:
            return
        name = _without_port(host).lower()
        if name not in self._hosts and not _within(name.decode("latin-1"), self._nets):
            raise HostRecusado("This Host is not served here")
        if len(self._good) < MAX_GOOD:
            self._good.add(host)

    def _find_client(self, scope: Scope) -> None:
        client = scope.get("client")
        if client is None or not self._is_trusted(client[0]):
            return
        chain = b",".join(v for k, v in scope["headers"] if k == b"x-forwarded-for")
        for hop in reversed(chain.decode("latin-1").split(",")):
            address = hop.strip()
            if not _is_address(address):
                break
            scope["client"] = (address, 0)
            if not self._is_trusted(address):
                break
        if scope[HEADERS].get(b"x-forwarded-proto") == b"https":
            scope["scheme"] = "wss" if scope["type"] == "websocket" else "https"

    def _is_trusted(self, address: str) -> bool:
        return _within(address, self._trusted)

    # ------------------------------------------------------------ WebSocket

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope[HEADERS] = dict(scope["headers"])
        scope[REQUEST_ID] = self._new_id()
        rastro.enter(scope)
        try:
            if self._trusted:
                self._find_client(scope)
            self._check_host(headers)
            _check_origin(headers)
        except OrigemRecusada as problem:
            self._telemetry.limited.labels(problem.code).inc()
            await _deny(problem, scope, receive, send)
            return
        await self.app(scope, receive, send)

    # ------------------------------------------------------------ numbers

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        method, rota = scope["method"], _label(scope)
        key = (rota, method if method in METHODS else "OUTRO", str(status))
        self._telemetry.http.valores[key] += 1
        observe = self._observers.get(rota)
        if observe is None:
            observe = self._observers[rota] = self._telemetry.http_seconds.labels(rota).observe
        observe(seconds)


def _is_strict(path: str) -> bool:
    # A platform writes the addresses of its webhooks; the shop page leaves out what it can't use.
    return path != "/" and not path.startswith("/webhooks/")


def _label(scope: Scope) -> str:
    """Return the route's template: never the path, which callers choose."""
    return str(getattr(scope.get("route"), "path", "nenhuma"))


def _allowed(scope: Scope) -> str:
    """Return every method of this address; the framework names one route's."""
    path = scope["path"]
    routes = (r for r in scope["app"].routes if isinstance(r, Route) and r.path_regex.match(path))
    return ", ".join(sorted({method for route in routes for method in route.methods or ()}))


def _check_origin(headers: Mapping[bytes, bytes]) -> None:
    """Refuse what another site made a browser send; machines send neither header."""
    origin = headers.get(b"origin")
    if origin is not None:
        scheme, _, site = origin.lower().partition(b"://")
        port = b":443" if scheme == b"https" else b":80"
        host = headers.get(b"host", b"").lower()
        if not site or site.removesuffix(port) != host.removesuffix(port):
            raise OrigemRecusada("Another site's page can't do this")
    if headers.get(b"sec-fetch-site", b"none") not in SAME:
        raise OrigemRecusada("Another site's page can't do this")


def _without_port(host: bytes) -> bytes:
    name, colon, port = host.rpartition(b":")
    return name if colon and port.isdigit() else host


def _network(text: str, *, setting: str = "PONTE_TRUSTED_PROXIES") -> _Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ConfiguracaoInvalida(f"{setting}: {text} is no network") from error


def _within(address: str, networks: list[_Network]) -> bool:
    try:
        ip = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    return any(ip in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _counted(receive: Receive, most: int) -> Receive:
    left = most

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise CorpoGrande(f"A body has at most {most} bytes")
        return message

    return counted


async def _send_problem(error: PonteError, scope: Scope, send: Send) -> None:
    body = encode(error, id_=scope[REQUEST_ID])
    headers = problem_headers(error, length=len(body))
    if scope.get(CUT):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _deny(error: PonteError, scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # the handshake
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    body = encode(error, id_=scope[REQUEST_ID])
    headers = problem_headers(error, length=len(body))
    await send(
        {"type": "websocket.http.response.start", "status": error.status, "headers": headers}
    )
    await send({"type": "websocket.http.response.body", "body": body})
