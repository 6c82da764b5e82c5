"""The same deliveries by a plain loop: one after the other, three tries each, a pause between.

Signed alike and over the same HTTP client with the same time-out; nothing is stored, so what
is in its memory when it ends is lost.
"""

import asyncio
import json
import sys
import time
from uuid import uuid4

import httpx2
import uvloop

from bench.destinations import SECRET
from bench.servers.raised import keep_raising
from ponte.connectors.webhook.sign import sign

TIMEOUT_S = 10.0  # As Ponte's.
PAUSES_S = (2.0, 10.0)


async def main(_folder: str, rate: float, seconds: float, urls: list[str]) -> None:
    """Serve one round."""
    waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def ask(titulo: str) -> None:
        for url in urls:
            waiting.put_nowait((url, titulo))

    async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:

        async def work() -> None:
            while True:
                await deliver(client, *await waiting.get())

        worker = asyncio.create_task(work())
        await keep_raising(ask, rate=rate, seconds=seconds)
        worker.cancel()


async def deliver(client: httpx2.AsyncClient, url: str, titulo: str) -> None:
    """Post one notice, up to three times."""
    body = json.dumps({"type": "alerta.criado", "data": {"titulo": titulo}}).encode()
    headers = sign(body, SECRET, message_id=str(uuid4()), timestamp_s=int(time.time()))
    for pause_s in (*PAUSES_S, 0.0):
        try:
            answer = await client.post(url, content=body, headers=headers)
        except httpx2.TransportError:
            await asyncio.sleep(pause_s)
        else:
            if answer.is_success:
                return
            await asyncio.sleep(pause_s)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
