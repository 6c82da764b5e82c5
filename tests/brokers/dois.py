"""Dois: two web processes on one file, with one helper."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ponte.testing import Embedded, embedded
from tests.espera import until

ALERTA = {"nome": "geladeira", "titulo": "Quente", "texto": "12 graus"}


@asynccontextmanager
async def two(data_dir: Path, url: str, **settings: Any) -> AsyncIterator[list[Embedded]]:
    """Two web processes on one file."""
    async with (
        embedded(data_dir, papeis=(), redis_url=url, **settings) as one,
        embedded(data_dir, papeis=(), redis_url=url, **settings) as other,
    ):
        yield [one, other]


async def copying(*processes: Embedded) -> None:
    """Wait until one copies: what was before its first look has no copy."""

    async def placed() -> bool:
        for ponte in processes:
            ajudante = ponte.ctx.ajudante
            assert ajudante is not None
            if not ajudante.away and await ajudante.place("fatos") is not None:
                return True
        return False

    await until(placed)


async def raise_alert(ponte: Embedded) -> str:
    answer = await ponte.http.post("/alerts", json=ALERTA)
    assert answer.status_code == 201
    return str(answer.json()["id"])
