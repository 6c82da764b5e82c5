"""P8: a message answered 202 ends sent, or set aside with a reason; none holds up another."""

from collections.abc import AsyncIterator
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
        "TELEGRAM_CHAT_ID": "7",
    }
    async with serving(tmp_path / "dados", **env) as running:
        yield running


async def _send(http: httpx2.AsyncClient, destinatario: str, texto: str) -> str:
    body = {
        "tipo": "texto",
        "canal": "telegram",
        "destinatario": destinatario,
        "conteudo": texto,
    }
    answer = await http.post("/messages", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def _ended(http: httpx2.AsyncClient, mensagem_id: str, *, seconds: float = 30) -> Any:
    async def ended() -> Any:
        found = (await http.get(f"/messages/{mensagem_id}")).json()
        return found if found["status"] in {"concluida", "erro"} else None

    return await until(ended, seconds=seconds)


async def test_messages_answered_before_a_kill_are_sent_in_order_after_it(
    servidor: Servidor, telegram: SimuladorTelegram
) -> None:
    telegram.misbehave("mudo", 1)
    async with servidor.http() as http:
        ids = [await _send(http, "42", str(n)) for n in range(5)]
    await servidor.kill()
    await servidor.start()

    async with servidor.http() as http:
        ended = [await _ended(http, mensagem_id) for mensagem_id in ids]

    assert {m["status"] for m in ended} == {"concluida"}
    assert [m["text"] for m in telegram.mensagens] == ["0", "1", "2", "3", "4"]


async def test_a_contact_that_refuses_holds_up_no_other_and_is_set_aside(
    http: httpx2.AsyncClient, telegram: SimuladorTelegram
) -> None:
    telegram.chats = {"42", "7"}
    lost = await _send(http, "99", "perdida")
    fine = [await _send(http, "42", str(n)) for n in range(3)]

    ended = [await _ended(http, mensagem_id) for mensagem_id in (lost, *fine)]

    assert [m["status"] for m in ended] == ["erro", "concluida", "concluida", "concluida"]
    assert ended[0]["erro"]
    falhas = (await http.get("/falhas")).json()["itens"]
    assert [f["fila"] for f in falhas] == ["mensagens.telegram"]
    assert TOKEN not in str(falhas)
