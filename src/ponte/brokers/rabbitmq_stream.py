"""RabbitMQ stream: every fact goes to one topic exchange, for whoever binds a queue to it.

Confirmed and persistent, in order. Not `mandatory`: a topic that nobody bound is
nobody's loss, and `GET /eventos` still has its facts.

Source: github.com/cloudevents/spec, AMQP protocol binding.
"""

import asyncio
from collections.abc import Sequence

from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractExchange

from ponte.brokers.amqp import CONFIRM_S, CONNECT_S, Link, engine_errors
from ponte.errors import ArmazenamentoIndisponivel
from ponte.ports import Registro

EXCHANGE = "ponte.fatos"
IN_FLIGHT = 128  # as the broker's


class RabbitStream:
    """One channel, so that what is published in order arrives in order."""

    name = "rabbitmq"

    def __init__(self, url: str) -> None:
        self._link = Link(url, name="ponte stream")
        self._exchange: AbstractExchange | None = None

    async def publish(self, registros: Sequence[Registro]) -> None:
        try:
            with engine_errors():
                for start in range(0, len(registros), IN_FLIGHT):
                    async with asyncio.timeout(CONFIRM_S + CONNECT_S):
                        exchange = await self._open()
                        await _confirmed(exchange, registros[start : start + IN_FLIGHT])
        except ArmazenamentoIndisponivel:
            await self._link.drop()
            raise

    async def close(self) -> None:
        await self._link.close()

    async def _open(self) -> AbstractExchange:
        channel, new = await self._link.confirming()
        if new or self._exchange is None:
            self._exchange = await channel.declare_exchange(
                EXCHANGE, ExchangeType.TOPIC, durable=True
            )
        return self._exchange


async def _confirmed(exchange: AbstractExchange, registros: Sequence[Registro]) -> None:
    await asyncio.gather(
        *(exchange.publish(_message(r), r.topico, mandatory=False) for r in registros)
    )


def _message(registro: Registro) -> Message:
    return Message(
        registro.envelope,
        content_type="application/cloudevents+json",
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=registro.atributos["id"],
        headers={
            "chave": registro.chave,
            **{f"cloudEvents:{nome}": valor for nome, valor in registro.atributos.items()},
        },
    )
