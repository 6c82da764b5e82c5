"""The mirror when the help desk is busy, mute, away, or has lost what it was told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ponte.canais.espelho import livro, varredura
from ponte.canais.sonda import probe_hubs
from ponte.domain.evento import EventoDeCanal
from ponte.errors import Adiado, PonteError
from ponte.mensagens import conversas, recebidas
from ponte.resilience.classes import Classe, OutsideError
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock
from tests.canais.cena import ANA, NO_BOT, Cena, scene

OI, OLA = "Tem 42?", "Temos!"


@pytest.fixture
async def cena(data_dir: Path, clock: FrozenClock) -> AsyncIterator[Cena]:
    """A shop without a bot in which nothing is handled but what a test says."""
    async with scene(data_dir, papeis=(), bot=NO_BOT, clock=clock) as running:
        yield running


async def failing(cena: Cena) -> PonteError:
    with pytest.raises(PonteError) as caught:
        await cena.work()
    return caught.value


FALHAS = (
    ("lost", "contact"), ("5xx", "conversations"), ("lost", "conversation"), ("html", "message"),
    ("lost", "message"), ("mute", "messages"),
)  # fmt: skip


@pytest.mark.sqlite
@pytest.mark.postgres
async def test_nothing_is_made_twice_whatever_becomes_of_an_answer(cena: Cena) -> None:
    await cena.write(OI)

    for modo, onde in FALHAS:
        cena.chatwoot.misbehave(modo, onde=onde, segundos=0.01)
        error = await failing(cena)
        assert isinstance(error, OutsideError)
        assert error.classe is Classe.RETRY
    await cena.work()

    assert cena.shown() == [("incoming", OI)]
    assert len(cena.chatwoot.mundo.contatos) == len(cena.chatwoot.mundo.conversas) == 1


@pytest.mark.parametrize("onde", ["message", "report"])
async def test_a_busy_help_desk_is_waited_for_as_long_as_it_asks(cena: Cena, onde: str) -> None:
    await cena.write(OI)
    await cena.work()
    await cena.chatwoot.responder(cena.conversa, OLA)
    if onde == "message":
        await cena.write("E 43?")
    cena.chatwoot.misbehave("429", onde=onde, segundos=1)

    error = await failing(cena)
    cena.ponte.ctx.destinos["chatwoot"]._quiet_until = 0.0  # the second is over
    await cena.work()

    assert isinstance(error, Adiado)
    assert error.retry_after_s is not None
    assert cena.said() == [OLA]
    assert cena.copy(OLA)["status"] in ("sent", "delivered")


async def test_a_refused_token_stops_the_mirror_until_it_is_mended(cena: Cena) -> None:
    await cena.write(OI)
    cena.chatwoot.misbehave("token", onde="contact")

    first = await failing(cena)
    again = await failing(cena)  # no further call is made
    calls = list(cena.chatwoot.chamadas)
    await probe_hubs(cena.ponte.ctx)
    told = (await cena.ponte.get("/alerts", resolvido="false"))["itens"]
    reset = await cena.ponte.http.post("/hub/circuit-breaker/chatwoot/reset")
    await cena.work()

    assert isinstance(first, Adiado)
    assert isinstance(again, Adiado)
    assert calls == ["contact"]
    assert {"canal": "chatwoot"} in [a["labels"] for a in told if a["nome"] == "canal_parado"]
    assert reset.json()["retomado"] is True
    assert cena.shown() == [("incoming", OI)]


async def test_the_mirror_is_paused_probed_and_resumed_as_a_canal(cena: Cena) -> None:
    paused = await cena.ponte.http.post("/hub/chatwoot/pausar")
    await cena.write(OI)
    error = await failing(cena)
    resumed = await cena.ponte.http.post("/hub/chatwoot/retomar")
    await cena.work()
    well = (await cena.ponte.http.post("/hub/chatwoot/sondar")).json()
    cena.chatwoot.token = "outra"
    wrong = (await cena.ponte.http.post("/hub/chatwoot/sondar")).json()

    assert (paused.status_code, resumed.status_code) == (200, 200)
    assert isinstance(error, Adiado)
    assert cena.shown() == [("incoming", OI)]
    assert well["sonda"]["ok"] is True
    assert (wrong["sonda"]["ok"], "auth" in wrong["sonda"]["erro"]) == (False, True)


async def test_what_was_deleted_there_is_made_anew(cena: Cena) -> None:
    await cena.write(OI)
    await cena.work()
    cena.chatwoot.mundo.conversas.clear()
    await cena.write("E 43?")
    await cena.work()
    cena.chatwoot.mundo.conversas.clear()
    cena.chatwoot.mundo.contatos.clear()
    await cena.write("E 44?")
    await cena.work()

    await cena.chatwoot.responder(cena.conversa, OLA)
    await cena.work()

    assert cena.shown() == [("incoming", "E 44?"), ("outgoing", OLA)]
    assert cena.said() == [OLA]


async def test_a_contact_that_is_there_already_is_used(cena: Cena) -> None:
    cena.chatwoot.mundo.make_contact({"name": "Ana", "phone_number": f"+{ANA}"})

    await cena.write(OI)
    await cena.work()

    [contact] = cena.chatwoot.mundo.contatos.values()
    assert f"ponte-whatsapp-{ANA}" in [e["source_id"] for e in contact["contact_inboxes"]]
    assert cena.shown() == [("incoming", OI)]


async def test_a_picture_stands_there_as_a_file(cena: Cena) -> None:
    await cena.whatsapp.send_image(ANA)
    await cena.work()

    [talk] = cena.chatwoot.mundo.conversas.values()
    [anexo] = talk["messages"][0]["attachments"]
    assert (anexo["mime"], bool(anexo["dados"])) == ("image/jpeg", True)


async def test_words_wait_two_minutes_at_most_for_a_file_of_a_platform_that_is_left_alone(
    cena: Cena, clock: FrozenClock
) -> None:
    await cena.whatsapp.send_image(ANA)
    cena.ponte.ctx.destinos["whatsapp_cloud"].breaker.open("by hand")
    with pytest.raises(Adiado):
        await cena.work()
    clock.advance(121)

    await cena.work()

    assert cena.shown() == [("incoming", "[imagem]")]


async def test_an_answer_that_no_event_told_of_is_fetched_once(
    cena: Cena, clock: FrozenClock
) -> None:
    await cena.write(OI)
    await cena.work()
    cena.chatwoot.misbehave("drop", 2, onde="message_created")
    await cena.chatwoot.responder(cena.conversa, OLA)
    await cena.chatwoot.responder(cena.conversa, "só nossa", private=True)

    await varredura.sweep(cena.ponte.ctx)  # its event may still be on its way
    clock.advance(120)
    await varredura.sweep(cena.ponte.ctx)
    await varredura.sweep(cena.ponte.ctx)
    await cena.work()
    clock.advance(3 * 3600)
    cena.chatwoot.misbehave("drop", onde="message_created")
    await cena.chatwoot.responder(cena.conversa, "de ontem")
    clock.advance(3600)
    await varredura.sweep(cena.ponte.ctx)
    await cena.work()

    assert cena.said() == [OLA]
    assert len(cena.shown()) == 4


async def test_what_the_canal_refuses_is_shown_as_failed_with_its_reason(
    cena: Cena, clock: FrozenClock
) -> None:
    await cena.write(OI)
    await cena.work()
    clock.advance(25 * 3600)

    mensagem = await cena.chatwoot.responder(cena.conversa, OLA)
    await cena.work()

    found = cena.chatwoot.mundo.find(cena.conversa, mensagem)
    assert found["status"] == "failed"
    assert "janela_fechada" in found["external_error"]
    assert cena.said() == []
    assert len(cena.shown()) == 2


async def test_an_instance_that_its_server_mirrors_is_left_alone(cena: Cena) -> None:
    async def leave(tx: Tx, alheio: object) -> None:
        await livro.leave(tx, "whatsapp", "100000000000001", alheio=bool(alheio))

    await cena.ponte.ctx.db.transact(leave, 1)
    await cena.write(OI)
    await cena.work()
    alone = cena.shown()
    await cena.ponte.ctx.db.transact(leave, None)
    await cena.write("E 43?")
    await cena.work()

    assert alone == []
    assert cena.shown() == [("incoming", "E 43?")]


async def test_a_late_event_of_what_ponte_asked_for_gives_nothing_back(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with scene(data_dir, papeis=(), clock=clock) as cena:
        await cena.write(OI)
        await cena.work()
        await cena.chatwoot.mudar(cena.conversa, "resolved")
        await cena.work()
        # It opens by itself, and Ponte parks it for the bot; neither is told of yet.
        cena.chatwoot.misbehave("drop", 2, onde="conversation_status_changed")
        await cena.write("E 43?")
        await cena.work()
        await cena.ponte.ctx.db.transact(_to_a_person)
        await cena.work()

        for before, status in (("resolved", "open"), ("open", "pending")):
            await cena.late(before, status)
        await cena.work()

        assert await cena.atendimento() == "pessoa"
        await cena.stands(status="open")


async def test_what_came_too_late_for_the_bot_is_shown_to_people(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with scene(data_dir, papeis=(), clock=clock) as cena:
        await cena.write(OI)
        clock.advance(11 * 60)
        await cena.work()
        late = cena.chatwoot.mundo.talk(cena.conversa)["status"]
        await cena.write("E 43?")
        await cena.work()

        assert late == "open"
        await cena.stands(status="pending")


async def _to_a_person(tx: Tx) -> None:
    row = await tx.fetch_one("SELECT id FROM conversas")
    assert row is not None
    await conversas.hand_over(tx, row[0], conversas.PESSOA)


async def test_only_the_chosen_canais_are_mirrored(data_dir: Path) -> None:
    env = {"PONTE_CHATWOOT__CHANNELS": "telegram"}
    async with scene(data_dir, env=env, papeis=(), bot=NO_BOT) as cena:
        await cena.write(OI)
        await cena.work()

        assert list(cena.chatwoot.chamadas) == []


async def test_events_of_another_inbox_or_unsigned_mean_nothing(cena: Cena) -> None:
    await cena.write(OI)
    await cena.work()
    mundo = cena.chatwoot.mundo

    await cena.chatwoot.responder(cena.conversa, OLA, source_id="WAID:1")
    other = {"message_type": 1, "content": "outra", "sender": {"id": 3, "type": "user"}}
    body = mundo.told(mundo.write(cena.conversa, other))
    body["inbox"] = {"id": 6}
    await cena.chatwoot._tell("message_created", body, onde="x")
    cena.chatwoot.anonima = True
    await cena.chatwoot.responder(cena.conversa, "sem assinatura")
    await cena.work()

    assert cena.said() == []
    assert [e.respostas for e in cena.chatwoot.entregas][-1] == [401]


async def test_where_there_is_no_help_desk_no_message_costs_a_row(ponte: Embedded) -> None:
    evento = EventoDeCanal(
        channel="telegram", kind="message", chat_id="42", message_id="1", type="text", text=OI
    )

    async def receive(tx: Tx) -> str | None:
        return await recebidas.receive(tx, evento, conector="telegram")

    async def rows(tx: Tx) -> list[Any]:
        return await tx.fetch("SELECT fila FROM fila WHERE fila = 'espelho'")

    assert await ponte.ctx.db.transact(receive) is not None
    assert await ponte.ctx.db.read(rows) == []
