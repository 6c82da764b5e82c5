"""The careful broker ingest: FastAPI and aio-pika, one connection, a confirm for each order."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from fastapi import FastAPI

from bench.servers.order import Pedido
from bench.servers.ready import run_asgi

FILA = "pedidos"


def build(url: str) -> FastAPI:
    """Return the app that publishes to the RabbitMQ at `url`."""
    channels: list[aio_pika.abc.AbstractChannel] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with await aio_pika.connect_robust(url) as connection:
            channel = await connection.channel(publisher_confirms=True)
            await channel.declare_queue(FILA, durable=True, arguments={"x-queue-type": "quorum"})
            channels.append(channel)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/pedido", status_code=202)
    async def receive(pedido: Pedido) -> dict[str, str]:
        message = aio_pika.Message(
            pedido.model_dump_json().encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        await channels[0].default_exchange.publish(message, FILA, mandatory=True)
        return {"status": "recebido"}

    return app


if __name__ == "__main__":
    run_asgi(build(sys.argv[1]), lifespan=True)
