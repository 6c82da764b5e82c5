"""The whole way: somebody writes, the shop answers, they choose, edit and take it back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.canais.sonda import probe_hubs
from ponte.simulators import meta
from ponte.simulators.instagram import SimuladorInstagram
from ponte.simulators.meta_mensageiro import SimuladorMensageiro
from ponte.testing import Embedded, FrozenClock, embedded
from tests.connectors.inteiro import stored, whole
from tests.connectors.meta.redes import RedeDeTeste

DAY_S = 86_400


@pytest.fixture
async def simulador(rede: RedeDeTeste) -> AsyncIterator[SimuladorMensageiro]:
    simulador = rede.simulador()
    yield simulador
    await simulador.stop()


@pytest.fixture
async def ponte(
    rede: RedeDeTeste, simulador: SimuladorMensageiro, tmp_path: Path
) -> AsyncIterator[Embedded]:
    async with whole(simulador, tmp_path, nome=rede.nome) as running:
        yield running


async def test_a_conversation_is_kept_from_the_first_word_to_the_chosen_option(
    rede: RedeDeTeste, simulador: SimuladorMensageiro, ponte: Embedded
) -> None:
    assert await simulador.subscribe()
    assert not await meta.subscribe(simulador.webhook_url, verify_token="outra")
    simulador.misbehave("duplicate", 3)
    wrote = await simulador.write(rede.pessoa, "Tem 42?")
    await stored(ponte, direcao="entrada", conteudo="Tem 42?")
    await simulador.edit(rede.pessoa, wrote, "Tem 43?")
    await stored(ponte, direcao="entrada", conteudo="Tem 43?")

    ask = {"texto": "Confirma?", "opcoes": ["Sim", "Agora não"]}
    nova = {"tipo": "resposta_rapida", "canal": rede.nome, "destinatario": rede.pessoa}
    answer = await ponte.http.post("/messages", json={**nova, "conteudo": ask})
    took = "entregue" if rede.nome == "facebook" else "enviada"
    sent = await stored(ponte, id=answer.json()["id"], entrega=took)
    await simulador.read(rede.pessoa, sent["id_externo"])
    await simulador.press(rede.pessoa, "Agora não", responde_a=sent["id_externo"])

    await stored(ponte, id=sent["id"], entrega="lida")
    chosen = await stored(ponte, direcao="entrada", tipo="resposta_rapida")
    assert chosen["conteudo"]["escolha"] == "Agora não"
    assert (await ponte.get("/messages"))["total"] == 3
    assert (await ponte.http.post(f"/hub/{rede.nome}/sondar")).json()["sonda"]["ok"]


async def test_a_key_that_can_not_be_renewed_is_told_of_until_it_is(tmp_path: Path) -> None:
    clock = FrozenClock()
    simulador = SimuladorInstagram(now=lambda: clock.ms / 1000)
    env = simulador.env(await simulador.start())
    async with embedded(tmp_path, env=env, papeis=(), clock=clock) as ponte:
        told = []
        simulador.misbehave("5xx", 2, onde="renew")

        for dias in (0, 1, 2, 1):  # seen, refused twice, renewed
            clock.advance(dias * DAY_S)
            await probe_hubs(ponte.ctx)
            open_ = (await ponte.get("/alerts", resolvido="false"))["itens"]
            told.append([x["texto"] for x in open_ if x["nome"] == "chave_acabando"])

        health = (await ponte.get("/hub/health/instagram"))["motivo"]
        assert [len(x) for x in told] == [0, 0, 1, 0], told
        assert "57 dias" in told[2][0]
        assert "sonda responde" in health
    await simulador.stop()
