"""A log line says where it was said, in fields that the reference names, and nothing private."""

import ast
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte import logs
from ponte.context import Context
from ponte.errors import Permanente
from ponte.events import FatoGravado
from ponte.flow import STEPS
from ponte.pedidos import service
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded
from tests.conftest import stock
from tests.espera import settled

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "reference" / "logs.md"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CAME = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
CLIENTE = {
    "nome": "Canária Silva",
    "documento": "529.982.247-25",
    "telefone": "+5511987654321",
    "email": "canaria@example.com",
}
CANARIES = ("Canária", "529982", "529.982", "98765-4321", "987654321", "canaria@", "pk_fake-key")
PEDIDO = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}], "cliente": CLIENTE}
Lines = Callable[[], list[dict[str, Any]]]


def documented() -> set[str]:
    rows = re.findall(r"^\| (`[^|]*`) \|", TABLE.read_text(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    logs.configure(form="json")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


async def _order(ponte: Embedded) -> Any:
    answer = await ponte.http.post("/pedido", json=PEDIDO, headers=CAME)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def test_a_line_of_a_step_tells_which_order_and_which_trace(
    data_dir: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_ctx: Context, _tx: Tx, _fatos: Sequence[FatoGravado]) -> None:
        raise Permanente(f"nobody to sell to: {CLIENTE['documento']} {CLIENTE['telefone']}")

    monkeypatch.setitem(STEPS, "atender", replace(STEPS["atender"], handler=refuse))

    async with embedded(data_dir) as ponte:
        await stock(ponte, 10)
        pedido = await _order(ponte)
        await settled(ponte, pedido["id"])

    said = lines()
    (line,) = [entry for entry in said if entry["event"] == "work set aside"]
    assert line["erro"].startswith("Permanente: nobody to sell to: ***.982.247-**")
    assert {name: line[name] for name in ("passo", "fila", "tentativa", "trace_id")} == {
        "passo": "atender",
        "fila": "pedidos",
        "tentativa": 1,
        "trace_id": TRACE,
    }
    assert (line["pedido_id"], line["numero"]) == (pedido["id"], pedido["numero"])
    assert line["fato"]
    assert _private(said) == []
    # The connector `log` writes alerts with fields of their own.
    ours = [entry for entry in said if entry["event"] != "alerta"]
    assert {name for entry in ours for name in entry} <= documented()


async def test_a_line_of_a_request_has_the_id_that_its_answer_has(
    ponte: Embedded, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(_tx: Tx, _pedidas: Sequence[Any]) -> Any:
        raise ValueError(f"no such person: {CLIENTE['email']} {CLIENTE['documento']}")

    monkeypatch.setattr(service, "accept_many", break_down)
    headers = {**CAME, "x-forwarded-for": "pk_fake-key-of-nobody-at-all"}

    transport = httpx2.ASGITransport(app=ponte.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://ponte.test", headers=ponte.http.headers
    ) as client:
        answer = await client.post("/pedido", json=PEDIDO, headers=headers)

    said = lines()
    (line,) = [entry for entry in said if entry["event"] == "request failed"]
    assert line["requisicao"] == answer.json()["id"] == answer.headers["x-request-id"]
    assert (line["trace_id"], line["rota"], line["erro"]) == (TRACE, "/pedido", "ValueError")
    assert _private(said) == []
    assert {name for entry in said for name in entry} <= documented()


def _private(said: list[dict[str, Any]]) -> list[str]:
    text = json.dumps(said, ensure_ascii=False)
    return [canary for canary in CANARIES if canary in text]


def test_every_field_that_the_code_logs_is_in_the_reference() -> None:
    fields = {
        keyword.arg
        for path in (ROOT / "src" / "ponte").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")
        for keyword in node.keywords
        if keyword.arg is not None
    }

    assert "erro" in fields
    assert fields - documented() == set(), "say in docs/reference/logs.md what they mean"
