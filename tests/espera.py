"""Espera: wait for what comes by itself, and fail with words when it does not."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ponte.testing import Embedded


async def until(check: Callable[[], Awaitable[Any]], *, seconds: float = 30) -> Any:
    """Return what `check` returns once it is true.

    The deadline is wide: how fast a thing comes is for bench/ to say.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := await check():
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")


async def settled(ponte: Embedded, pedido_id: str) -> Any:
    """Return an order once it is no longer `recebido`."""

    async def check() -> Any:
        pedido = await ponte.get(f"/pedidos/{pedido_id}")
        return pedido if pedido["status"] != "recebido" else None

    return await until(check)


async def sell(ponte: Embedded, produto_id: str, quantidade: int = 1) -> Any:
    """Sell some units and return the order as it then stands."""
    item = {"produto_id": produto_id, "quantidade": quantidade}
    answer = await ponte.http.post("/pedido", json={"itens": [item]})
    assert answer.status_code == 202, answer.text
    return await settled(ponte, answer.json()["id"])
