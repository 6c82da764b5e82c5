"""P11: silencing hides the notice, never the record; who must be told is told when it ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.simulators.telegram import SimuladorTelegram
from tests.acceptance.servidor import Servidor, serving, until

TOKEN = "123456:obviously-fake-token"


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram(token=TOKEN)
    yield simulador
    await simulador.stop()


@pytest.fixture
async def servidor(tmp_path: Path, telegram: SimuladorTelegram) -> AsyncIterator[Servidor]:
    env = {
        "PONTE_TELEGRAM__BASE_URL": await telegram.start(),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_CHAT_ID": "42",
    }
    async with serving(tmp_path / "dados", **env) as running:
        yield running


def _in(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def _silence(http: httpx2.AsyncClient, **body: Any) -> Any:
    answer = await http.post("/alerts/silences", json={"motivo": "reforma", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _raise(http: httpx2.AsyncClient, nome: str, **labels: str) -> Any:
    body = {"nome": nome, "titulo": f"{nome} {labels}", "labels": labels}
    answer = await http.post("/alerts", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_what_a_silence_hides_is_on_record_and_told_when_it_ends_if_it_is_still_open(
    http: httpx2.AsyncClient, telegram: SimuladorTelegram
) -> None:
    await _silence(http, nome="porta", ate=_in(3))

    hidden = await _raise(http, "porta", loja="1")
    over = await _raise(http, "porta", loja="2")
    loud = await _raise(http, "cofre", loja="1")
    await http.post(f"/alerts/{over['id']}/resolve")

    async def told(words: str) -> bool:
        return any(words in m["text"] for m in telegram.mensagens)

    await until(lambda: told("cofre"))
    recorded = (await http.get("/alerts")).json()["itens"]
    assert {a["id"] for a in recorded} == {hidden["id"], over["id"], loud["id"]}
    assert not await told("porta")

    await until(lambda: told("porta"), seconds=20)
    await asyncio.sleep(0.5)
    assert len(telegram.mensagens) == 2
    notices = (await http.get(f"/alerts/{hidden['id']}")).json()["notificacoes"]
    assert {n["situacao"] for n in notices} == {"entregue"}


async def test_a_silence_outlives_a_restart_and_can_be_ended_by_hand(
    servidor: Servidor, telegram: SimuladorTelegram
) -> None:
    async with servidor.http() as http:
        silencio = await _silence(http, labels={"loja": "1"}, ate=_in(3600))
        alert = await _raise(http, "porta", loja="1")
    await servidor.kill()
    await servidor.start()

    async with servidor.http() as http:
        again = await _raise(http, "porta", loja="1")
        quiet = len(telegram.mensagens)
        ended = await http.delete(f"/alerts/silences/{silencio['id']}")

        async def told() -> bool:
            return len(telegram.mensagens) == 1

        assert (again["id"], again["contagem"], quiet) == (alert["id"], 2, 0)
        assert ended.status_code == 204
        assert await until(told)
