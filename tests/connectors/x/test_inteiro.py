"""The whole way: X proves the webhook, a customer writes, the shop answers, nothing comes twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.canais import sonda
from ponte.mensagens import estado
from ponte.simulators.x import ENDERECO, SimuladorX
from ponte.store.db import Row, Tx
from ponte.testing import Embedded
from tests.connectors.inteiro import stored, whole

ANA = "2222222222222222222"
TEXTO = {"tipo": "texto", "canal": "x", "destinatario": ANA, "conteudo": "Temos sim!"}


@pytest.fixture
async def simulador() -> AsyncIterator[SimuladorX]:
    simulador = SimuladorX()
    yield simulador
    await simulador.stop()


@pytest.fixture
async def ponte(simulador: SimuladorX, tmp_path: Path) -> AsyncIterator[Embedded]:
    async with whole(simulador, tmp_path, nome="x") as running:
        yield running


async def sonda_erro(ponte: Embedded) -> str | None:
    """Ask X how it is; return what was wrong."""
    await sonda.probe_hub(ponte.ctx, "x")
    row = await ponte.ctx.db.read(_sonda_erro)
    return None if row is None else row[0]


async def _sonda_erro(tx: Tx) -> Row | None:
    return await tx.fetch_one("SELECT sonda_erro FROM canais_estado WHERE canal = 'x'")


async def _tokens(tx: Tx, like: str) -> list[Row]:
    return await tx.fetch("SELECT nome FROM tokens WHERE nome LIKE ?", (like,))


async def stopped(ponte: Embedded) -> str:
    """Wait until the canal stops; return why."""
    async with asyncio.timeout(30):
        while True:
            why = await ponte.ctx.db.read(estado.stopped, "x")
            if why is not None:
                return str(why)
            await asyncio.sleep(0.05)


async def test_a_conversation_is_kept_once_whatever_comes_twice(
    simulador: SimuladorX, ponte: Embedded
) -> None:
    simulador.misbehave("duplicate", 2)
    await simulador.write(ANA, "Tem 42?")
    await stored(ponte, direcao="entrada", conteudo="Tem 42?")

    answer = await ponte.http.post("/messages", json=TEXTO)
    sent = await stored(ponte, id=answer.json()["id"], entrega="enviada")
    await simulador.read(ANA, sent["id_externo"])
    await stored(ponte, id=sent["id"], entrega="lida")
    await simulador.write_by_hand(ANA, "No 42 e no 43")
    await stored(ponte, direcao="saida", conteudo="No 42 e no 43")

    assert (await ponte.get("/messages"))["total"] == 3
    assert [x["dm_event_id"] for x in simulador.mensagens] == [sent["id_externo"]]


async def test_after_a_lost_answer_the_echo_ends_it_and_the_customer_reads_it_once(
    simulador: SimuladorX, ponte: Embedded
) -> None:
    simulador.misbehave("lost", 1, onde="send", segundos=0)

    answer = await ponte.http.post("/messages", json=TEXTO)

    sent = await stored(ponte, id=answer.json()["id"], status="concluida")
    assert [x["dm_event_id"] for x in simulador.mensagens] == [sent["id_externo"]]
    assert (await ponte.get("/messages"))["total"] == 1


async def test_an_account_that_takes_its_leave_back_stops_the_canal_and_its_tokens_are_forgotten(
    simulador: SimuladorX, ponte: Embedded
) -> None:
    simulador.misbehave("token", 1, onde="send")
    first = await ponte.http.post("/messages", json=TEXTO)
    await stored(ponte, id=first.json()["id"], entrega="enviada")  # a renewed pair lies stored

    await simulador.revoke()
    why = await stopped(ponte)

    kept = await ponte.ctx.db.read(_tokens, "x:%")
    assert why == "a autorização foi retirada pela conta"
    assert kept == []


async def test_a_refresh_token_that_is_refused_stops_the_canal_and_wakes_somebody(
    simulador: SimuladorX, ponte: Embedded
) -> None:
    simulador.access = simulador.refresh = "another"

    answer = await ponte.http.post("/messages", json=TEXTO)
    why = await stopped(ponte)
    await sonda.probe_hubs(ponte.ctx)

    found = {x["nome"] for x in (await ponte.get("/alerts"))["itens"]}
    assert "Value passed for the token was invalid." in why
    assert "canal_parado" in found
    assert (await stored(ponte, id=answer.json()["id"]))["status"] == "processando"


async def test_the_probe_registers_the_webhook_and_proves_it_again_when_x_gave_it_up(
    simulador: SimuladorX, ponte: Embedded
) -> None:
    first = await sonda_erro(ponte)
    [webhook] = simulador.assinaturas.webhooks.values()
    told = {x["event_type"] for x in simulador.assinaturas.assinaturas}
    webhook["valid"] = False
    await forget_probe(ponte)

    again = await sonda_erro(ponte)

    assert (first, again) == (None, None)
    assert (webhook["url"], webhook["valid"]) == (ENDERECO, True)
    assert told == {"dm.received", "dm.sent", "dm.read", "oauth.revoke", "post.mention.create"}
    assert len(simulador.assinaturas.assinaturas) == 5


async def test_a_webhook_that_does_not_reach_ponte_is_told_by_the_probe(
    simulador: SimuladorX, ponte: Embedded
) -> None:
    await sonda_erro(ponte)
    [webhook] = simulador.assinaturas.webhooks.values()
    webhook["valid"] = False
    simulador.webhook_url += "/nowhere"
    await forget_probe(ponte)

    erro = await sonda_erro(ponte)

    assert erro is not None
    assert f"X holds the webhook {ENDERECO} to be invalid" in erro


async def forget_probe(ponte: Embedded) -> None:
    """Let ten minutes be over for the probe."""
    for row in await ponte.ctx.db.read(_tokens, "x:%:sonda"):
        await ponte.ctx.tokens.delete(row[0])
