"""Operating: alive, ready, numbers, facts, and a document that tells the truth."""

import asyncio
import re
from typing import Any

import httpx2
import pytest

from ponte.acesso.escopos import PUBLICO
from ponte.app import create_app
from ponte.deps import escopo_of
from ponte.testing import Embedded


async def test_alive_is_said_to_anybody(ponte: Embedded) -> None:
    del ponte.http.headers["authorization"]

    answer = await ponte.http.get("/health/live")

    assert answer.json() == {"status": "ok"}


async def test_ready_names_its_parts_and_the_one_that_is_not(ponte: Embedded) -> None:
    ready = await ponte.http.get("/health/ready")
    ponte.supervisor.stop()
    stopping = await ponte.http.get("/health/ready")

    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert {"processo", "banco", "fila"} <= ready.json()["partes"].keys()
    assert (stopping.status_code, stopping.json()["code"]) == (503, "nao_pronto")
    assert [e["campo"] for e in stopping.json()["errors"]] == ["processo"]
    assert stopping.headers["retry-after"] == "1"


async def test_one_verdict_serves_all_who_ask_at_once(ponte: Embedded) -> None:
    judged = 0

    async def judge() -> tuple[bool, dict[str, Any]]:
        nonlocal judged
        judged += 1
        await asyncio.sleep(0.05)
        return True, {}

    app = create_app(ponte.ctx, ready=judge)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://ponte.test") as client:
        await asyncio.gather(*(client.get("/health/ready") for _ in range(50)))
        await client.get("/health/ready")

    assert judged == 2


async def test_numbers_come_as_json_or_as_prometheus_reads_them(ponte: Embedded) -> None:
    await ponte.http.get("/health/live")

    as_json = await ponte.http.get("/metrics?nome=ponte_http_requests_total&tipo=contador")
    text = await ponte.http.get("/metrics", headers={"Accept": "text/plain"})
    openmetrics = await ponte.http.get(
        "/metrics",
        headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"},
    )

    (sample,) = as_json.json()["itens"]
    assert sample.keys() == {"nome", "tipo", "valor", "labels", "timestamp"}
    assert sample["labels"] == {"rota": "/health/live", "metodo": "GET", "status": "200"}
    assert sample["valor"] == 1
    assert text.headers["content-type"].startswith("text/plain")
    assert 'ponte_http_requests_total{metodo="GET",rota="/health/live",status="200"}' in text.text
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")


async def test_facts_come_in_order_from_any_place_and_of_any_kind(ponte: Embedded) -> None:
    body = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
    await ponte.http.post("/pedido", json=body)

    everything = (await ponte.get("/eventos"))["itens"]
    after = (await ponte.get("/eventos", desde=everything[0]["pos"]))["itens"]
    orders = (await ponte.get("/eventos", tipo="pedido.recebido"))["itens"]
    unknown = await ponte.http.get("/eventos?tipo=pedido.vendido")

    positions = [fact["pos"] for fact in everything]
    assert positions == sorted(positions)
    assert everything[1:] == after[: len(everything) - 1]
    assert [fact["tipo"] for fact in orders] == ["pedido.recebido"]
    assert orders[0]["em"].endswith("Z")
    assert unknown.status_code == 422


@pytest.mark.parametrize("desde", ["-1", "x", "9007199254740993", "99999999999999999999"])
async def test_a_place_that_is_none_is_refused(ponte: Embedded, desde: str) -> None:
    answer = await ponte.http.get(f"/eventos?desde={desde}")

    assert answer.status_code == 422


async def test_the_document_says_what_each_route_needs(ponte: Embedded) -> None:
    document = await ponte.get("/openapi.json")

    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    for route in ponte.app.routes:
        path, escopo = getattr(route, "path_format", ""), escopo_of(route)
        if not getattr(route, "include_in_schema", False) or not path or path not in paths:
            continue
        for method in getattr(route, "methods", ()):
            operation = paths[path][method.lower()]
            assert operation.get("x-escopo", PUBLICO) == escopo
            assert ("security" in operation) == (escopo != PUBLICO)
            refusals = {code for code in operation["responses"] if code >= "400"}
            assert refusals >= ({"429"} if escopo == PUBLICO else {"401", "403", "429"})
            for code in refusals:
                assert "application/problem+json" in operation["responses"][code]["content"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_the_document_shows_the_body_of_a_hot_route(ponte: Embedded) -> None:
    document = await ponte.get("/openapi.json")

    operation = document["paths"]["/pedido"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    model = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    assert model["required"] == ["itens"]
    assert model["additionalProperties"] is False
    assert {"400", "413", "415", "422"} <= operation["responses"].keys()
    assert "Idempotency-Key" in [p["name"] for p in operation["parameters"]]


async def test_every_reference_in_the_document_leads_somewhere(ponte: Embedded) -> None:
    document = await ponte.get("/openapi.json")

    names = set(re.findall(r'"#/components/schemas/([^"]+)"', str(document).replace("'", '"')))

    assert names
    assert names <= document["components"]["schemas"].keys()


async def test_the_api_page_loads_all_it_needs_from_here(ponte: Embedded) -> None:
    page = await ponte.http.get("/docs")

    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    answers = {a: (await ponte.http.get(a)).status_code for a in addresses}
    assert len(addresses) >= 4
    assert set(answers.values()) == {200}
    assert "<script>" not in page.text
    assert "style=" not in page.text
