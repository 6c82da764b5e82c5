"""A whole Ponte with the stand-in of Telegram: buttons, groups that move, people who leave."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ponte.simulators.telegram import CHAT_ID, SimuladorTelegram
from ponte.testing import Embedded
from tests.connectors.inteiro import whole
from tests.espera import until


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram()
    yield simulador
    await simulador.stop()


@pytest.fixture
async def ponte(data_dir: Path, telegram: SimuladorTelegram) -> AsyncIterator[Embedded]:
    async with whole(telegram, data_dir, nome="telegram") as running:
        yield running


async def said(ponte: Embedded, tipo: str, conteudo: Any, *, to: str = CHAT_ID) -> Any:
    """Send one message and return it once it has ended."""
    body = {"tipo": tipo, "canal": "telegram", "destinatario": to, "conteudo": conteudo}
    answer = await ponte.http.post("/messages", json=body)
    assert answer.status_code == 202, answer.text

    async def ended() -> Any:
        found = await ponte.get(f"/messages/{answer.json()['id']}")
        return found if found["status"] != "processando" else None

    return await until(ended)


async def heard(ponte: Embedded, quantas: int = 1) -> list[Any]:
    """Return what customers wrote, oldest first, once there are so many."""

    async def enough() -> Any:
        itens = (await ponte.get("/messages", canal="telegram"))["itens"]
        found = [m for m in itens if m["direcao"] == "entrada"]
        return found[::-1] if len(found) >= quantas else None

    found: list[Any] = await until(enough)
    return found


LONGA = "Quero receber em casa, amanhã de manhã, entre as oito e as dez, se der"


@pytest.mark.parametrize(("opcao", "inteira"), [("Sim", True), (LONGA, False)])
async def test_a_pressed_button_comes_in_with_its_words_and_is_answered_once(
    ponte: Embedded, telegram: SimuladorTelegram, opcao: str, *, inteira: bool
) -> None:
    perguntou = await said(
        ponte, "resposta_rapida", {"texto": "Confirma?", "opcoes": [opcao, "Não"]}
    )
    telegram.misbehave("duplicate", 1)
    telegram.misbehave("5xx", 1, onde="answerCallbackQuery")

    query = await telegram.press(CHAT_ID, perguntou["id_externo"], opcao=opcao, inteira=inteira)
    [apertou] = await heard(ponte)

    async def answered() -> bool:
        return telegram.bot.toques[query] > 0

    await until(answered)
    assert (apertou["tipo"], apertou["conteudo"]["texto"]) == ("resposta_rapida", opcao)
    assert telegram.bot.toques == {query: 1}
    assert (await ponte.get("/falhas"))["total"] == 0


async def test_a_group_that_moved_stays_one_conversation(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    await telegram.send("-400", text="oi")
    [antes] = await heard(ponte)
    await telegram.migrate("-400", "-1001")

    enviada = await said(ponte, "texto", "olá, grupo", to="-400")
    await telegram.send("-1001", text="obrigado")
    depois = (await heard(ponte, 2))[1]

    async def conversations() -> Any:
        facts = (await ponte.get("/eventos", tipo="mensagem.recebida"))["itens"]
        return {f["dados"]["conversa_id"] for f in facts} if len(facts) == 2 else None

    assert enviada["status"] == "concluida"
    assert [m["chat_id"] for m in telegram.mensagens] == ["-1001"]
    assert (antes["remetente"], depois["remetente"]) == ("-400", "-1001")
    assert len(await until(conversations)) == 1


async def test_somebody_who_blocked_the_bot_ends_the_message_and_opens_no_breaker(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    await telegram.block("42")

    ends = [await said(ponte, "texto", f"oi {n}", to="42") for n in range(2)]

    assert {(m["status"], m["entrega"]) for m in ends} == {("erro", "falhou")}
    assert "blocked by the user" in ends[0]["erro"]
    assert ponte.ctx.destinos["telegram_mensagens"].breaker.view().failures == 0


async def test_a_file_that_ponte_has_arrives_with_its_caption(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    url = "data:application/pdf;base64,JVBERi0xLjQ="

    enviada = await said(
        ponte, "documento", {"url": url, "nome": "nota.pdf", "legenda": "Sua nota"}
    )

    [sent] = telegram.mensagens
    assert enviada["id_externo"] == str(sent["message_id"])
    assert (sent["caption"], sent["arquivos"]) == ("Sua nota", {"document": 8})
