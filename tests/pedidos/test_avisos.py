"""A customer is told how their order ended, on the canal that the shop chose, if known there."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ponte.domain.evento import EventoDeCanal
from ponte.domain.valores import reais
from ponte.mensagens import recebidas
from ponte.settings import AvisosSettings
from ponte.simulators.telegram import SimuladorTelegram
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded
from tests.conftest import stock
from tests.espera import settled, until

TOKEN = "123456:obviously-fake-token"
ANA, CHAT = "+5511987654321", "700000001"


@pytest.fixture
async def env() -> AsyncIterator[dict[str, str]]:
    simulador = SimuladorTelegram(token=TOKEN)
    yield {
        "PONTE_TELEGRAM__BASE_URL": await simulador.start(),
        "PONTE_TELEGRAM__BOT_TOKEN": TOKEN,
    }
    await simulador.stop()


@pytest.fixture
async def ponte(data_dir: Path, env: dict[str, str]) -> AsyncIterator[Embedded]:
    async with embedded(data_dir, env=env, avisos=AvisosSettings(canal="telegram")) as running:
        await stock(running, 100)
        yield running


async def known(ponte: Embedded) -> None:
    """Let Ana write, and show her telephone as Telegram does when she shares it."""
    said = EventoDeCanal(
        channel="telegram", kind="message", chat_id=CHAT, sender_id=CHAT, message_id="1",
        type="text", text="Oi", pessoa=(CHAT, ANA.removeprefix("+")),
    )  # fmt: skip

    async def write(tx: Tx) -> None:
        await recebidas.receive(tx, said, conector="telegram")

    await ponte.ctx.db.transact(write)


async def order(ponte: Embedded, quantidade: int, **cliente: str) -> Any:
    answer = await ponte.http.post(
        "/pedido",
        json={
            "itens": [{"produto_id": "CAFE-500G", "quantidade": quantidade}],
            "cliente": {"nome": "Ana Souza", **cliente},
        },
    )
    assert answer.status_code == 202, answer.text
    return await settled(ponte, answer.json()["id"])


async def notices(ponte: Embedded, pedido: Any) -> list[Any]:
    itens = (await ponte.get("/messages", canal="telegram"))["itens"]
    return [m for m in itens if m["pedido_id"] == pedido["id"] and m["status"] == "concluida"]


async def test_who_is_known_is_told_that_the_order_is_done(ponte: Embedded) -> None:
    await known(ponte)

    pedido = await order(ponte, 2, telefone=ANA)
    [aviso] = await until(lambda: notices(ponte, pedido))

    assert aviso["destinatario"] == CHAT
    assert aviso["conteudo"] == (
        f"Olá, Ana! Seu pedido {pedido['numero']} foi concluído. Total: R$ 37,80."
    )


async def test_who_is_known_is_told_that_stock_was_short(ponte: Embedded) -> None:
    await known(ponte)

    pedido = await order(ponte, 101, telefone=ANA)
    [aviso] = await until(lambda: notices(ponte, pedido))

    assert pedido["status"] == "sem_estoque"
    assert aviso["conteudo"].startswith("Olá, Ana! Faltou estoque")


async def test_a_stranger_is_not_written_to_and_the_order_stands(ponte: Embedded) -> None:
    stranger = await order(ponte, 1, telefone="+5511912345678")
    nameless = await order(ponte, 1)
    await known(ponte)
    told = await order(ponte, 1, telefone=ANA)

    await until(lambda: notices(ponte, told))

    assert {p["status"] for p in (stranger, nameless, told)} == {"concluido"}
    assert (await ponte.get("/messages", canal="telegram"))["total"] == 2  # hers, and the notice


def test_a_text_that_says_what_nobody_knows_is_refused_at_start() -> None:
    with pytest.raises(ValidationError, match="numero"):
        AvisosSettings(concluido="Olá, {sobrenome}!")


def test_money_is_written_as_people_in_brazil_do() -> None:
    assert [reais(x) for x in ("0.05", "37.80", "1234.5", "1234567.00")] == [
        "R$ 0,05", "R$ 37,80", "R$ 1.234,50", "R$ 1.234.567,00",
    ]  # fmt: skip
