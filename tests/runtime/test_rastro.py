"""One trace, from the request that began it to the last call that it led to."""

import itertools
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ponte.errors import ConfiguracaoInvalida
from ponte.rastro import RASTRO, parse, trace_id, within
from ponte.resilience.http import Http
from ponte.runtime.coletor import endpoint_of
from ponte.runtime.otel import OtelRastreador
from ponte.runtime.stream import registro
from ponte.settings import OtelSettings, Settings
from ponte.simulators.telegram import TOKEN, SimuladorTelegram
from ponte.store import fatos
from ponte.testing import Embedded, embedded
from tests.conftest import stock
from tests.espera import sell, until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CAME = f"00-{TRACE}-00f067aa0ba902b7-01"
PEDIDO = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 96}]}  # leaves less than the minimum


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def rastreador(spans: InMemorySpanExporter) -> OtelRastreador:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return OtelRastreador(provider)


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram(chats={"42"})
    yield simulador
    await simulador.stop()


async def _env(telegram: SimuladorTelegram) -> dict[str, str]:
    return {
        "PONTE_TELEGRAM__BASE_URL": await telegram.start(),
        "PONTE_TELEGRAM__BOT_TOKEN": TOKEN,
        "PONTE_TELEGRAM__CHAT_ID": "42",
        "PONTE_LOG__ENABLED": "false",
    }


async def _order(ponte: Embedded, traceparent: str) -> str:
    answer = await ponte.http.post("/pedido", json=PEDIDO, headers={"traceparent": traceparent})
    assert answer.status_code == 202
    return str(answer.json()["id"])


async def _told(telegram: SimuladorTelegram) -> None:
    async def told() -> bool:
        return bool(telegram.mensagens)

    await until(told)


async def _facts(ponte: Embedded) -> dict[str, str | None]:
    return {f["tipo"]: f["traceparent"] for f in (await ponte.get("/eventos"))["itens"]}


async def test_one_trace_leads_from_an_order_over_the_worker_to_the_message_about_it(
    data_dir: Path,
    telegram: SimuladorTelegram,
    rastreador: OtelRastreador,
    spans: InMemorySpanExporter,
) -> None:
    env = await _env(telegram)

    async with embedded(data_dir, env=env, rastreador=rastreador) as ponte:
        await stock(ponte, 100)
        spans.clear()
        await _order(ponte, CAME)
        await _told(telegram)
        await until(lambda: _ended(spans, "entregar_alerta"))

    of_trace = [s for s in spans.get_finished_spans() if _trace_of(s) == TRACE]
    by_name = {s.name: s for s in of_trace}
    chain = ["telegram send_message", "entregar_alerta", "avisar_estoque", "atender",
             "POST /pedido"]  # fmt: skip
    assert set(chain) <= by_name.keys(), sorted(by_name)
    for child, parent in itertools.pairwise(chain):
        assert _parent_of(by_name[child]) == _id_of(by_name[parent]), (child, parent)
    assert _parent_of(by_name["POST /pedido"]) == CAME.split("-")[2]


async def test_no_span_tells_a_secret_or_a_person(
    data_dir: Path,
    telegram: SimuladorTelegram,
    rastreador: OtelRastreador,
    spans: InMemorySpanExporter,
) -> None:
    cliente = {"nome": "Canária Silva", "telefone": "+5511987654321", "email": "c@example.com"}

    async with embedded(data_dir, env=await _env(telegram), rastreador=rastreador) as ponte:
        await stock(ponte, 100)
        answer = await ponte.http.post("/pedido", json={**PEDIDO, "cliente": cliente})
        assert answer.status_code == 202, answer.text
        await _told(telegram)

    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "atender" in told
    for canary in ("Canária", "987654321", "c@example", TOKEN, "test-admin-key"):
        assert canary not in told


async def test_without_a_collector_the_header_is_handed_on_as_it_came(
    data_dir: Path, telegram: SimuladorTelegram
) -> None:
    async with embedded(data_dir, env=await _env(telegram)) as ponte:
        await stock(ponte, 100)
        await _order(ponte, CAME)
        await _told(telegram)

        facts = await _facts(ponte)

    followed = {"pedido.recebido", "estoque.baixo", "nota.emitida", "pedido.concluido",
                "alerta.criado"}  # fmt: skip
    assert {facts[tipo] for tipo in followed} == {CAME}


async def test_a_later_request_without_a_header_has_no_trace(ponte: Embedded) -> None:
    await _order(ponte, CAME)
    await sell(ponte, "CAFE-500G")

    facts = (await ponte.get("/eventos", tipo="pedido.recebido"))["itens"]

    assert [f["traceparent"] for f in facts] == [CAME, None]


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (CAME, CAME),
        (CAME[:-2] + "00", CAME[:-2] + "00"),
        ("cc" + CAME[2:] + "-of-a-later-version", CAME),
        (CAME + "-more", None),
        ("ff" + CAME[2:], None),
        (CAME.upper(), None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (CAME[:-1], None),
        ("", None),
        ("x" * 60_000, None),
    ],
)
def test_only_a_header_of_the_standard_is_believed(header: str, kept: str | None) -> None:
    assert parse(header.encode()) == kept


def test_the_collector_is_named_by_ponte_or_by_the_standard_names() -> None:
    base = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}
    whole = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/traces"}

    assert endpoint_of(_settings(), {}) is None
    assert endpoint_of(_settings("http://own:4318"), base | whole) == "http://own:4318/v1/traces"
    assert endpoint_of(_settings(), base) == "http://c:4318/v1/traces"
    assert endpoint_of(_settings(), base | whole) == "http://c:4318/traces"
    assert endpoint_of(_settings("http://own"), {"OTEL_SDK_DISABLED": "true"}) is None
    with pytest.raises(ConfiguracaoInvalida):
        endpoint_of(_settings("grpc://own"), {})


def test_without_a_collector_the_sdk_is_not_imported() -> None:
    code = (
        "import sys, ponte.runtime.build, ponte.runtime.supervisor, ponte.app\n"
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk',"
        " 'opentelemetry.exporter', 'ponte.runtime.otel'))])"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def _settings(endpoint: str = "") -> Settings:
    return Settings(_env_file=None, otel=OtelSettings(endpoint=endpoint))


async def _ended(spans: InMemorySpanExporter, name: str) -> bool:
    return any(span.name == name for span in spans.get_finished_spans())


def _trace_of(span: ReadableSpan) -> str:
    found: Any = span.get_span_context()
    return f"{found.trace_id:032x}"


def _id_of(span: ReadableSpan) -> str:
    found: Any = span.get_span_context()
    return f"{found.span_id:016x}"


def _parent_of(span: ReadableSpan) -> str | None:
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def test_the_id_of_a_trace_is_what_its_spans_share() -> None:
    assert trace_id(CAME) == TRACE


async def test_a_call_to_the_outside_says_which_trace_it_belongs_to() -> None:
    seen: list[str | None] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers.get("traceparent"))
        return httpx2.Response(200)

    http = Http("loja", transport=httpx2.MockTransport(answer))

    await http.request("GET", "https://loja.test/")
    with within({RASTRO: CAME}):
        await http.request("GET", "https://loja.test/")
    await http.aclose()

    assert seen == [None, CAME]


async def test_other_systems_get_the_trace_with_the_fact(ponte: Embedded) -> None:
    await _order(ponte, CAME)

    found = await ponte.ctx.db.read(fatos.after, 0, 100)
    sent = {f.tipo: registro(f) for f in found}

    assert sent["pedido.recebido"].atributos["traceparent"] == CAME
    assert "traceparent" not in sent["estoque.alterado"].atributos
