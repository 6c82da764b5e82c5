"""The whole of Ponte on each engine: accepted orders are handled, whatever the engine does."""

import asyncio
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from pydantic import SecretStr

from ponte.errors import ConfiguracaoInvalida
from ponte.runtime.build import build
from ponte.settings import RabbitmqSettings, Settings
from ponte.testing import Embedded, embedded
from tests.brokers.engines import CUT_OFF, Engine, free_port
from tests.conftest import stock
from tests.espera import until

pytestmark = [pytest.mark.timeout(120), CUT_OFF]
PEDIDO = {"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
FAST: dict[str, Any] = {"worker": {"sweep_s": 0.1, "resend_s": 0.4}, "rate_limit_key": 100_000}


async def _order(ponte: Embedded, n: int) -> list[str]:
    answers = [await ponte.http.post("/pedido", json=PEDIDO) for _ in range(n)]
    assert {a.status_code for a in answers} == {202}
    return [a.json()["id"] for a in answers]


async def _all_concluded(ponte: Embedded, ids: list[str]) -> None:
    async def concluded() -> bool:
        found = [await ponte.get(f"/pedidos/{i}") for i in ids]
        return {p["status"] for p in found} == {"concluido"}

    await until(concluded, seconds=30)


async def _holds(ponte: Embedded, n: int, fila: str = "pedidos") -> None:
    async def held() -> bool:
        return await ponte.ctx.broker.depth(fila) == n

    await until(held, seconds=30)


async def test_prompts_wait_for_a_worker_that_is_away_and_none_is_left_when_it_is_done(
    data_dir: Path, server: Engine
) -> None:
    url = server.url
    async with embedded(data_dir, papeis=(), queue_url=url, **FAST) as web:
        await stock(web, 100)
        await _holds(web, 0)
        ids = await _order(web, 20)
        await _holds(web, 20)

        async with embedded(data_dir, queue_url=url, **FAST) as ponte:
            await _all_concluded(ponte, ids)
            await _holds(web, 0)

            assert (await ponte.get("/estoque/ARROZ-5KG"))["quantidade"] == 80


async def test_orders_are_accepted_and_handled_through_a_restart_of_the_engine(
    data_dir: Path, server: Engine
) -> None:
    async with embedded(data_dir, queue_url=server.url, **FAST) as ponte:
        await stock(ponte, 100)
        ids = await _order(ponte, 5)

        restarting = asyncio.create_task(asyncio.to_thread(server.restart))
        while not restarting.done():
            ids += await _order(ponte, 1)
            await asyncio.sleep(0.3)
        await restarting
        ids += await _order(ponte, 5)

        await _all_concluded(ponte, ids)
        await _holds(ponte, 0)
        assert (await ponte.get("/estoque/ARROZ-5KG"))["quantidade"] == 100 - len(ids)


async def test_a_queue_lost_after_its_confirm_is_published_again(
    data_dir: Path, server: Engine
) -> None:
    async with embedded(data_dir, papeis=(), queue_url=server.url, **FAST) as web:
        await stock(web, 100)
        await _order(web, 3)
        await _holds(web, 3)

        await server.lose("pedidos")

        await _holds(web, 3)
        await server.lose("pedidos")


async def test_an_engine_that_is_away_at_the_start_keeps_no_order_out(data_dir: Path) -> None:
    url = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
    async with embedded(data_dir, queue_url=url, **FAST) as ponte:
        await stock(ponte, 10)

        ids = await _order(ponte, 2)
        ready = await ponte.http.get("/health/ready")

        await _all_concluded(ponte, ids)
        assert ready.status_code == 200
        assert "RabbitMQ" in ready.json()["partes"]["consumidores"]["motivo"]
        assert "guest:guest" not in ready.text


async def test_on_rabbitmq_the_queue_is_named_pedidos_and_its_messages_outlive_it(
    data_dir: Path, rabbitmq: Engine
) -> None:
    async with embedded(data_dir, papeis=(), queue_url=rabbitmq.url, **FAST) as web:
        await stock(web, 100)
        await _order(web, 1)
        await _holds(web, 1)

        async with await aio_pika.connect(rabbitmq.url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(
                "pedidos", durable=True,
                arguments={"x-queue-type": "quorum", "x-dead-letter-exchange": "ponte.mortas"},
            )  # fmt: skip
            message = await queue.get()
            await message.ack()

        assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
        assert b"Ana" not in message.body


async def test_a_queue_of_another_type_is_refused_at_the_start_by_the_settings_name(
    data_dir: Path, rabbitmq: Engine
) -> None:
    settings = Settings(
        _env_file=None, data_dir=data_dir, queue_url=SecretStr(rabbitmq.url),
        rabbitmq=RabbitmqSettings(queue_type="classic"),
    )  # fmt: skip
    async with embedded(data_dir, papeis=(), queue_url=rabbitmq.url, **FAST):
        with pytest.raises(ConfiguracaoInvalida, match="PONTE_RABBITMQ__QUEUE_TYPE"):
            await build(settings, env={})


@pytest.mark.parametrize("url", ["http://127.0.0.1", "amqp://u:senha-canario@127.0.0.1:porta/"])
async def test_a_wrong_address_is_refused_without_saying_it(data_dir: Path, url: str) -> None:
    settings = Settings(_env_file=None, data_dir=data_dir, queue_url=SecretStr(url))

    with pytest.raises(ConfiguracaoInvalida, match="PONTE_QUEUE_URL") as refused:
        await build(settings, env={})

    assert "senha-canario" not in str(refused.value)
