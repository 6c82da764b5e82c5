"""The API does what its OpenAPI says: every status, content type and field is in the document."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from ponte import webhooks
from ponte.domain.valores import format_time
from ponte.testing import ADMIN_KEY, Embedded
from tests.porta import served_from_a_thread

AUTH = {"Authorization": f"Bearer {ADMIN_KEY}"}
EXAMPLES = 8  # an operation and mode; chosen: all of them in well under 40 s
TAGS = (
    "pedidos",
    "estoque",
    "alertas",
    "mensagens",
    "canais",
    "vídeos",
    "falhas",
    "acesso",
    "métricas",
    "operação",
    "webhooks",
    "ao vivo",
    "console",
)
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@dataclass
class Api:
    """The document, where it is served, and what is there to ask for."""

    url: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)

    async def prepare(self, ponte: Embedded) -> None:
        """Leave something behind each kind of id."""
        item = {"produto_id": "ARROZ-5KG", "quantidade": 2}
        pedido = await ponte.http.post("/pedido", json={"itens": [item]})
        alerta = await ponte.http.post("/alerts", json={"nome": "teste", "titulo": "Um teste"})
        silencio = await ponte.http.post(
            "/alerts/silences",
            json={"motivo": "teste", "ate": format_time(ponte.ctx.now_ms() + 60_000), "nome": "x"},
        )
        mensagem = await ponte.http.post(
            "/messages",
            json={"tipo": "texto", "canal": "interno", "destinatario": "ana", "conteudo": "olá"},
        )
        await webhooks.store(ponte.ctx, "nenhum", "new_order", b"{}")
        falhas: list[Any] = []
        while not falhas:
            await asyncio.sleep(0.02)
            falhas = (await ponte.get("/falhas"))["itens"]
        chave = await ponte.http.post(
            "/chaves", json={"nome": "caixa", "escopos": ["pedidos:escrever"]}
        )
        self.ids = {
            "produto_id": "ARROZ-5KG",
            "pedido_id": pedido.json()["id"],
            "alerta_id": alerta.json()["id"],
            "silencio_id": silencio.json()["id"],
            "mensagem_id": mensagem.json()["id"],
            "falha_id": falhas[0]["id"],
            "chave_id": chave.json()["id"],
            "conector": "rappi",
            "evento": "new_order",
        }

    def operations(self, tag: str) -> list[APIOperation[Any, Any, Any, Any]]:
        schema = from_dict(self.document)
        schema.config.update(base_url=self.url)
        found = [result for result in schema.get_all_operations() if isinstance(result, Ok)]
        return [x.ok() for x in found if tag in (x.ok().tags or ())]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    api = Api()
    with served_from_a_thread(tmp_path_factory.mktemp("contrato"), api.prepare) as api.url:
        api.document = httpx2.get(f"{api.url}/openapi.json").json()
        yield api


@pytest.mark.parametrize("tag", TAGS)
def test_every_answer_is_one_that_the_document_promises(api: Api, tag: str) -> None:
    operations = api.operations(tag)

    for operation in operations:
        _hold(operation, GenerationMode.POSITIVE, known={})
        if "{" in operation.path:
            _hold(operation, GenerationMode.POSITIVE, known=api.ids)


@pytest.mark.parametrize("tag", TAGS)
def test_what_the_document_forbids_is_refused(api: Api, tag: str) -> None:
    operations = api.operations(tag)

    for operation in operations:
        # A path alone takes any text: there is nothing in it to get wrong.
        if operation.body or operation.query:
            _hold(operation, GenerationMode.NEGATIVE, known={})


def test_no_operation_is_left_out(api: Api) -> None:
    tags = [
        tag
        for path in api.document["paths"].values()
        for operation in path.values()
        for tag in operation["tags"]
    ]

    assert set(tags) == set(TAGS)
    assert len(tags) >= 25


def _hold(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, *, known: dict[str, str]
) -> None:
    names = [p.name for p in operation.path_parameters]
    ids = {name: known[name] for name in names if name in known}

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode, path_parameters=ids or None))
    def holds(case: Case[Any]) -> None:
        answer = case.call(headers=AUTH)
        assert answer.status_code < 500, answer.text
        case.validate_response(answer, checks=CHECKS)

    holds()
