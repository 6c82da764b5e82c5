"""The helper at a real Redis: one count and one breaker for all, and it may go at any moment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis as RedisClient

from ponte.brokers import ajudante
from ponte.brokers.ajudante import RedisAjudante
from ponte.domain.valores import new_id
from ponte.errors import Adiado, ArmazenamentoIndisponivel
from ponte.ports import Ouvinte
from ponte.resilience import partilha
from ponte.resilience.breaker import BreakerState, CircuitBreakerOpen
from ponte.resilience.disjuntores import Disjuntores, read_noticia
from ponte.resilience.limiter import (
    RateLimiter,
    SlidingWindowRateLimiter,
    TokenBucketRateLimiter,
)
from ponte.resilience.partilha import Cotas, LimitadorPartilhado, Regra, Tomada
from ponte.telemetry import Telemetry
from tests.brokers.engines import CUT_OFF, Engine
from tests.espera import until

pytestmark = [pytest.mark.timeout(120), CUT_OFF]
CLOSED, OPEN, _HALF_OPEN = BreakerState
JANELA = Regra(10, 3600)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine be late: whoever goes on alone is no fault of the count."""
    monkeypatch.setattr(ajudante, "ANSWER_S", 20.0)
    monkeypatch.setattr(partilha, "PATIENCE_S", 20.0)


def helper(redis: Engine, casa: str) -> RedisAjudante:
    return RedisAjudante(redis.url, casa=casa, processo=new_id(), telemetry=Telemetry())


@asynccontextmanager
async def two(redis: Engine) -> AsyncIterator[tuple[RedisAjudante, RedisAjudante]]:
    """Two processes of one installation."""
    casa = new_id()
    one, other = helper(redis, casa), helper(redis, casa)
    try:
        yield one, other
    finally:
        await one.close()
        await other.close()


async def _takes(one: RedisAjudante, regra: Regra, calls: int) -> list[bool]:
    """Ask for one call after another."""
    given = []
    for _ in range(calls):
        (tomado,) = await one.take([Tomada("x", regra, quer=1)])
        given.append(tomado.dado)
    return given


@pytest.mark.parametrize("regra", [JANELA, Regra(10, 36_000, balde=True)])
async def test_two_processes_have_one_count(redis: Engine, regra: Regra) -> None:
    async with two(redis) as (one, other):
        first, second = await _takes(one, regra, 6), await _takes(other, regra, 6)

    assert (first, second) == ([True] * 6, [True] * 4 + [False] * 2)


@pytest.mark.parametrize("regra", [Regra(2, 2.0), Regra(2, 4.0, balde=True)])
async def test_what_is_asked_for_too_soon_is_given_after_the_wait_that_was_said(
    redis: Engine, regra: Regra
) -> None:
    async with two(redis) as (one, other):
        await one.take([Tomada("x", regra, quer=2)])
        (refused,) = await other.take([Tomada("x", regra, quer=1)])
        await asyncio.sleep(refused.espera_s)
        (given,) = await other.take([Tomada("x", regra, quer=1)])

    assert (refused.dado, given.dado) == (False, True)
    assert 0 < refused.espera_s <= 2.0


async def test_what_was_used_before_counts_since_when_it_was_used(redis: Engine) -> None:
    async with two(redis) as (one, other):
        (told,) = await one.take([Tomada("x", JANELA, gastas=10, idade_s=3000)])
        (asked,) = await other.take([Tomada("x", JANELA, quer=1)])
        (old,) = await one.take([Tomada("y", JANELA, gastas=10, idade_s=3601)])

    assert 590 <= told.espera_s <= 600
    assert (asked.dado, old.espera_s) == (False, 0.0)


async def test_many_names_are_told_of_in_one_question(redis: Engine) -> None:
    tomadas = [Tomada(f"n{i}", JANELA, gastas=i) for i in range(20)]
    async with two(redis) as (one, _other):
        found = await one.take(tomadas)

    assert [t.espera_s > 0 for t in found] == [i >= 10 for i in range(20)]


async def test_installations_on_one_redis_know_nothing_of_one_another(redis: Engine) -> None:
    async with two(redis) as (one, _), two(redis) as (foreign, _):
        first, second = await _takes(one, JANELA, 10), await _takes(foreign, JANELA, 10)

    assert first == second == [True] * 10


async def test_a_flush_begins_the_count_anew_and_fails_nobody(redis: Engine) -> None:
    async with two(redis) as (one, other):
        await _takes(one, JANELA, 10)
        await redis.lose("")
        again = await _takes(other, JANELA, 10)

    assert again == [True] * 10


# ---------------------------------------------------------------- limiters


@pytest.mark.parametrize(
    "local", [lambda: SlidingWindowRateLimiter(5, 3600), lambda: TokenBucketRateLimiter(0.01, 5)]
)
async def test_a_shared_limiter_lets_all_processes_together_make_as_many_calls(
    redis: Engine, local: Callable[[], RateLimiter]
) -> None:
    async with two(redis) as (one, other):
        limiters = [
            LimitadorPartilhado(local(), "loja", Cotas(a), patience_s=0) for a in (one, other)
        ]
        gone = 0
        for limiter in limiters * 5:
            with suppress(Adiado):
                await limiter.acquire()
                gone += 1
        waits = [limiter.retry_after() for limiter in limiters]

    assert gone == 5
    assert min(waits) > 1


async def test_a_call_that_could_not_wait_is_told_of_afterwards(redis: Engine) -> None:
    async with two(redis) as (one, other):
        mine, theirs = Cotas(one), Cotas(other)
        here = LimitadorPartilhado(SlidingWindowRateLimiter(2, 3600), "loja", mine)
        there = LimitadorPartilhado(SlidingWindowRateLimiter(2, 3600), "loja", theirs)

        taken = [here.try_acquire(), here.try_acquire(), here.try_acquire()]
        await mine.tell()
        over = there.try_acquire()
        await theirs.tell()

        # The first of the others went before they knew, the next knows.
        assert taken == [True, True, False]
        assert (over, there.try_acquire(), there.available) == (True, False, 0)


async def test_whoever_asks_while_it_is_away_goes_on_alone_and_it_comes_back_by_itself(
    redis: Engine,
) -> None:
    async with two(redis) as (one, _other):
        cotas = Cotas(one)
        limiter = LimitadorPartilhado(SlidingWindowRateLimiter(100, 3600), "loja", cotas)
        await limiter.acquire()
        redis.stop()
        try:
            for _ in range(20):
                await limiter.acquire()
            cota = cotas.open("chave", JANELA, nomes=5)
            cota.used("k")
            await cotas.tell()
            away = one.away
        finally:
            redis.start()

        async def counted() -> bool:
            with suppress(ArmazenamentoIndisponivel):
                await one.take([Tomada("x", JANELA)])
            return not one.away

        await until(counted)

    assert away == ("limites",)
    assert limiter.available == 79


async def test_one_that_does_not_answer_is_waited_for_once_and_not_by_each_call(
    redis: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partilha, "PATIENCE_S", 0.05)
    async with two(redis) as (one, _other), RedisClient.from_url(redis.url) as by_hand:
        limiter = LimitadorPartilhado(SlidingWindowRateLimiter(100, 3600), "loja", Cotas(one))
        await limiter.acquire()
        await by_hand.client_pause(3000)
        for _ in range(50):
            await limiter.acquire()
        failures = one._telemetry.redis_failures.labels("limites")._value.get()

        async def back() -> bool:
            with suppress(ArmazenamentoIndisponivel):
                await one.take([Tomada("x", JANELA)])
            return not one.away

        await until(back)

    assert 1 <= failures <= 10


# ---------------------------------------------------------------- breakers


@asynccontextmanager
async def breakers(redis: Engine) -> AsyncIterator[tuple[Disjuntores, Disjuntores, str]]:
    """Two processes that listen to one another."""
    async with two(redis) as (one, other):
        found = [Disjuntores(a, a._processo) for a in (one, other)]
        tasks = [asyncio.create_task(d.run()) for d in found]
        for redis_of, disjuntores in zip((one, other), found, strict=True):
            heard = asyncio.Event()
            redis_of.listen(_listener(disjuntores, heard))
            tasks.append(asyncio.create_task(redis_of.run()))
            await asyncio.wait_for(heard.wait(), 30)
        try:
            yield found[0], found[1], one._casa
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _listener(disjuntores: Disjuntores, heard: asyncio.Event) -> Ouvinte:
    async def listen(canal: str | None, texto: str) -> None:
        noticia = read_noticia(texto)
        if canal is None:
            await disjuntores.catch_up()
            heard.set()
        elif noticia is not None:
            disjuntores.heard(noticia)

    return listen


async def test_a_breaker_that_opens_here_opens_there_and_closes_there_as_well(
    redis: Engine,
) -> None:
    async with breakers(redis) as (one, other, _casa):
        here, there = one.open("loja"), other.open("loja")
        for _ in range(5):
            here.record_failure("boom")

        async def opened() -> bool:
            return there._state is OPEN

        await until(opened)
        with pytest.raises(CircuitBreakerOpen):
            there.enter()
        waits = (here.retry_after(), there.retry_after())
        here.try_now()
        here.leave(here.enter(), failed=False)

        async def closed() -> bool:
            return there._state is CLOSED

        await until(closed)

    assert there.view().reason == "trial calls succeeded"
    # Whoever opened it tries first.
    assert waits[0] is not None
    assert waits[1] is not None
    assert waits[1] > waits[0]
