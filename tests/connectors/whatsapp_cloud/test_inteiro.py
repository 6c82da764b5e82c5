"""The whole way: a customer writes, the shop answers, the customer reads and chooses."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ponte.simulators import meta
from ponte.simulators.servidor import Servidor
from ponte.simulators.whatsapp_cloud import SimuladorWhatsAppCloud
from ponte.testing import Embedded, embedded

ANA = "5511999990001"
WEBHOOK = "/webhooks/whatsapp_cloud"
KEPT = ("content-type", "x-hub-signature-256")


@pytest.fixture
async def simulador() -> AsyncIterator[SimuladorWhatsAppCloud]:
    simulador = SimuladorWhatsAppCloud()
    yield simulador
    await simulador.stop()


@pytest.fixture
async def ponte(simulador: SimuladorWhatsAppCloud, tmp_path: Path) -> AsyncIterator[Embedded]:
    env = simulador.env(await simulador.start())
    async with embedded(tmp_path, env=env) as running:

        async def hand_on(request: Request) -> Response:
            headers = {k: v for k, v in request.headers.items() if k in KEPT}
            answer = await running.http.request(
                request.method,
                WEBHOOK,
                params=dict(request.query_params),
                content=await request.body(),
                headers=headers,
            )
            return Response(answer.content, answer.status_code)

        porta = Servidor(Starlette(routes=[Route("/", hand_on, methods=["GET", "POST"])]))
        simulador.webhook_url = await porta.start("127.0.0.1", 0)
        yield running
        await porta.stop()


async def stored(ponte: Embedded, **expected: Any) -> dict[str, Any]:
    """Wait for the one message that has these values."""
    async with asyncio.timeout(30):
        while True:
            itens = (await ponte.get("/messages"))["itens"]
            found = [x for x in itens if all(x[k] == v for k, v in expected.items())]
            if found:
                [one] = found
                return dict(one)
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("ponte")
async def test_a_subscription_is_proven_to_who_knows_the_word(
    simulador: SimuladorWhatsAppCloud,
) -> None:
    assert await simulador.subscribe()
    assert not await meta.subscribe(simulador.webhook_url, verify_token="outra")


async def test_a_conversation_is_kept_from_the_first_word_to_the_chosen_option(
    simulador: SimuladorWhatsAppCloud, ponte: Embedded
) -> None:
    simulador.misbehave("duplicate")
    await simulador.write(ANA, "Tem 42?")
    await stored(ponte, direcao="entrada", conteudo="Tem 42?")

    conteudo = {"texto": "Confirma?", "opcoes": ["Sim", "Agora não"]}
    nova = {"tipo": "resposta_rapida", "canal": "whatsapp", "destinatario": ANA}
    answer = await ponte.http.post("/messages", json={**nova, "conteudo": conteudo})
    sent = await stored(ponte, id=answer.json()["id"], entrega="entregue")
    await simulador.read(sent["id_externo"])
    await simulador.press(ANA, "Agora não", responde_a=sent["id_externo"])

    await stored(ponte, id=sent["id"], entrega="lida")
    chosen = await stored(ponte, direcao="entrada", tipo="resposta_rapida")
    assert chosen["conteudo"]["escolha"] == "agora não"
    assert (await ponte.get("/messages"))["total"] == 3


async def test_who_did_not_write_today_gets_a_template_and_nothing_else(
    simulador: SimuladorWhatsAppCloud, ponte: Embedded
) -> None:
    para = {"canal": "whatsapp", "destinatario": ANA}
    modelo = {"tipo": "evento", "conteudo": {"modelo": "pedido_enviado", "parametros": ["1"]}}

    words = await ponte.http.post("/messages", json={**para, "tipo": "texto", "conteudo": "oi"})
    template = await ponte.http.post("/messages", json={**para, **modelo})

    assert words.json()["code"] == "janela_fechada"
    sent = await stored(ponte, id=template.json()["id"], entrega="entregue")
    assert [x["message_id"] for x in simulador.mensagens] == [sent["id_externo"]]
