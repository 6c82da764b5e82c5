"""Rastro: the trace that a request begins, and where the running task stands in it.

A `traceparent` that came with a request is kept with every fact that follows from it,
and goes out with every call to the outside. Spans are made where somebody collects
them; without one the header is handed on as it came. The rule: what is entered here
holds for the running task alone, so a thread or a later step gets it with its work.

Source: https://www.w3.org/TR/trace-context/
"""

import re
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, Protocol

# Where a task stands: a request's own ASGI scope, or the dict of a piece of work.
REQUEST_ID = "ponte.id"
RASTRO = "ponte.rastro"
RASTREADOR = "ponte.rastreador"
CAMPOS = "ponte.campos"  # of every log line that is said there
VAO = "ponte.vao"
ERRO = "ponte.erro"
TRACEPARENT = b"traceparent"

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
Tipo = Literal["server", "consumer", "client"]
Valor = str | int
Campos = Mapping[str, Valor]
_HEADER = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")
_NOWHERE: Mapping[str, Any] = {}
_onde: ContextVar[Mapping[str, Any]] = ContextVar("ponte_onde", default=_NOWHERE)


class Vao(Protocol):
    """A span: one stretch of a trace. No personal data in it, ever."""

    @property
    def traceparent(self) -> str:
        """Name the span for what follows from it."""

    def end(
        self, campos: Campos = _NOWHERE, *, nome: str | None = None, erro: str | None = None
    ) -> None:
        """End it, under another name where only now it is known; `erro` is a kind of failure."""


class Rastreador(Protocol):
    """Who collects spans."""

    def begin(self, nome: str, campos: Campos = _NOWHERE, *, tipo: Tipo, pai: str | None) -> Vao:
        """Begin a span below `pai`, a traceparent; a trace of its own without one."""

    def close(self) -> None:
        """Hand over what is left; may block for seconds."""


def parse(header: bytes) -> str | None:
    """Return a traceparent that came in, in the form of version 00; None when it is none."""
    found = _HEADER.match(header)
    if found is None or found[1] == b"ff" or (found[1] == b"00" and found[5] is not None):
        return None
    trace, parent = found[2].decode(), found[3].decode()
    if not trace.strip("0") or not parent.strip("0"):
        return None
    return f"00-{trace}-{parent}-{int(found[4], 16) & 1:02x}"


def trace_id(traceparent: str) -> str:
    """Return what all spans of a trace share."""
    return traceparent[3:35]


def enter(onde: Mapping[str, Any]) -> None:
    """Say where the running task stands, until its end."""
    _onde.set(onde)


@contextmanager
def within(onde: Mapping[str, Any]) -> Iterator[None]:
    """Say where the running task stands, until the block ends."""
    token = _onde.set(onde)
    try:
        yield
    finally:
        _onde.reset(token)


def current() -> str | None:
    """Return the traceparent of what the running task does, if it has one."""
    found: str | None = _onde.get().get(RASTRO)
    return found


def fields() -> dict[str, Any]:
    """Return what a log line of the running task should tell about where it was said."""
    onde = _onde.get()
    found: dict[str, Any] = dict(onde.get(CAMPOS, _NOWHERE))
    if REQUEST_ID in onde:
        found["requisicao"] = onde[REQUEST_ID]
    traceparent = onde.get(RASTRO)
    if traceparent is not None:
        found["trace_id"] = trace_id(traceparent)
    return found


def begin_request(
    scope: MutableMapping[str, Any],
    headers: Mapping[bytes, bytes],
    rastreador: Rastreador | None,
) -> None:
    """Go on with the trace that a request came in with; begin its span where one is wanted."""
    pai = scope[RASTRO] = parse(headers.get(TRACEPARENT, b""))
    if rastreador is not None:
        vao = rastreador.begin("HTTP", tipo="server", pai=pai)
        scope[VAO], scope[RASTREADOR], scope[RASTRO] = vao, rastreador, vao.traceparent


def end_request(scope: Mapping[str, Any], rota: str, *, status: int) -> None:
    """End the span of a request, if it has one; `rota` is the route's template."""
    vao: Vao | None = scope.get(VAO)
    if vao is not None:
        method = scope["method"] if scope["method"] in METHODS else "OUTRO"
        erro = str(status) if status >= 500 else None
        campos = {"rota": rota, "status": status, "requisicao": scope[REQUEST_ID]}
        vao.end(campos, nome=f"{method} {rota}", erro=erro)


def fail(erro: str) -> None:
    """Remember that the work in hand failed, for its span; `erro` is a kind, not a message."""
    onde = _onde.get()
    if isinstance(onde, MutableMapping) and CAMPOS in onde:
        onde[ERRO] = erro


@contextmanager
def call(nome: str, **campos: Valor) -> Iterator[dict[str, Valor]]:
    """Make a call to the outside a span; what the block puts into the dict is kept with it."""
    onde = _onde.get()
    rastreador: Rastreador | None = onde.get(RASTREADOR)
    found: dict[str, Valor] = {}
    if rastreador is None:
        yield found
        return
    vao = rastreador.begin(nome, campos, tipo="client", pai=onde.get(RASTRO))
    erro: str | None = None
    try:
        with within({**onde, RASTRO: vao.traceparent}):
            yield found
    except BaseException as error:
        erro = type(error).__name__
        raise
    finally:
        failed = erro or found.pop("erro", None)
        vao.end(found, erro=None if failed is None else str(failed))
