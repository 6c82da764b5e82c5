"""The doctor and the helper."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis as RedisClient

from ponte.cli import motores
from ponte.cli.achado import Achado
from ponte.settings import Settings
from tests.brokers.engines import Engine


async def _found(data_dir: Path, url: str) -> Achado:
    settings = Settings(_env_file=None, data_dir=data_dir, redis_url=SecretStr(url))
    (found,) = [a for a in await motores.examine(settings) if a.nome == "redis"]
    return found


async def test_the_doctor_tells_its_version_and_how_fast_it_answers(
    data_dir: Path, redis: Engine
) -> None:
    async with RedisClient.from_url(redis.url) as client:
        info: Any = await client.info("server")

    found = await _found(data_dir, redis.url)

    assert found.ok
    assert found.texto.startswith(f"Redis {info['redis_version']} responde em 127.0.0.1:")
    assert found.texto.endswith(" ms")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://:senha-canario@127.0.0.1:9/0", "ninguém escuta ali"),
        ("amqp://:senha-canario@127.0.0.1", "must begin with"),
    ],
)
async def test_the_doctor_finds_one_that_is_away_and_says_no_password(
    data_dir: Path, url: str, words: str
) -> None:
    found = await _found(data_dir, url)

    assert not found.ok
    assert words in found.texto
    assert "canario" not in str(found)


async def test_the_doctor_finds_a_password_that_is_not_taken(data_dir: Path, redis: Engine) -> None:
    async with RedisClient.from_url(redis.url) as client:
        await client.config_set("requirepass", "segredo-canario")
        try:
            found = await _found(data_dir, redis.url)
        finally:
            await client.config_set("requirepass", "")

    assert not found.ok
    assert "usuário ou senha recusados" in found.texto
