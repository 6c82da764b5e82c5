"""Bare HTTP: an ASGI app that reads the body and answers 202, on the same uvicorn."""

from typing import Any

from bench.servers.limit import Receive, Send, answer
from bench.servers.ready import run_asgi


async def app(_scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer without doing anything."""
    while (await receive()).get("more_body"):
        continue
    await answer(send, 202, b'{"status":"recebido"}')


if __name__ == "__main__":
    run_asgi(app)
