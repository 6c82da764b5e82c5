"""What no webhook brought is fetched: at the start, after an outage, by the clock, when asked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ponte.canais import disjuntores, instancias, lacunas, recuperar, sonda
from ponte.canais.lacunas import DE_NOVO_MS, OCUPADA_MS, Lacuna
from ponte.canais.recuperar import FOLGA_MS, Recuperador
from ponte.canais.saude import Saude
from ponte.chatbot.responder import VELHA_MS
from ponte.domain.evento import EventoDeCanal
from ponte.events.canais import DisjuntorMudou
from ponte.mensagens import recebidas
from ponte.mensagens.recebidas import FRESCA_MS
from ponte.ports import Instancia
from ponte.settings import BotSettings
from ponte.simulators.whatsapp import SimuladorWhatsApp
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.chatbot.test_responder import idle

CLIENTE = "5588999990002"
CADA_MS = 300_000


@pytest.fixture
async def whatsapp() -> AsyncIterator[SimuladorWhatsApp]:
    """A server of telephones whose webhooks reach nobody."""
    simulador = SimuladorWhatsApp("http://127.0.0.1:9/w")
    yield simulador
    await simulador.stop()


@pytest.fixture
async def ponte(data_dir: Path, whatsapp: SimuladorWhatsApp) -> AsyncIterator[Embedded]:
    bot = BotSettings(enabled=True)
    async with embedded(data_dir, env=whatsapp.env(await whatsapp.start()), bot=bot) as running:
        yield running


@pytest.fixture
def recuperador(ponte: Embedded) -> Recuperador:
    return Recuperador(ponte.ctx.now_ms())


async def came(ponte: Embedded) -> list[str]:
    """Return what customers wrote, as it is stored."""
    itens = (await ponte.get("/messages"))["itens"]
    return [m["conteudo"] for m in itens if m["direcao"] == "entrada"]


async def past(ponte: Embedded) -> Any:
    return (await ponte.get("/hub/health/whatsapp"))["recuperacao"]


# ---------------------------------------------------------------- against the stand-in


async def test_what_no_webhook_brought_is_there_after_the_start_once(
    ponte: Embedded, whatsapp: SimuladorWhatsApp, recuperador: Recuperador
) -> None:
    before = await past(ponte)
    await whatsapp.escrever("tem café?", de=CLIENTE)

    await recuperador.run(ponte.ctx)
    first = await past(ponte)
    again = (await ponte.http.post("/hub/whatsapp/puxar")).json()

    assert before == {"existe": True, "idade_s": None, "novas": 0, "pedida": False, "erro": None}
    assert await came(ponte) == ["tem café?"]
    assert (first["novas"], first["erro"], first["idade_s"] is not None) == (1, None, True)
    assert again == {"hub": "whatsapp", "novas": 0, "pedida": False, "erro": None}
    text = ponte.ctx.telemetry.exposition().decode()
    assert 'ponte_channel_recovered_total{canal="whatsapp"} 1.0' in text
    assert 'ponte_channel_pulls_total{canal="whatsapp",resultado="ok"} 2.0' in text
    assert 'ponte_channel_pull_age_seconds{canal="whatsapp"}' in text


async def test_what_was_fetched_while_it_is_fresh_is_answered(
    ponte: Embedded, whatsapp: SimuladorWhatsApp, recuperador: Recuperador
) -> None:
    await whatsapp.escrever("oi", de=CLIENTE)

    await recuperador.run(ponte.ctx)
    await idle(ponte)

    itens = (await ponte.get("/messages"))["itens"]
    assert [m["remetente"] for m in itens if m["direcao"] == "saida"] == ["bot"]


async def test_a_platform_that_does_not_tell_leaves_the_gap_for_the_next_time(
    ponte: Embedded, whatsapp: SimuladorWhatsApp, recuperador: Recuperador
) -> None:
    await whatsapp.escrever("tem café?", de=CLIENTE)
    whatsapp.misbehave("5xx", 1)
    await recuperador.run(ponte.ctx)
    failed, nothing = await past(ponte), await came(ponte)

    await ponte.ctx.db.transact(_as_if_long_ago)
    await recuperador.run(ponte.ctx)

    assert (failed["idade_s"], bool(failed["erro"]), nothing) == (None, True, [])
    assert ((await past(ponte))["erro"], await came(ponte)) == (None, ["tem café?"])


async def _as_if_long_ago(tx: Tx) -> None:
    await tx.execute("UPDATE recuperacoes SET tentada_em = tentada_em - ?", (DE_NOVO_MS,))


async def test_only_a_hub_whose_past_can_be_read_can_be_asked(ponte: Embedded) -> None:
    off = await ponte.http.post("/hub/tiktok/puxar")
    unknown = await ponte.http.post("/hub/orkut/puxar")
    wrong = [
        (await ponte.http.post("/hub/whatsapp/puxar", params={"desde": desde})).status_code
        for desde in (
            "ontem",
            "2026-11-24T12:00:00",
            "1999-01-01T00:00:00Z",
            "2999-01-01T00:00:00Z",
        )
    ]

    assert (off.status_code, unknown.status_code, wrong) == (409, 404, [422] * 4)
    assert (await ponte.get("/hub/health/telegram"))["recuperacao"]["existe"] is False


# ---------------------------------------------------------------- whose time has come


@pytest.fixture
async def parada(data_dir: Path, clock: FrozenClock) -> AsyncIterator[Embedded]:
    """A Ponte that fetches nothing by itself, with one row that was read a moment ago."""
    async with embedded(data_dir, clock=clock, papeis=()) as running:
        await running.ctx.db.transact(lacunas.begin, {"whatsapp": "whatsapp"})
        clock.advance(1)
        lacuna = await take(running)
        assert lacuna is not None
        await close(running, lacuna)
        yield running


async def take(ponte: Embedded, *, cada_ms: int = CADA_MS, partida_ms: int = 0) -> Lacuna | None:
    async def work(tx: Tx) -> Lacuna | None:
        return await lacunas.take(tx, "whatsapp", cada_ms=cada_ms, partida_ms=partida_ms)

    found: Lacuna | None = await ponte.ctx.db.transact(work)
    return found


async def close(ponte: Embedded, lacuna: Lacuna, novas: int = 0) -> None:
    async def work(tx: Tx) -> None:
        await lacunas.close(tx, lacuna, ate_ms=tx.now_ms, novas=novas)

    await ponte.ctx.db.transact(work)


async def row(ponte: Embedded) -> Lacuna:
    known: dict[str, Lacuna] = await ponte.ctx.db.read(lacunas.known)
    return known["whatsapp"]


async def test_the_clock_makes_it_due_and_a_setting_of_zero_never(
    parada: Embedded, clock: FrozenClock
) -> None:
    at_once = await take(parada)
    clock.advance(CADA_MS / 1000)
    never = await take(parada, cada_ms=0)
    due = await take(parada)

    assert (at_once, never, due is not None) == (None, None, True)


async def test_a_start_makes_it_due(parada: Embedded, clock: FrozenClock) -> None:
    clock.advance(1)

    assert await take(parada, partida_ms=clock()) is not None


async def test_a_clock_that_went_back_makes_it_due(parada: Embedded, clock: FrozenClock) -> None:
    clock.advance(-3600)

    assert await take(parada) is not None


async def test_one_acts_and_who_dies_is_succeeded_with_the_gap_as_it_was(
    parada: Embedded, clock: FrozenClock
) -> None:
    clock.advance(CADA_MS / 1000)
    mine = await take(parada)
    others = await take(parada)
    clock.advance(OCUPADA_MS / 1000)
    after = await take(parada)

    assert mine is not None
    assert others is None
    assert after is not None
    assert (after.ate_em, after.puxada_em) == (mine.ate_em, mine.puxada_em)


async def test_who_asks_while_it_is_read_is_owed_another_look(
    parada: Embedded, clock: FrozenClock
) -> None:
    async def ask(tx: Tx) -> None:
        await lacunas.ask(tx, "whatsapp")

    await parada.ctx.db.transact(ask)
    lacuna = await take(parada)
    assert lacuna is not None
    clock.advance(1)
    await parada.ctx.db.transact(ask)
    await close(parada, lacuna)
    again = await take(parada)
    assert again is not None
    await close(parada, again)

    assert await take(parada) is None


async def test_it_goes_back_as_far_as_somebody_asked_for(
    parada: Embedded, clock: FrozenClock
) -> None:
    usual = recuperar._since(await row(parada), clock())

    async def ask(tx: Tx) -> None:
        for ago_ms in (3_600_000, 7_200_000, 60_000):
            await lacunas.ask(tx, "whatsapp", desde_ms=tx.now_ms - ago_ms)

    await parada.ctx.db.transact(ask)
    asked = recuperar._since(await row(parada), clock())
    away = replace(await row(parada), ate_em=0, pedida_desde=None)

    assert usual == clock() - FOLGA_MS
    assert asked == clock() - 7_200_000
    assert recuperar._since(away, clock()) == clock() - recuperar.MAX_ATRAS_MS


async def test_what_ends_an_outage_asks_for_what_was_missed(parada: Embedded) -> None:
    ctx = parada.ctx

    async def connected(tx: Tx) -> None:
        await instancias.note(ctx, tx, canal="whatsapp", instancia=Instancia("loja", "aberta"))

    async def closed(tx: Tx) -> None:
        fato = DisjuntorMudou(hub="whatsapp:loja", estado="closed", motivo="")
        await disjuntores._put(tx, ctx, fato)

    async def opened(tx: Tx) -> None:
        await disjuntores._put(tx, ctx, DisjuntorMudou(hub="whatsapp", estado="open", motivo=""))

    async def well(tx: Tx) -> None:
        await sonda._tell_change(tx, "whatsapp", Saude("healthy", ""))

    asked = []
    for outage in (connected, closed, opened, well):
        await ctx.db.transact(outage)
        lacuna = await take(parada)
        asked.append(lacuna is not None)
        if lacuna is not None:
            await close(parada, lacuna)

    assert asked == [True, True, False, True]


async def test_what_is_old_when_it_is_fetched_waits_for_a_person(parada: Embedded) -> None:
    evento = EventoDeCanal(
        channel="whatsapp", account="loja", kind="message", chat_id="42", sender_id="42",
        message_id="m1", type="text", text="oi", pessoa=("42",),
        timestamp_ms=parada.ctx.now_ms() - FRESCA_MS - 1,
    )  # fmt: skip

    async def receive(tx: Tx) -> None:
        fresh = replace(evento, message_id="m2", timestamp_ms=tx.now_ms)
        for one in (evento, fresh):
            await recebidas.receive(tx, one, conector="whatsapp", historia=True)

    await parada.ctx.db.transact(receive)

    facts = (await parada.get("/eventos?tipo=mensagem.recebida"))["itens"]
    assert [f["dados"]["em_espera"] for f in facts] == [True, False]
    assert FRESCA_MS <= VELHA_MS
