"""A collector gets the spans of a real Ponte; one that is away costs nothing but spans."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ponte import logs
from ponte.runtime.coletor import open_rastreador
from ponte.runtime.otel import OtelRastreador
from ponte.settings import OtelSettings, Settings
from ponte.testing import embedded
from tests.conftest import stock
from tests.espera import sell

Lines = Callable[[], list[dict[str, Any]]]


class Collector(ThreadingHTTPServer):
    """Takes what is sent to it, and keeps it."""

    def __init__(self) -> None:
        self.status = 200
        self.took: list[tuple[str, dict[str, str], bytes]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.took.append((self.path, dict(self.headers.items()), body))
                self.send_response(collector.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_a_collector_gets_the_spans_and_is_told_who_sends_them(
    data_dir: Path, collector: Collector
) -> None:
    otel = {"endpoint": collector.address, "headers": "x-loja=a%20b", "servico": "ponte-teste"}

    async with embedded(data_dir, otel=otel) as ponte:
        await stock(ponte, 10)
        await sell(ponte, "ARROZ-5KG")
        assert ponte.ctx.rastreador is not None

    path, headers, _ = collector.took[0]
    assert path == "/v1/traces"
    assert {k.lower(): v for k, v in headers.items()}["x-loja"] == "a b"
    sent = [ExportTraceServiceRequest.FromString(body) for _, _, body in collector.took]
    resources = [r for request in sent for r in request.resource_spans]
    who = {a.key: a.value.string_value for a in resources[0].resource.attributes}
    names = {s.name for r in resources for scope in r.scope_spans for s in scope.spans}
    assert who["service.name"] == "ponte-teste"
    assert who["service.instance.id"]
    assert {"POST /pedido", "atender"} <= names


def test_a_collector_that_takes_nothing_is_said_once_and_once_when_it_is_back(
    collector: Collector, lines: Lines
) -> None:
    rastreador = _sending_to(collector.address)

    for collector.status in (400, 400, 200, 200):
        rastreador.begin("algo", tipo="client", pai=None).end()
        assert rastreador._provider.force_flush()
    rastreador.close()

    assert len(collector.took) == 4
    assert [entry["event"] for entry in lines()] == [
        "the collector of spans is away, they are dropped",
        "the collector of spans is back",
    ]


def test_a_collector_that_is_away_holds_up_no_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    rastreador = _sending_to(f"http://127.0.0.1:{port}")
    began = time.monotonic()

    rastreador.begin("algo", tipo="client", pai=None).end()
    rastreador.close()

    assert time.monotonic() - began < 5


def _sending_to(endpoint: str) -> OtelRastreador:
    settings = Settings(_env_file=None, otel=OtelSettings(endpoint=endpoint))
    found = open_rastreador(settings, {}, instancia="teste")
    assert isinstance(found, OtelRastreador)
    return found


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    logs.configure(form="json")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
