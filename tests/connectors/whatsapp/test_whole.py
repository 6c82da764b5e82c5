"""A whole Ponte with the stand-in of Evolution: what a customer writes, and what is answered."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ponte.simulators.servidor import Servidor
from ponte.simulators.whatsapp import SimuladorWhatsApp
from ponte.testing import Embedded, embedded
from tests.espera import until

CLIENTE, CANONICO = "5588999990002", "558899990002@s.whatsapp.net"


@pytest.fixture
async def whatsapp() -> AsyncIterator[SimuladorWhatsApp]:
    simulador = SimuladorWhatsApp("http://127.0.0.1:9/w")
    yield simulador
    await simulador.stop()


@pytest.fixture
async def ponte(data_dir: Path, whatsapp: SimuladorWhatsApp) -> AsyncIterator[Embedded]:
    async with embedded(data_dir, env=whatsapp.env(await whatsapp.start())) as running:

        async def pass_on(request: Request) -> Response:
            answer = await running.http.post(
                request.url.path, content=await request.body(), headers=dict(request.headers)
            )
            return Response(answer.content, answer.status_code)

        door = Servidor(Starlette(routes=[Route("/{p:path}", pass_on, methods=["POST"])]))
        url = await door.start("127.0.0.1", 0)
        for instancia in whatsapp.api.instancias.values():
            instancia.webhook["url"] = f"{url}/webhooks/whatsapp/eventos"
        yield running
        await door.stop()


async def listed(ponte: Embedded, **filtro: str) -> Any:
    return (await ponte.get("/messages", **filtro))["itens"]


async def test_a_customer_writes_twice_told_and_is_answered_with_receipts(
    ponte: Embedded, whatsapp: SimuladorWhatsApp
) -> None:
    whatsapp.misbehave("duplicate", 1)
    whatsapp.misbehave("5xx", 1, onde="sendText")

    await whatsapp.escrever("tem 42?", de=CLIENTE)
    [entrada] = await until(lambda: listed(ponte, canal="whatsapp"))
    answer = await ponte.http.post(
        "/messages",
        json={
            "tipo": "texto",
            "canal": "whatsapp",
            "destinatario": entrada["remetente"],
            "conteudo": "Tem!",
        },
    )

    async def delivered() -> Any:
        found = (await ponte.http.get(f"/messages/{answer.json()['id']}")).json()
        return found if found["entrega"] == "entregue" else None

    saida = await until(delivered)
    [sent] = whatsapp.mensagens
    assert (entrada["direcao"], entrada["conteudo"]) == ("entrada", "tem 42?")
    assert entrada["remetente"] == CANONICO
    assert (sent["para"], sent["id"]) == (CANONICO, saida["id_externo"])
    assert len(await listed(ponte, canal="whatsapp")) == 2


async def test_a_delivery_without_the_secret_is_refused_and_nothing_is_stored(
    ponte: Embedded, whatsapp: SimuladorWhatsApp
) -> None:
    for instancia in whatsapp.api.instancias.values():
        instancia.webhook["headers"] = {"authorization": "Bearer wrong"}

    await whatsapp.escrever("oi", de=CLIENTE)

    [entrega] = whatsapp.entregas
    assert entrega.respostas == [401]
    assert (await ponte.get("/eventos"))["itens"] == []
