"""P8 and P11: who must be told is told at once, not twice, and no sink holds up another."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.simulators.telegram import SimuladorTelegram
from tests.acceptance.servidor import Servidor, order, product, serving, settled, until

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
        # Nobody listens there: a sink that is dead from the beginning.
        "SLACK_WEBHOOK_URL": "http://127.0.0.1:9/services/T/B/X",
    }
    async with serving(tmp_path / "dados", **env) as running:
        yield running


def _told(telegram: SimuladorTelegram, words: str) -> Any:
    async def check() -> list[Any]:
        return [m for m in telegram.mensagens if words in m["text"]]

    return check


async def test_a_product_that_falls_below_its_minimum_is_told_at_once_beside_a_dead_sink(
    http: httpx2.AsyncClient, telegram: SimuladorTelegram
) -> None:
    await product(http, "CAFE-500G", 6)

    pedido = (await http.post("/pedido", json=order("CAFE-500G", 2))).json()
    await settled(http, pedido["id"])

    [message] = await until(_told(telegram, "CAFE-500G"), seconds=2)
    assert "Estoque baixo" in message["text"]
    [alert] = (await http.get("/alerts", params={"resolvido": "false"})).json()["itens"]
    assert (alert["nome"], alert["labels"]["produto_id"]) == ("estoque_baixo", "CAFE-500G")

    async def notices() -> Any:
        whole = (await http.get(f"/alerts/{alert['id']}")).json()["notificacoes"]
        found = {n["destino"]: n["situacao"] for n in whole}
        return found if found.get("log") == found.get("telegram") == "entregue" else None

    assert (await until(notices))["slack"] == "pedida"


async def test_only_the_crossing_alerts_not_each_sale_and_its_end_is_told(
    http: httpx2.AsyncClient, telegram: SimuladorTelegram
) -> None:
    await product(http, "CAFE-500G", 6)
    for _ in range(4):
        await settled(http, (await http.post("/pedido", json=order("CAFE-500G"))).json()["id"])
    await until(_told(telegram, "CAFE-500G"))

    await http.post("/estoque/CAFE-500G/ajustes", json={"delta": 50, "motivo": "reposição"})

    async def both() -> bool:
        return len(telegram.mensagens) == 2

    assert await until(both)
    [alert] = (await http.get("/alerts")).json()["itens"]
    assert alert["resolvido"]
    assert alert["contagem"] == 1


async def test_the_same_alert_is_not_told_again_within_its_window_and_counts_up(
    http: httpx2.AsyncClient, telegram: SimuladorTelegram
) -> None:
    body = {"nome": "cofre_aberto", "titulo": "Cofre aberto", "labels": {"loja": "1"}}

    answers = [await http.post("/alerts", json=body) for _ in range(5)]
    other = await http.post("/alerts", json={**body, "labels": {"loja": "2"}})

    await asyncio.sleep(0.5)
    assert len({a.json()["id"] for a in answers}) == 1
    assert answers[-1].json()["contagem"] == 5
    assert other.json()["contagem"] == 1
    assert len(telegram.mensagens) == 2


async def test_one_name_cannot_flood_and_what_is_over_waits_its_turn(tmp_path: Path) -> None:
    telegram = SimuladorTelegram(token=TOKEN)
    env = {
        "PONTE_TELEGRAM__BASE_URL": await telegram.start(),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_CHAT_ID": "42",
        "PONTE_ALERTAS__LIMITE_POR_NOME": "3",
        "PONTE_ALERTAS__JANELA_DO_LIMITE_S": "2",
    }
    async with serving(tmp_path / "dados", **env) as servidor, servidor.http() as http:
        for n in range(5):
            body = {"nome": "porta", "titulo": f"Porta {n}", "labels": {"porta": str(n)}}
            assert (await http.post("/alerts", json=body)).status_code == 201
        await asyncio.sleep(1)
        first = len(telegram.mensagens)

        async def all_told() -> bool:
            return len(telegram.mensagens) == 5

        assert first == 3
        assert await until(all_told, seconds=8)
    await telegram.stop()


async def test_telegram_is_tried_three_times_then_the_error_is_recorded(
    http: httpx2.AsyncClient, telegram: SimuladorTelegram
) -> None:
    telegram.misbehave("5xx", 50)

    alert = (await http.post("/alerts", json={"nome": "teste", "titulo": "Um teste"})).json()

    async def failed() -> Any:
        whole = (await http.get(f"/alerts/{alert['id']}")).json()["notificacoes"]
        return [n for n in whole if n["destino"] == "telegram" and n["situacao"] == "falhou"]

    [notice] = await until(failed, seconds=20)
    assert len([c for c in telegram.chamadas if c == "sendMessage"]) == 3
    assert notice["erro"]
    assert TOKEN not in str((await http.get("/falhas")).json())


async def test_retry_after_of_telegram_is_honoured(
    http: httpx2.AsyncClient, telegram: SimuladorTelegram
) -> None:
    telegram.misbehave("429", 1, segundos=2)
    began = asyncio.get_running_loop().time()

    await http.post("/alerts", json={"nome": "teste", "titulo": "Um teste"})
    await until(_told(telegram, "Um teste"), seconds=15)

    assert asyncio.get_running_loop().time() - began >= 2


async def test_an_alert_is_acknowledged_and_resolved_by_a_person_once(
    http: httpx2.AsyncClient,
) -> None:
    alert = (await http.post("/alerts", json={"nome": "teste", "titulo": "Um teste"})).json()

    ack = await http.post(f"/alerts/{alert['id']}/ack")
    resolved = await http.post(f"/alerts/{alert['id']}/resolve")
    again = await http.post(f"/alerts/{alert['id']}/resolve")

    assert ack.json()["reconhecido_em"] is not None
    assert resolved.json()["resolvido"] is True
    assert again.status_code == 409
    open_ones = (await http.get("/alerts", params={"resolvido": "false"})).json()
    assert open_ones["total"] == 0
