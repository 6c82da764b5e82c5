"""The mirror: what customers and the shop say stands in the help desk, and people answer there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.canais.cena import ANA, Cena, scene
from tests.espera import until

PERGUNTA = "Qual o horário?"


@pytest.fixture
async def cena(data_dir: Path) -> AsyncIterator[Cena]:
    async with scene(data_dir) as running:
        yield running


async def test_a_conversation_stands_there_once_with_the_bots_answer(cena: Cena) -> None:
    cena.whatsapp.misbehave("duplicate")

    await cena.write(PERGUNTA)
    await cena.idle()

    assert len(cena.said()) == 1
    await cena.shows(("incoming", PERGUNTA), ("outgoing", cena.said()[0]))
    await cena.stands(status="pending")
    assert cena.copy(PERGUNTA)["source_id"].startswith("whatsapp:wamid.")


async def test_what_an_agent_writes_reaches_the_customer_once_and_pauses_the_bot(
    cena: Cena,
) -> None:
    await cena.write(PERGUNTA)
    await cena.idle()
    answered = len(cena.said())

    cena.chatwoot.misbehave("duplicate", 2, onde="message_created")
    mensagem = await cena.chatwoot.responder(cena.conversa, "Temos **sim**!")
    await cena.customer_got("Temos *sim*!")
    await cena.write("ok")
    await cena.idle()

    assert cena.said()[answered:] == ["Temos *sim*!"]
    assert await cena.atendimento() == "pessoa"
    assert [t for s, t in cena.shown() if s == "outgoing"].count("Temos **sim**!") == 1
    assert cena.chatwoot.mundo.find(cena.conversa, mensagem)["status"] == "delivered"
    await cena.stands(status="open")
    assert len(cena.chatwoot.mundo.conversas) == 1


async def test_notes_bots_surveys_and_automations_stay_in_the_help_desk(cena: Cena) -> None:
    await cena.write(PERGUNTA)
    await cena.idle()
    answered = len(cena.said())

    write = cena.chatwoot.responder
    await write(cena.conversa, "só para nós", private=True)
    await write(cena.conversa, "sou robô", sender={"id": 9, "name": "R", "type": "agent_bot"})
    await write(cena.conversa, "Avalie", message_type=3, content_type="input_csat", sender=None)
    await write(cena.conversa, "automática", sender=None)
    await write(cena.conversa, "Conversa resolvida", message_type=2, sender=None)
    await cena.idle()

    assert len(cena.said()) == answered
    assert await cena.atendimento() == "bot"


async def test_templates_and_bots_go_to_the_customer_where_that_is_chosen(data_dir: Path) -> None:
    async with scene(data_dir, env={"PONTE_CHATWOOT__FORWARD": "all"}) as cena:
        await cena.write(PERGUNTA)
        await cena.idle()

        await cena.chatwoot.responder(cena.conversa, "Avalie", message_type=3, sender=None)
        await cena.customer_got("Avalie")

        assert await cena.atendimento() == "bot"


async def test_who_asks_for_a_person_gets_one_until_it_is_resolved(cena: Cena) -> None:
    await cena.write("quero falar com um atendente")
    await cena.stands(status="open")
    await cena.write(PERGUNTA)
    await cena.idle()
    silent = len(cena.said())

    await cena.chatwoot.mudar(cena.conversa, "resolved")
    await cena.idle()
    await cena.write(PERGUNTA)
    await cena.idle()

    assert silent == 1
    assert len(cena.said()) == 2
    await cena.stands(status="pending")
    assert await cena.atendimento() == "bot"


@pytest.mark.parametrize("como", ["open", "assignee"])
async def test_a_person_who_takes_a_conversation_silences_the_bot(cena: Cena, como: str) -> None:
    await cena.write(PERGUNTA)
    await cena.idle()

    if como == "open":
        await cena.chatwoot.mudar(cena.conversa, "open")
    else:
        await cena.chatwoot.atribuir(cena.conversa)
    await cena.idle()
    await cena.write(PERGUNTA)
    await cena.idle()

    assert len(cena.said()) == 1
    assert await cena.atendimento() == "pessoa"
    await cena.stands(status="open")


async def test_a_conversation_that_is_parked_again_is_the_bots(cena: Cena) -> None:
    await cena.write("quero falar com um atendente")
    await cena.stands(status="open")
    await cena.idle()

    await cena.chatwoot.mudar(cena.conversa, "pending")
    await cena.idle()
    await cena.write(PERGUNTA)
    await cena.idle()

    assert len(cena.said()) == 2
    await cena.stands(status="pending")


async def test_events_of_one_second_in_any_order_lead_to_the_same(cena: Cena) -> None:
    await cena.write("quero falar com um atendente")
    await cena.stands(status="open")
    await cena.idle()

    cena.chatwoot.misbehave("reorder", onde="conversation_status_changed")
    await cena.chatwoot.mudar(cena.conversa, "pending")
    await cena.chatwoot.mudar(cena.conversa, "resolved")
    await cena.idle()

    assert await cena.atendimento() == "bot"


async def test_the_telephones_own_words_stand_there_too_and_are_no_answer(cena: Cena) -> None:
    await cena.write(PERGUNTA)
    await cena.idle()
    answer = await cena.ponte.http.post(
        "/messages",
        json={
            "tipo": "texto",
            "canal": "whatsapp",
            "destinatario": ANA,
            "conteudo": "Seu pedido saiu",
        },
    )
    assert answer.status_code == 202
    await cena.customer_got("Seu pedido saiu")
    await cena.idle()

    assert cena.shown()[-1] == ("outgoing", "Seu pedido saiu")
    assert cena.said().count("Seu pedido saiu") == 1


async def test_what_the_customer_edits_and_takes_back_is_seen(cena: Cena) -> None:
    first = await cena.write(PERGUNTA)
    await cena.idle()

    await cena.whatsapp.edit(ANA, first, "E amanhã?")
    await cena.idle()
    await cena.whatsapp.delete(ANA, first)
    await cena.idle()

    edited = cena.copy("✏️ E amanhã?")
    assert edited["message_type"] == 0
    deleted = cena.copy("This message was deleted")
    assert edited["content_attributes"] == {"in_reply_to": deleted["id"]}


async def test_what_an_agent_takes_back_is_noted_and_told_to_nobody_twice(cena: Cena) -> None:
    await cena.write(PERGUNTA)
    await cena.idle()
    mensagem = await cena.chatwoot.responder(cena.conversa, "Errei")
    await cena.customer_got("Errei")
    await cena.idle()

    await cena.chatwoot.apagar(cena.conversa, mensagem)
    await cena.idle()

    facts = (await cena.ponte.get("/eventos", tipo="mensagem.anotada"))["itens"]
    assert [f["dados"]["anotacao"] for f in facts] == ["apagada"]
    assert "delete" not in cena.chatwoot.chamadas


async def test_a_file_of_an_agent_goes_out_and_what_failed_is_shown_as_failed(cena: Cena) -> None:
    await cena.write(PERGUNTA)
    await cena.idle()
    foto = {"id": 9, "file_type": "image", "data_url": "https://chatwoot.test/b/foto.png"}
    cena.whatsapp.fora.add(ANA)

    mensagem = await cena.chatwoot.responder(cena.conversa, "A foto", attachments=[foto])

    async def failed() -> bool:
        return bool(cena.chatwoot.mundo.find(cena.conversa, mensagem)["status"] == "failed")

    await until(failed)
    cena.whatsapp.fora.clear()
    await cena.idle()
    await cena.chatwoot.tentar(cena.conversa, mensagem)
    await cena.idle()

    sent = [m["image"] for m in cena.whatsapp.mensagens if m["type"] == "image"]
    assert [(x["link"], x["caption"]) for x in sent] == [(foto["data_url"], "A foto")]
    assert cena.chatwoot.mundo.find(cena.conversa, mensagem)["status"] == "delivered"
