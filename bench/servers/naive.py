"""The naive ingest: a FastAPI `def` route that opens a broker connection for each order.

This is how such a service is usually first written: durable queue, persistent message,
one connection, one channel and one declaration a request.
"""

import sys

import pika  # type: ignore[import-not-found,import-untyped,unused-ignore]
from fastapi import FastAPI

from bench.servers.order import Pedido
from bench.servers.ready import run_asgi


def build(broker_port: int) -> FastAPI:
    """Return the app that publishes to the RabbitMQ on `broker_port`."""
    app = FastAPI()
    parameters = pika.ConnectionParameters("127.0.0.1", broker_port)

    @app.post("/pedido", status_code=202)
    def receive(pedido: Pedido) -> dict[str, str]:
        connection = pika.BlockingConnection(parameters)
        channel = connection.channel()
        channel.queue_declare("pedidos", durable=True)
        channel.confirm_delivery()
        channel.basic_publish(
            "",
            "pedidos",
            pedido.model_dump_json().encode(),
            pika.BasicProperties(delivery_mode=2),
        )
        connection.close()
        return {"status": "recebido"}

    return app


if __name__ == "__main__":
    run_asgi(build(int(sys.argv[1])))
