"""What a platform keeps is fetched by one process, stored once, and confirmed after that."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ponte.canais.sonda import probe_hubs
from ponte.context import Context
from ponte.mensagens import estado
from ponte.runtime.recebedor import Recebedor, Ritmo
from ponte.simulators.telegram import CHAT_ID, SEGREDO, SimuladorTelegram
from ponte.testing import Embedded, embedded
from tests.espera import until
from tests.resilience.odd_server import odd_server

RAPIDO = Ritmo(espera=0.3, vez=0.05, outro=0.1, recusa=0.1, falha=0.05)
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram()
    yield simulador
    await simulador.stop()


@pytest.fixture
async def env(telegram: SimuladorTelegram) -> dict[str, str]:
    return telegram.env(await telegram.start())


@pytest.fixture
async def ponte(data_dir: Path, env: dict[str, str]) -> AsyncIterator[Embedded]:
    async with embedded(data_dir, env=env) as running:
        yield running


@asynccontextmanager
async def receiving(ctx: Context, ritmo: Ritmo = RAPIDO) -> AsyncIterator[None]:
    ligado = ctx.ligados["telegram"]
    assert ligado.reception is not None
    task = asyncio.create_task(Recebedor(ctx, ligado, ligado.reception, ritmo).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def heard(ponte: Embedded, quantas: int = 1) -> list[str]:
    """Return what customers wrote, oldest first, once there are so many."""

    async def enough() -> Any:
        found = (await ponte.get("/messages", canal="telegram"))["itens"]
        return [m["conteudo"] for m in found[::-1]] if len(found) >= quantas else None

    found: list[str] = await until(enough)
    return found


async def empty(telegram: SimuladorTelegram) -> None:
    async def confirmed() -> bool:
        return not telegram.fila.esperam

    await until(confirmed)


async def test_what_was_written_while_ponte_was_away_comes_once_and_the_end_is_at_once(
    data_dir: Path, env: dict[str, str], telegram: SimuladorTelegram
) -> None:
    papeis = ("worker", "scheduler")
    await telegram.write(CHAT_ID, "antes")

    async with embedded(data_dir, env=env, papeis=papeis) as ponte:
        await heard(ponte)
        await telegram.write(CHAT_ID, "agora")
        first = await heard(ponte, 2)
        await empty(telegram)
        began = time.monotonic()
    took_s = time.monotonic() - began
    await telegram.write(CHAT_ID, "depois")
    async with embedded(data_dir, env=env, papeis=papeis) as ponte:
        found = await heard(ponte, 3)

    assert (first, found) == (["antes", "agora"], ["antes", "agora", "depois"])
    assert took_s < Ritmo().espera - 5, "it did not wait for the platform to answer"


async def test_an_answer_that_was_lost_and_a_post_of_the_same_bring_nothing_twice(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    telegram.misbehave("corta", 1, onde="getUpdates")
    for modo in ("5xx", "html", "429"):
        telegram.misbehave(modo, 1, onde="getUpdates", segundos=1)
    await telegram.write(CHAT_ID, "oi")
    [update] = telegram.fila.esperam

    async with receiving(ponte.ctx):
        await heard(ponte)
        await empty(telegram)
    answer = await ponte.http.post(
        "/webhooks/telegram", content=json.dumps(update, indent=1), headers={HEADER: SEGREDO}
    )

    async def handled() -> Any:
        facts = (await ponte.get("/eventos", tipo="webhook.recebido"))["itens"]
        return len(facts) == 2 and not (await ponte.get("/falhas"))["total"]

    await until(handled)
    assert answer.status_code == 200
    assert await heard(ponte) == ["oi"]


async def test_while_telegram_posts_nothing_is_fetched_and_after_that_it_is_again(
    data_dir: Path, env: dict[str, str], telegram: SimuladorTelegram
) -> None:
    async with embedded(data_dir, env=env, endereco_publico="https://loja.example") as ponte:
        set_ = (await ponte.http.put("/hub/telegram/webhook")).json()
        telegram.misbehave("drop", 1)
        await telegram.write(CHAT_ID, "oi")
        async with receiving(ponte.ctx):

            async def looked() -> bool:
                return telegram.chamadas.count("getWebhookInfo") > 2

            await until(looked)
            asked = telegram.chamadas.count("getUpdates")
            shown = (await ponte.http.get("/hub/telegram/webhook")).json()
            gone = (await ponte.http.delete("/hub/telegram/webhook")).json()
            found = await heard(ponte)

    assert (set_["url"], set_["esperam"]) == ("https://loja.example/webhooks/telegram", 0)
    assert (asked, shown["esperam"]) == (0, 1)
    assert "Wrong response" in shown["falha"]
    assert (gone["url"], found) == (None, ["oi"])


async def test_a_webhook_needs_an_address_of_ones_own_and_a_hub_that_can_be_told(
    ponte: Embedded,
) -> None:
    no_address = await ponte.http.put("/hub/telegram/webhook")
    off = await ponte.http.get("/hub/tiktok/webhook")
    unknown = await ponte.http.get("/hub/orkut/webhook")

    assert [x.status_code for x in (no_address, off, unknown)] == [409, 409, 404]
    assert "PONTE_ENDERECO_PUBLICO" in no_address.json()["detail"]


async def test_one_process_asks_and_another_goes_on_when_it_is_gone(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    other = replace(ponte.ctx, instancia="another-process")
    with capture_logs() as logs:
        async with receiving(other):
            async with receiving(ponte.ctx):
                await telegram.write(CHAT_ID, "um")
                await heard(ponte)
                await asyncio.sleep(RAPIDO.vez * 4)
            await ponte.ctx.db.transact(_forget_leases)
            await telegram.write(CHAT_ID, "dois")
            found = await heard(ponte, 2)

    assert found == ["um", "dois"]
    assert [x for x in logs if "somebody else" in x["event"]] == [], "they never asked at once"


async def test_another_reader_is_said_once_and_when_it_is_gone(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    with capture_logs() as logs:
        async with receiving(ponte.ctx, replace(RAPIDO, espera=5.0)):
            await telegram.write(CHAT_ID, "um")
            await heard(ponte)
            await empty(telegram)
            await telegram.fila.get({})  # ends the question that waits

            async def said() -> bool:
                return any("fetched again" in x["event"] for x in logs)

            await telegram.write(CHAT_ID, "dois")
            await until(said)

    told = [x["motivo"] for x in logs if "somebody else" in x["event"]]
    assert len(told) == 1
    assert "terminated by other getUpdates request" in told[0]


async def test_a_revoked_token_stops_the_canal_and_wakes_somebody(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    telegram.token = "1:another"

    async with receiving(ponte.ctx):

        async def stopped() -> Any:
            return await ponte.ctx.db.read(estado.stopped, "telegram")

        motivo = await until(stopped)
    await probe_hubs(ponte.ctx)

    alerts = (await ponte.get("/alerts", resolvido="false"))["itens"]
    assert "401" in motivo
    assert telegram.token not in motivo
    assert [a["labels"] for a in alerts if a["nome"] == "canal_parado"] == [{"canal": "telegram"}]


@pytest.mark.parametrize("way", ["ok", "unavailable"])
async def test_a_server_that_holds_nothing_back_is_not_asked_in_a_loop(
    data_dir: Path, env: dict[str, str], way: str
) -> None:
    async with odd_server() as server:
        server.otherwise = way
        own = {**env, "PONTE_TELEGRAM__BASE_URL": server.url}
        async with embedded(data_dir, env=own) as ponte, receiving(ponte.ctx, Ritmo(espera=1.0)):

            async def asked() -> bool:
                return len(server.requests) >= 1

            await until(asked)
            await asyncio.sleep(0.5)

    assert 1 <= len(server.requests) <= 3


async def _forget_leases(tx: Any) -> None:
    await tx.execute("DELETE FROM leases WHERE nome = 'recepcao.telegram'")
