"""Http: the only way out. Limiter, breaker, request, error mapping, metrics, in that order.

One `Http` a destination, so that a slow one delays nobody else. It retries nothing
and follows no redirect, and it never shows a URL: a Telegram token and a Slack
webhook are nothing but a URL. What the other side quotes of a key is not shown
either. A call that failed after its first byte was written may have had its effect,
and says so.
"""

import asyncio
import functools
import logging
import math
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol

import httpx2
import structlog

from ponte import rastro
from ponte.errors import Adiado
from ponte.resilience import citacao
from ponte.resilience.breaker import BreakerState, CircuitBreaker
from ponte.resilience.classes import Classe, OutsideError, Verdict, by_status
from ponte.resilience.exchange import TIMEOUT_S, Answer, Classify, Request
from ponte.resilience.limiter import RateLimiter
from ponte.resilience.partes import VAGAS, Partes, Vagas

__all__ = ["MAX_REPLY_BYTES", "Answer", "Classify", "Http", "Meter", "Request"]

MAX_REPLY_BYTES = 1024 * 1024  # RELIABILITY: replies are capped at 1 MiB, unpacked or not
CONNECT_TIMEOUT_S = 3.0  # chosen: one lost SYN is sent again after 1 s, a second after 3 s
MAX_WAIT_S = 2.0  # chosen: a worker waits this long for its turn, else the step waits
CONNECTIONS = 20  # chosen: one destination may not take every socket

log = structlog.get_logger(__name__)


class Meter(Protocol):
    """Who counts the calls; the hub metrics registry is one."""

    def record_request(self, hub: str, method: str) -> None: ...

    def record_success(self, hub: str, method: str, *, latency_ms: float) -> None: ...

    def record_failure(self, hub: str, method: str, error: str) -> None: ...


class Http:
    """HTTP to one destination.

    Args:
        name: The destination in logs, metrics and errors.
        limiter: How fast it may be called; None means as fast as the steps do.
        breaker: When not to call it; one of its own by default.
        meter: Who counts.
        transport: Where requests go; only tests give another one than the network.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        limiter: RateLimiter | None = None,
        breaker: CircuitBreaker | None = None,
        meter: Meter | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.limiter = limiter
        self.breaker = breaker or CircuitBreaker(name=name, clock=clock)
        self.breaker.on_change(self._tell)
        self.partes: Partes[Http] = Partes(self._made_part)
        self.counted_as = name
        self.vagas = Vagas(name)
        self.told: tuple[BreakerState, int] | None = None  # of its breaker elsewhere, and when
        self._meter = meter
        self._transport = transport
        self._clock = clock
        self._quiet_until = -math.inf
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        silence_client_logs()

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Send one request and return whatever was answered, any status.

        Raises:
            OutsideError: There is no answer.
            Adiado: Our own limiter or breaker says to wait; nothing was sent.
        """
        request = Request(
            method,
            url,
            json=json,
            content=content,
            headers=headers or {},
            timeout_s=TIMEOUT_S if timeout_s is None else timeout_s,
        )
        answer, verdict = await self._exchange(request, _by_status)
        if answer is None:
            raise self._error(verdict)
        return answer

    async def send(self, request: Request, classify: Classify) -> Answer:
        """Send one request and return the answer if `classify` calls it ok.

        Raises:
            OutsideError: It does not, or there is no answer.
            Adiado: Our own limiter or breaker says to wait; nothing was sent.
        """
        answer, verdict = await self._exchange(request, classify)
        if answer is None or verdict.classe is not Classe.OK:
            raise self._error(verdict)
        return answer

    async def guard(self, func: Callable[[], Awaitable[Verdict]], *, operation: str) -> None:
        """Await a call that another library makes, behind the same guards and counts.

        Args:
            func: Makes one try and tells how it ended; it bounds its own time.
            operation: What it is for in metrics.

        Raises:
            OutsideError: It was not accepted.
            Adiado: Our own limiter or breaker says to wait; the call was not made.
        """
        started = self._clock()
        with rastro.call(f"{self.counted_as} {operation}", destino=self.name) as vao:
            verdict = await self._behind_guards(func)
            _tell_span(vao, verdict)
        self._count(operation, verdict, elapsed_ms=(self._clock() - started) * 1000)
        if verdict.classe is not Classe.OK:
            raise self._error(verdict)

    def limit_to(self, limiter: RateLimiter) -> None:
        """Use the platform's own limit unless the installation chose one."""
        self.limiter = self.limiter or limiter

    # ------------------------------------------------------------ one of many behind it

    def part(self, nome: str) -> "Http":
        """Return the guards of one of many behind this destination, as a telephone of a server.

        It has a breaker, a limit, a quiet time, connections and room of its own; metrics count
        it as the whole. Who names more parts than anybody has shares the guards of the whole.
        """
        return self.partes.get(nome) or self

    def breakers(self) -> list[CircuitBreaker]:
        """Return the breaker of the whole and those of its parts."""
        return [self.breaker, *(part.breaker for part in self.partes.all().values())]

    def _made_part(self, nome: str) -> "Http":
        found = self._open_part(f"{self.name}:{nome}")
        found.counted_as, found.vagas = self.counted_as, Vagas(found.name, VAGAS)
        return found

    def _open_part(self, name: str) -> "Http":
        own = self.breaker
        breaker = CircuitBreaker(
            own.failure_threshold,
            own.recovery_timeout,
            own.half_open_max_calls,
            name=name,
            clock=self._clock,
        )
        return Http(
            name,
            breaker=breaker,
            meter=self._meter,
            transport=self._transport,
            clock=self._clock,
        )

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        for part in self.partes.all().values():
            await part.aclose()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # ------------------------------------------------------------ one exchange

    async def _exchange(
        self, request: Request, classify: Classify
    ) -> tuple[Answer | None, Verdict]:
        answer: Answer | None = None

        async def one_call() -> Verdict:
            nonlocal answer
            reached = await self._reach(request)
            if isinstance(reached, Verdict):
                return reached
            answer = reached
            return classify(reached)

        operation = request.operation or request.method.lower()
        with rastro.call(f"{self.counted_as} {operation}", destino=self.name) as vao:
            verdict = await self._behind_guards(one_call, paced=request.paced)
            _tell_span(vao, verdict, answer)
        elapsed_ms = max(0.0, answer.elapsed_ms - request.held_s * 1000) if answer else 0.0
        self._count(operation, verdict, elapsed_ms=elapsed_ms)
        return answer, verdict

    async def _behind_guards(
        self, func: Callable[[], Awaitable[Verdict]], *, paced: bool = True
    ) -> Verdict:
        if not paced:
            return await self._try(func, limiter=None)
        with self.vagas.taken():
            return await self._try(func, limiter=self.limiter)

    async def _try(
        self, func: Callable[[], Awaitable[Verdict]], *, limiter: RateLimiter | None
    ) -> Verdict:
        await self._await_turn(limiter)
        ticket = self.breaker.enter()
        failed, cause = None, ""  # of a cancelled call, which says nothing of the other side
        try:
            verdict = await func()
            failed, cause = verdict.classe.breaker_failure, verdict.detail
        finally:
            self.breaker.leave(ticket, failed=failed, cause=cause)
        self._keep_quiet(verdict)
        return verdict

    async def _await_turn(self, limiter: RateLimiter | None) -> None:
        wait_s = self._quiet_until - self._clock()
        if limiter is not None:
            wait_s = max(wait_s, limiter.retry_after())
        if wait_s > MAX_WAIT_S:
            raise Adiado(f"{self.name} waits for its turn", retry_after_s=wait_s)
        if self._quiet_until > self._clock():
            await asyncio.sleep(self._quiet_until - self._clock())
        if limiter is not None:
            await limiter.acquire()

    async def _reach(self, request: Request) -> Answer | Verdict:
        written = _Written()
        started = self._clock()
        try:
            async with asyncio.timeout(request.timeout_s):
                status, headers, body = await self._transfer(request, written)
        except TimeoutError:
            return _lost("timeout", written)
        except httpx2.TransportError as error:
            if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
                return Verdict(Classe.INVALID_REQUEST, f"not sent: {type(error).__name__}")
            return _lost(type(error).__name__, written)
        except (httpx2.DecodingError, _ReplyTooBig) as error:
            return _lost(type(error).__name__.strip("_"), written)
        except (httpx2.InvalidURL, ValueError, TypeError) as error:
            # The message would show the URL, a header or the body, so only its kind is kept.
            return Verdict(Classe.INVALID_REQUEST, f"not sent: {type(error).__name__}")
        said = citacao.without(body, request, status=status)
        return Answer(status, headers, said, (self._clock() - started) * 1000)

    async def _transfer(
        self, request: Request, written: "_Written"
    ) -> tuple[int, Mapping[str, str], bytes]:
        client = self._connected()
        outgoing = client.build_request(
            request.method,
            request.url,
            json=request.json,
            content=request.content,
            headers=_traced(request.headers),
            timeout=httpx2.Timeout(request.timeout_s, connect=CONNECT_TIMEOUT_S),
            extensions={"trace": written.trace},
        )
        response = await client.send(outgoing, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > (request.reply_bytes or MAX_REPLY_BYTES):
                    raise _ReplyTooBig
        finally:
            await response.aclose()
        return response.status_code, _lower(response.headers), bytes(body)

    def _connected(self) -> httpx2.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            # Connections of a loop that ended are useless: a script may run several.
            self._loop = loop
            self._client = httpx2.AsyncClient(
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                headers={"User-Agent": "Ponte", "Accept-Encoding": "gzip, deflate"},
                limits=httpx2.Limits(max_connections=CONNECTIONS),
                transport=self._transport,
                trust_env=False,
                verify=tls(),
            )
        return self._client

    # ------------------------------------------------------------ what it leads to

    def _error(self, verdict: Verdict) -> OutsideError:
        wait_s = verdict.retry_after_s
        if wait_s is None and verdict.classe is Classe.RATE_LIMITED:
            wait_s = max(0.0, self._quiet_until - self._clock()) or None
        return OutsideError(self.name, verdict=verdict, retry_after_s=wait_s)

    def _keep_quiet(self, verdict: Verdict) -> None:
        """Leave the destination alone as long as it asked, for every caller of this Http."""
        wait_s = verdict.retry_after_s
        if wait_s is None and verdict.reset_epoch_s is not None:
            wait_s = verdict.reset_epoch_s - time.time()
        if wait_s is not None and wait_s > 0:
            self._quiet_until = max(self._quiet_until, self._clock() + wait_s)

    def _count(self, operation: str, verdict: Verdict, *, elapsed_ms: float) -> None:
        if self._meter is None:
            return
        self._meter.record_request(self.counted_as, operation)
        if verdict.classe is Classe.OK:
            self._meter.record_success(self.counted_as, operation, latency_ms=elapsed_ms)
        else:
            self._meter.record_failure(self.counted_as, operation, verdict.classe)

    def _tell(self, old: BreakerState, new: BreakerState, reason: str) -> None:
        if new is BreakerState.OPEN and old is BreakerState.CLOSED:
            log.warning("destination down", destino=self.name, reason=reason)
        elif new is BreakerState.CLOSED:
            log.info("destination back", destino=self.name, reason=reason)


class _ReplyTooBig(Exception):
    """The reply grew over the cap; the rest of it is not read."""


class _Written:
    """Whether the request may have reached the other side; fed by the client's trace."""

    __slots__ = ("begun",)

    def __init__(self) -> None:
        self.begun = False

    async def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.begun = True


def _lost(kind: str, written: _Written) -> Verdict:
    detail = f"{kind} after the request was written" if written.begun else f"{kind}, not sent"
    return Verdict(Classe.RETRY, detail, unknown_outcome=written.begun)


def _traced(headers: Mapping[str, str]) -> Mapping[str, str]:
    traceparent = rastro.current()
    return headers if traceparent is None else {**headers, "traceparent": traceparent}


def _tell_span(
    vao: dict[str, rastro.Valor], verdict: Verdict, answer: Answer | None = None
) -> None:
    vao["classe"] = verdict.classe
    if answer is not None:
        vao["status"] = answer.status
    if verdict.classe is not Classe.OK:
        vao["erro"] = verdict.classe


def _by_status(answer: Answer) -> Verdict:
    return by_status(answer.status, retry_after_s=answer.retry_after_s)


def _lower(headers: httpx2.Headers) -> Mapping[str, str]:
    return {key.lower(): value for key, value in headers.items()}


@functools.cache
def tls() -> ssl.SSLContext:
    """Return what the outside is spoken to with."""
    # Reading the trust store takes tens of milliseconds: once a process, not once a destination.
    return httpx2.create_ssl_context(trust_env=False)


def silence_client_logs() -> None:
    """Keep the HTTP client from logging: at INFO it writes full URLs, at DEBUG headers too."""
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
