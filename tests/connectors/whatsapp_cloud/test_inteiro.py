"""The whole way: a customer writes, the shop answers, the customer reads and chooses."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.simulators import meta
from ponte.simulators.whatsapp_cloud import SimuladorWhatsAppCloud
from ponte.testing import Embedded
from tests.connectors.inteiro import stored, whole

ANA = "5511999990001"


@pytest.fixture
async def simulador() -> AsyncIterator[SimuladorWhatsAppCloud]:
    simulador = SimuladorWhatsAppCloud()
    yield simulador
    await simulador.stop()


@pytest.fixture
async def ponte(simulador: SimuladorWhatsAppCloud, tmp_path: Path) -> AsyncIterator[Embedded]:
    async with whole(simulador, tmp_path, nome="whatsapp_cloud") as running:
        yield running


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
