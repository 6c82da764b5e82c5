"""Server: our listening socket, uvicorn's machinery behind it, and a clean end.

It owns no signal and no loop: the supervisor does. A loop of uvloop is expected
(`uvloop.new_event_loop`), any other works. The listening socket carries the
options that every connection inherits: a small send buffer, so that a client that
does not read holds 16 KiB of the kernel and not 4 MB, and a limit on how long
what was sent may stay unacknowledged, so that a dead one is gone in ten seconds.
Measured: 0.23 MB for a stalled reader, dropped after 11 s.
"""

import asyncio
import contextlib
import ipaddress
import resource
import socket
import time
from collections.abc import Collection
from email.utils import formatdate
from typing import Any

import structlog
from starlette.types import ASGIApp
from uvicorn.config import Config

from ponte.errors import ConfiguracaoInvalida
from ponte.runtime.protocols import HttpProtocol, Limites, SocketProtocol
from ponte.settings import Settings
from ponte.telemetry import Telemetry

log = structlog.get_logger(__name__)

SNDBUF = 16_384
USER_TIMEOUT_MS = 10_000
BACKLOG = 2048  # the kernel cuts it to net.core.somaxconn
WS_MAX_BYTES = 64 * 1024  # a frame from a client
OCIOSO_S = 5.0
SWEEP_S = 0.25  # chosen: a deadline is kept to a quarter of a second
DESCRIPTORS = 2_000  # beside the connections: files, the outside, the database
SOCKETS_S = 2.0  # chosen: how long sockets get to read their 1012 before they are cut
LIFESPAN_S = 2.0


class Server:
    """One app on one address, from `start` to `stop`."""

    def __init__(self, settings: Settings, *, telemetry: Telemetry) -> None:
        self._settings = settings
        limites = settings.limites
        self.state = Limites(
            cabecalho_s=limites.cabecalho_s - SWEEP_S,
            corpo_s=limites.corpo_s - SWEEP_S,
            ocioso_s=OCIOSO_S - SWEEP_S,
            conexoes=limites.conexoes,
            abertas=limites.conexoes + limites.websockets,
        )
        self.state.refused = lambda limite: telemetry.limited.labels(limite).inc()
        self._listeners: list[asyncio.Server] = []
        self._sweeper: asyncio.Task[None] | None = None
        self._lifespan: Any = None

    async def start(self, app: ASGIApp, host: str, port: int) -> tuple[str, int]:
        """Serve the app; return the address, with the port that 0 became.

        Raises:
            ConfiguracaoInvalida: the address is taken, or open to others without protection.
        """
        check_exposure(self._settings, host)
        config = self._config(app)
        try:
            config.load()
        except OSError as error:
            msg = f"PONTE_TLS_CERT, PONTE_TLS_KEY: {error}"
            raise ConfiguracaoInvalida(msg) from error
        listener = listening_socket(host, port)
        limites = self._settings.limites
        raise_descriptor_limit(limites.conexoes + limites.websockets + DESCRIPTORS)
        self._lifespan = config.lifespan_class(config)
        await self._lifespan.startup()
        if self._lifespan.should_exit:
            listener.close()
            msg = "The app did not start"
            raise ConfiguracaoInvalida(msg)

        def protocol() -> asyncio.Protocol:
            return HttpProtocol(config, self.state, self._lifespan.state)

        self._tick()
        self._sweeper = asyncio.create_task(self._sweep(), name="sweep-connections")
        self._listeners.append(
            await asyncio.get_running_loop().create_server(
                protocol, sock=listener, ssl=config.ssl, backlog=BACKLOG
            )
        )
        name = listener.getsockname()
        return str(name[0]), int(name[1])

    async def stop(self, grace_s: float = 15.0) -> None:
        """Accept no more, let running requests finish, close sockets with 1012.

        Args:
            grace_s: How long a request may take to finish before it is cut.
        """
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for connection in list(self.state.connections):
            connection.shutdown()
        if not await _empty(self.state.http, within_s=grace_s):
            log.warning("requests cut at the end of the grace", quantidade=len(self.state.http))
        await _empty(self.state.connections, within_s=SOCKETS_S)
        for task in list(self.state.tasks):
            task.cancel()
        for connection in list(self.state.connections):
            connection.transport.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
        if self._lifespan is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lifespan.shutdown(), LIFESPAN_S)

    # ------------------------------------------------------------ inside

    def _config(self, app: ASGIApp) -> Config:
        settings = self._settings
        return Config(
            app,
            http=HttpProtocol,
            ws=SocketProtocol,
            ws_max_size=WS_MAX_BYTES,
            ws_per_message_deflate=False,
            log_config=None,
            log_level="error",
            access_log=False,
            # The edge knows the declared proxies; nobody else is believed.
            proxy_headers=False,
            server_header=False,
            interface="asgi3",
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
        )

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            self._tick()
            self.state.sweep(loop.time())

    def _tick(self) -> None:
        # RFC 9110 wants a date; made here and not for each answer.
        self.state.default_headers = [(b"date", formatdate(time.time(), usegmt=True).encode())]


async def _empty(connections: Collection[object], *, within_s: float) -> bool:
    """Wait until a set of connections is empty; tell whether it is."""
    deadline = time.monotonic() + within_s
    while connections and time.monotonic() < deadline:  # noqa: ASYNC110 - uvicorn's set tells nobody
        await asyncio.sleep(0.05)
    return not connections


def check_exposure(settings: Settings, host: str) -> None:
    """Refuse an address that others reach without TLS or a declared proxy in between.

    Raises:
        ConfiguracaoInvalida: says what to set.
    """
    if (settings.tls_cert is None) != (settings.tls_key is None):
        msg = "PONTE_TLS_CERT and PONTE_TLS_KEY go together"
        raise ConfiguracaoInvalida(msg)
    if is_loopback(host) or settings.tls_cert is not None or settings.trusted_proxies:
        return
    msg = (
        f"{host} can be reached by others: set PONTE_TLS_CERT and PONTE_TLS_KEY, "
        "or PONTE_TRUSTED_PROXIES when a proxy in front has them"
    )
    raise ConfiguracaoInvalida(msg)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listening_socket(host: str, port: int) -> socket.socket:
    """Bind an address, with the options that its connections inherit.

    Raises:
        ConfiguracaoInvalida: it is taken, or no address of this machine.
    """
    host = host.strip("[]")
    try:
        family, kind, proto, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        msg = f"PONTE_HOST: {host}: {error.strerror}"
        raise ConfiguracaoInvalida(msg) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SNDBUF)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        listener.bind(address)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        msg = f"{host}:{port}: {error.strerror}"
        raise ConfiguracaoInvalida(msg) from error
    return listener


def raise_descriptor_limit(wanted: int) -> None:
    """Allow this process as many open sockets as its limits promise, or say that it can't."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, ceiling), hard))
    if ceiling < wanted:
        log.warning("fewer open files allowed than promised", permitidos=ceiling, prometidos=wanted)
