"""Engines that fail: away, restarted, emptied. Consuming again is shown by what comes."""

import pytest

from ponte.domain.valores import new_id
from ponte.errors import ArmazenamentoIndisponivel
from ponte.ports import Broker, Prompt
from tests.brokers.engines import CUT_OFF, Engine
from tests.espera import until

pytestmark = [pytest.mark.timeout(120), CUT_OFF]  # a server of its own is started again
LOOK_S = 60


async def _published(broker: Broker, prompt: Prompt) -> None:
    async def taken() -> bool:
        try:
            await broker.publish([prompt])
        except ArmazenamentoIndisponivel:
            return False
        return True

    await until(taken, seconds=LOOK_S)


async def _comes(broker: Broker, prompt: Prompt) -> None:
    async def came() -> bool:
        prompts = await broker.receive(prompt.fila, limit=10, timeout_s=0.2)
        await broker.ack(prompts)
        return prompt.entrega_id in {p.entrega_id for p in prompts}

    await until(came, seconds=LOOK_S)


async def _consuming(broker: Broker, fila: str) -> None:
    async def counted() -> bool:
        try:
            return await broker.consumers(fila) == 1
        except ArmazenamentoIndisponivel:
            return False

    await until(counted, seconds=LOOK_S)


async def test_after_a_restart_the_same_consumer_consumes_what_was_before_and_after(
    server: Engine,
) -> None:
    fila = f"teste.{new_id()}"
    consumer, publisher = server.connect(), server.connect()
    await publisher.publish([Prompt(fila, 1, "f1", "l")])
    await _comes(consumer, Prompt(fila, 1, "f1", "l"))
    await consumer.close()
    consumer = server.connect()
    await consumer.receive(fila, limit=1, timeout_s=0.2)
    await _consuming(publisher, fila)
    other = f"teste.{new_id()}"
    # A quorum queue younger than its first use may have no leader after kill -9 (seen on 3.10).
    await publisher.publish([Prompt(other, 1, "f1", "l")])
    await _comes(publisher, Prompt(other, 1, "f1", "l"))
    await publisher.publish([Prompt(other, 2, "f2", "l")])

    server.restart()
    await _published(publisher, Prompt(fila, 3, "f3", "l"))

    await _comes(consumer, Prompt(fila, 3, "f3", "l"))
    await _comes(publisher, Prompt(other, 2, "f2", "l"))
    await _consuming(publisher, fila)
    await consumer.close()
    await publisher.close()


@pytest.mark.parametrize("name", ["rabbitmq", "redis"])  # Kafka's members go on at their offset
async def test_a_queue_that_was_lost_is_there_again_for_who_publishes_and_who_consumes(
    name: str, request: pytest.FixtureRequest
) -> None:
    server: Engine = request.getfixturevalue(name)
    fila = f"teste.{new_id()}"
    consumer, publisher = server.connect(), server.connect()
    await publisher.publish([Prompt(fila, 1, "f1", "l")])
    await _comes(consumer, Prompt(fila, 1, "f1", "l"))

    await server.lose(fila)
    await publisher.publish([Prompt(fila, 2, "f2", "l")])

    await _comes(consumer, Prompt(fila, 2, "f2", "l"))
    await server.lose(fila)
    await _consuming(publisher, fila)
    await consumer.close()
    await publisher.close()


async def test_an_engine_that_is_away_is_said_and_holds_up_nobody(server: Engine) -> None:
    fila = f"teste.{new_id()}"
    server.stop()
    broker = server.connect()

    with pytest.raises(ArmazenamentoIndisponivel):
        await broker.start([fila])
    with pytest.raises(ArmazenamentoIndisponivel):
        await broker.publish([Prompt(fila, 1, "f1", "l")])
    with pytest.raises(ArmazenamentoIndisponivel):
        await broker.consumers(fila)
    assert not await broker.receive(fila, limit=1, timeout_s=0.2)

    server.start()
    await _published(broker, Prompt(fila, 2, "f2", "l"))
    await _comes(broker, Prompt(fila, 2, "f2", "l"))
    await broker.close()
