"""The whole of Ponte with a helper, without one, and with one that comes and goes."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from ponte.errors import ConfiguracaoInvalida
from ponte.resilience.breaker import BreakerState
from ponte.resilience.disjuntores import HttpPartilhado
from ponte.resilience.partilha import LimitadorPartilhado
from ponte.runtime import relay
from ponte.runtime.build import build
from ponte.settings import Settings
from ponte.testing import Embedded, embedded
from tests.brokers.dois import raise_alert, two
from tests.brokers.engines import CUT_OFF, Engine
from tests.conftest import stock
from tests.espera import sell, until

pytestmark = [pytest.mark.timeout(120), CUT_OFF]


# ---------------------------------------------------------------- rates


@asynccontextmanager
async def anybody(ponte: Embedded) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a key; always the same one."""
    transport = httpx2.ASGITransport(app=ponte.app, client=("203.0.113.7", 4711))
    async with httpx2.AsyncClient(transport=transport, base_url="http://ponte.test") as found:
        yield found


async def _tell(ponte: Embedded) -> None:
    assert ponte.ctx.cotas is not None
    await ponte.ctx.cotas.tell()


async def test_an_address_has_one_rate_at_all_web_processes(data_dir: Path, redis: Engine) -> None:
    async with (
        two(data_dir, redis.url) as (one, other),
        anybody(one) as here,
        anybody(other) as there,
    ):
        first = [(await here.get("/estoque")).status_code for _ in range(30)]
        await _tell(one)
        unaware = await there.get("/estoque")
        await _tell(other)
        aware = await there.get("/estoque")

    assert set(first) == {200}
    assert (unaware.status_code, aware.status_code) == (200, 429)
    assert aware.json()["code"] == "muitas_requisicoes"
    assert 1 <= int(aware.headers["retry-after"]) <= 60


async def test_a_key_has_one_rate_at_all_web_processes(data_dir: Path, redis: Engine) -> None:
    async with two(data_dir, redis.url, rate_limit_key=3) as (one, other):
        body = {"nome": "x", "escopos": ["pedidos:ler"]}
        chave = (await one.http.post("/chaves", json=body)).json()["chave"]
        headers = {"Authorization": f"Bearer {chave}"}

        async def refused() -> bool:
            # Both within one second, or the count is of two.
            statuses = [
                (await ponte.http.get("/pedidos", headers=headers)).status_code
                for ponte in (one, one, other)
            ]
            await _tell(one)
            await _tell(other)
            statuses.append((await other.http.get("/pedidos", headers=headers)).status_code)
            await asyncio.sleep(1.1)
            return statuses == [200] * 3 + [429]

        await until(refused)


async def test_without_its_helper_each_process_keeps_the_rate_alone(
    data_dir: Path, redis: Engine
) -> None:
    async with two(data_dir, redis.url) as (one, other):
        redis.stop()
        try:
            async with anybody(one) as here, anybody(other) as there:
                first = [(await here.get("/estoque")).status_code for _ in range(31)]
                second = [(await there.get("/estoque")).status_code for _ in range(31)]
            away = await until(lambda: _missed(one))
        finally:
            redis.start()

    assert first == second == [200] * 30 + [429]
    assert away > 0


async def _missed(ponte: Embedded) -> float:
    text = (await ponte.http.get("/metrics", headers={"Accept": "text/plain"})).text
    down = 'ponte_redis_up{uso="limites"} 0.0' in text
    name = 'ponte_redis_failures_total{uso="limites"} '
    return float(text.partition(name)[2].split("\n")[0]) if down else 0.0


# ---------------------------------------------------------------- destinations


async def test_a_destination_is_held_to_one_limit_and_one_breaker_by_all(
    data_dir: Path, redis: Engine
) -> None:
    env = {"PONTE_SLACK__WEBHOOK_URL": "http://127.0.0.1:9/segredo"}
    async with (
        embedded(data_dir, papeis=(), env=env, redis_url=redis.url) as one,
        embedded(data_dir, papeis=(), env=env, redis_url=redis.url) as other,
    ):
        here, there = one.built.https["slack"], other.built.https["slack"]
        await until(lambda: _listening(one, other))
        for _ in range(5):
            here.breaker.record_failure("503")

        async def opened() -> bool:
            return there.breaker.state is BreakerState.OPEN

        await until(opened)
        kinds = (type(here), type(here.limiter))

        # One that starts now learns it as well.
        async with embedded(data_dir, papeis=(), env=env, redis_url=redis.url) as late:
            breaker = late.built.https["slack"].breaker

            async def known() -> bool:
                return breaker.state is BreakerState.OPEN

            await until(known)

    assert kinds == (HttpPartilhado, LimitadorPartilhado)


async def _listening(*processes: Embedded) -> bool:
    found = []
    for ponte in processes:
        text = (await ponte.http.get("/metrics", headers={"Accept": "text/plain"})).text
        found.append('ponte_redis_up{uso="escuta"} 1.0' in text)
    return all(found)


# ---------------------------------------------------------------- words


@pytest.mark.sqlite
@pytest.mark.postgres
async def test_a_process_hears_at_once_of_what_another_committed(
    data_dir: Path, redis: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By looking alone it would take an hour.
    for name in ("LOOK_S", "ALONE_S", "TOLD_S"):
        monkeypatch.setattr(relay, name, 3600.0)
    async with two(data_dir, redis.url) as (one, other):
        await until(lambda: _listening(one, other))
        there = other.supervisor._relay
        here = one.supervisor._relay
        assert here is not None
        assert there is not None

        for _ in range(3):
            await raise_alert(one)

            async def same() -> bool:
                return here.relayed == there.relayed

            await until(same)


# ---------------------------------------------------------------- coming and going


async def test_orders_go_on_through_flushes_a_restart_and_a_stop(
    data_dir: Path, redis: Engine
) -> None:
    async with embedded(data_dir, redis_url=redis.url, rate_limit_key=100_000) as ponte:
        await stock(ponte, 100)
        await sell(ponte, "ARROZ-5KG")
        await redis.lose("")
        await sell(ponte, "ARROZ-5KG")
        await asyncio.to_thread(redis.restart)
        await sell(ponte, "ARROZ-5KG")
        redis.stop()
        try:
            sold = await sell(ponte, "ARROZ-5KG")
            ready = await ponte.http.get("/health/ready")
        finally:
            redis.start()

        async def whole() -> bool:
            parte = (await ponte.get("/health/ready"))["partes"]["redis"]
            return parte["motivo"] is None

        await until(whole)
        left = (await ponte.get("/estoque/ARROZ-5KG"))["quantidade"]

    assert (sold["status"], ready.status_code, left) == ("concluido", 200, 96)


async def test_one_that_was_never_there_delays_no_start(data_dir: Path) -> None:
    url = "redis://127.0.0.1:9/0"
    async with embedded(data_dir, redis_url=url) as ponte:
        await stock(ponte, 10)
        sold = await sell(ponte, "ARROZ-5KG")

        async def said() -> str | None:
            ready = await ponte.http.get("/health/ready")
            assert ready.status_code == 200
            motivo: str | None = ready.json()["partes"]["redis"]["motivo"]
            return motivo

        motivo = await until(said)

    assert sold["status"] == "concluido"
    assert "going on without" in motivo


NOTHING = """
import asyncio, pathlib, sys
from ponte.testing import embedded

async def main():
    async with embedded(pathlib.Path(sys.argv[1])) as ponte:
        assert (await ponte.http.get("/health/ready")).status_code == 200
        assert ponte.ctx.ajudante is None and ponte.ctx.cotas is None

asyncio.run(main())
print([name for name in sys.modules if name.split(".")[0] == "redis"])
"""


def test_where_none_is_set_its_driver_is_not_even_imported(data_dir: Path) -> None:
    said = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", NOTHING, str(data_dir)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert said.stdout.strip().endswith("[]")


@pytest.mark.parametrize("url", ["amqp://127.0.0.1", "redis://:senha-canario@127.0.0.1:porta/0"])
async def test_a_wrong_address_is_refused_by_its_settings_name(data_dir: Path, url: str) -> None:
    settings = Settings(_env_file=None, data_dir=data_dir, redis_url=SecretStr(url))

    with pytest.raises(ConfiguracaoInvalida, match="PONTE_REDIS_URL") as refused:
        await build(settings, env={})

    assert "canario" not in str(refused.value)
