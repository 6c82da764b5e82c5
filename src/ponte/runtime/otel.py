"""Otel: spans for a collector, by OTLP over HTTP. Imported only where one is named.

What the SDK can be told by its own variables (sampling, batches, timeouts) it reads
by itself. A collector that is away costs spans and nothing else: they wait in a
bounded queue in memory and are dropped when it is full.
"""

import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from ponte import __version__
from ponte.rastro import Campos, Tipo

log = structlog.get_logger(__name__)
CLOSE_S = 2.0  # chosen: how long the end waits for a collector
KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "client": SpanKind.CLIENT}
# What the conventions of OpenTelemetry call what Ponte calls otherwise.
_NONE: Campos = {}
NAMES = {"status": "http.response.status_code", "rota": "http.route", "destino": "peer.service"}


class OtelVao:
    """One span of the SDK."""

    def __init__(self, span: Span) -> None:
        self._span = span
        found = span.get_span_context()
        self._traceparent = (
            f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags & 1:02x}"
        )

    @property
    def traceparent(self) -> str:
        """Name the span for what follows from it."""
        return self._traceparent

    def end(
        self, campos: Campos = _NONE, *, nome: str | None = None, erro: str | None = None
    ) -> None:
        """End it, under another name where only now it is known; `erro` is a kind of failure."""
        if nome is not None:
            self._span.update_name(nome)
        self._span.set_attributes(_attributes(campos))
        if erro is not None:
            self._span.set_status(StatusCode.ERROR)
            self._span.set_attribute("error.type", erro)
        self._span.end()


class OtelRastreador:
    """Gives spans to a provider of the SDK."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("ponte", __version__)

    def begin(self, nome: str, campos: Campos = _NONE, *, tipo: Tipo, pai: str | None) -> OtelVao:
        """Begin a span below `pai`, a traceparent; a trace of its own without one."""
        context = None if pai is None else set_span_in_context(NonRecordingSpan(_context(pai)))
        return OtelVao(
            self._tracer.start_span(
                nome, context=context, kind=KINDS[tipo], attributes=_attributes(campos)
            )
        )

    def close(self) -> None:
        """Hand over what is left, for two seconds at most."""
        # A thread that nobody waits for at exit: the SDK alone would wait for half a minute.
        thread = threading.Thread(target=self._provider.shutdown, name="otel-end", daemon=True)
        thread.start()
        thread.join(CLOSE_S)


class _Told(SpanExporter):
    """Says once that the collector went down, and once that it is back."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._down = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        down = result is not SpanExportResult.SUCCESS
        if down and not self._down:
            log.warning("the collector of spans is away, they are dropped")
        elif self._down and not down:
            log.info("the collector of spans is back")
        self._down = down
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def rastreador(endpoint: str, *, headers: str, servico: str, instancia: str) -> OtelRastreador:
    """Return what sends spans to a collector.

    Args:
        endpoint: Its address for traces, path included.
        headers: `name=value` pairs, comma-separated, values as in a URL.
        servico: The name that Ponte has there.
        instancia: This process.
    """
    resource = Resource.create(
        {
            "service.name": servico,
            "service.version": __version__,
            "service.instance.id": instancia,
        }
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=_headers(headers))
    provider.add_span_processor(BatchSpanProcessor(_Told(exporter)))
    return OtelRastreador(provider)


def _headers(text: str) -> dict[str, str] | None:
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs} or None


def _context(traceparent: str) -> SpanContext:
    _version, trace, parent, flags = traceparent.split("-")
    return SpanContext(int(trace, 16), int(parent, 16), True, TraceFlags(int(flags, 16)))


def _attributes(campos: Campos) -> dict[str, Any]:
    return {NAMES.get(name, f"ponte.{name}"): valor for name, valor in campos.items()}
