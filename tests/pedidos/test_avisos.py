"""A customer is told how their order ended, on the canal that the shop chose, if known there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from ponte.domain.evento import EventoDeCanal
from ponte.domain.valores import reais
from ponte.mensagens import recebidas
from ponte.settings import AvisosSettings
from ponte.simulators.telegram import SimuladorTelegram
from ponte.simulators.whatsapp_cloud import SimuladorWhatsAppCloud
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


@asynccontextmanager
async def shop_whose_customer_wrote_days_ago(
    data_dir: Path, **modelos: str
) -> AsyncIterator[tuple[Embedded, SimuladorWhatsAppCloud]]:
    """Run a shop on WhatsApp Cloud to which Ana wrote when its window was another."""
    simulador = SimuladorWhatsAppCloud()
    simulador.modelos |= set(modelos.values())
    env = simulador.env("http://whatsapp_cloud.test")
    numero = ANA.removeprefix("+")
    async with embedded(
        data_dir, env=env, avisos=AvisosSettings.model_validate({"canal": "whatsapp", **modelos})
    ) as ponte:
        # No sockets: the stand-in is called as the app that it is.
        app = httpx2.ASGITransport(app=simulador.app)
        ponte.ctx.destinos["whatsapp_cloud"]._transport = app
        await stock(ponte, 100)
        said = EventoDeCanal(
            channel="whatsapp", kind="message", chat_id=numero, sender_id=numero, message_id="1",
            type="text", text="Oi", pessoa=(numero,),
            timestamp_ms=ponte.ctx.now_ms() - 48 * 3_600_000,
        )  # fmt: skip

        async def write(tx: Tx) -> None:
            await recebidas.receive(tx, said, conector="whatsapp_cloud")

        await ponte.ctx.db.transact(write)
        yield ponte, simulador


async def test_where_the_window_is_closed_an_approved_template_tells_how_each_order_ended(
    data_dir: Path,
) -> None:
    modelos = {"modelo_concluido": "pedido_pronto", "modelo_sem_estoque": "faltou"}
    async with shop_whose_customer_wrote_days_ago(data_dir, **modelos) as (ponte, simulador):
        done = await order(ponte, 2, telefone=ANA)
        short = await order(ponte, 101, telefone=ANA)

        async def sent() -> bool:
            return len(simulador.mensagens) == 2

        await until(sent)
        sold, lacked = (m["template"] for m in simulador.mensagens)
        [words] = [c["parameters"] for c in sold["components"] if c["type"] == "body"]

        assert (sold["name"], lacked["name"]) == ("pedido_pronto", "faltou")
        assert sold["language"] == {"code": "pt_BR"}
        assert [w["text"] for w in words] == ["Ana", str(done["numero"]), "R$ 37,80"]
        assert short["status"] == "sem_estoque"


async def test_where_the_window_is_closed_and_no_template_is_set_nobody_is_written_to(
    data_dir: Path,
) -> None:
    async with shop_whose_customer_wrote_days_ago(data_dir) as (ponte, simulador):
        pedido = await order(ponte, 1, telefone=ANA)

        await until(lambda: ponte.ctx.db.read(_was_looked_at))

        assert pedido["status"] == "concluido"
        assert list(simulador.mensagens) == []
        assert (await ponte.get("/messages", canal="whatsapp"))["total"] == 1  # hers


async def _was_looked_at(tx: Tx) -> bool:
    row = await tx.fetch_one("SELECT 1 FROM inbox WHERE passo = 'avisar_cliente'")
    return row is not None


def test_a_text_that_says_what_nobody_knows_is_refused_at_start() -> None:
    with pytest.raises(ValidationError, match="numero"):
        AvisosSettings(concluido="Olá, {sobrenome}!")


def test_money_is_written_as_people_in_brazil_do() -> None:
    assert [reais(x) for x in ("0.05", "37.80", "1234.5", "1234567.00")] == [
        "R$ 0,05", "R$ 37,80", "R$ 1.234,50", "R$ 1.234.567,00",
    ]  # fmt: skip
