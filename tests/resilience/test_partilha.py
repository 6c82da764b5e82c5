"""What processes share: never more than promised in all, and nobody refused who is within it."""

import asyncio
from typing import Any

import pytest

from ponte.acesso.taxa import Taxa
from ponte.errors import Adiado, MuitasRequisicoes
from ponte.resilience.breaker import BreakerState, CircuitBreakerOpen
from ponte.resilience.disjuntores import Disjuntores, DisjuntorPartilhado, Noticia, read_noticia
from ponte.resilience.limiter import SlidingWindowRateLimiter, TokenBucketRateLimiter
from ponte.resilience.partilha import PAGE, Contador, Cotas, LimitadorPartilhado, Regra, Tomada
from tests.espera import until
from tests.resilience.contagem import Ausente, Contagem
from tests.resilience.virtual import VirtualClock

CLOSED, OPEN, HALF_OPEN = BreakerState
MINUTO = Regra(30, 60)


async def _some(found: list[Any]) -> bool:
    return bool(found)


def process(clock: VirtualClock, contador: Contador) -> tuple[Cotas, Taxa]:
    cotas = Cotas(contador, clock=clock)
    cota = cotas.open("anonimo", MINUTO, nomes=100)
    return cotas, Taxa(30, 60, nomes=100, cota=cota, clock=clock)


def go(taxa: Taxa, calls: int, quem: str = "a") -> int:
    """Ask so many times; return how many went."""
    gone = 0
    for _ in range(calls):
        try:
            taxa.take(quem)
        except MuitasRequisicoes:
            continue
        gone += 1
    return gone


async def test_all_together_go_over_by_no_more_than_what_was_not_told_yet() -> None:
    clock = VirtualClock()
    contagem = Contagem(clock)
    (cotas, here), (others, there) = process(clock, contagem), process(clock, contagem)
    total = 0

    for _ in range(20):
        total += go(here, 3) + go(there, 3)
        await cotas.tell()
        await others.tell()

    assert 30 <= total <= 30 + 2 * 3
    assert go(here, 5) + go(there, 5) == 0


async def test_who_is_refused_may_go_when_it_was_said_and_the_neighbour_at_once() -> None:
    clock = VirtualClock()
    contagem = Contagem(clock)
    (cotas, here), (_others, there) = process(clock, contagem), process(clock, contagem)
    go(there, 1)
    go(here, 30)
    await cotas.tell()

    with pytest.raises(MuitasRequisicoes) as refused:
        here.take("a")
    neighbour = go(here, 1, "b")
    wait_s = refused.value.retry_after_s
    assert wait_s is not None
    clock.now += wait_s + 0.001

    assert neighbour == 1
    assert go(here, 1) == 1


async def test_without_the_count_each_goes_on_by_itself_and_asks_in_batches() -> None:
    clock = VirtualClock()
    ausente = Ausente()
    cotas, taxa = process(clock, ausente)

    gone = [go(taxa, 31), go(taxa, 31, "b")]
    await cotas.tell()

    assert gone == [30, 30]
    assert ausente.asked == 1


async def test_a_flood_of_names_costs_bounded_memory_and_bounded_questions() -> None:
    clock = VirtualClock()
    contagem = Contagem(clock)
    cotas = Cotas(contagem, clock=clock)
    cota = cotas.open("x", Regra(1, 60), nomes=PAGE + 1)

    for n in range(3 * PAGE):
        cota.used(f"n{n}")
    await cotas.tell()
    for n in range(3 * PAGE):
        cota.close(f"n{n}", 60)

    assert [len(page) for page in contagem.asked] == [PAGE, 1]
    assert len(cota._fechados) == PAGE + 1


async def test_it_tells_by_itself_soon_and_at_once_when_a_batch_is_full() -> None:
    contagem = Contagem(lambda: 0.0)
    cotas = Cotas(contagem, tell_s=3600)
    cota = cotas.open("x", MINUTO, nomes=10)
    running = asyncio.create_task(cotas.run())
    cota.used("a")
    await asyncio.sleep(0.05)
    before = list(contagem.asked)

    cota.used("a", 2)
    await until(lambda: _some(contagem.asked))
    running.cancel()

    assert before == []
    assert [(t.nome, t.gastas) for t in contagem.asked[0]] == [("x:a", 3)]


async def test_a_call_that_would_wait_long_for_the_others_is_put_off() -> None:
    clock = VirtualClock()
    contagem = Contagem(clock)
    limiter = LimitadorPartilhado(
        SlidingWindowRateLimiter(5, 60, clock=clock), "loja", Cotas(contagem, clock=clock),
        patience_s=2.0,
    )  # fmt: skip
    await contagem.take([Tomada("loja", Regra(5, 60), gastas=5)])

    with pytest.raises(Adiado) as put_off:
        await limiter.acquire()

    assert put_off.value.retry_after_s == 60
    assert (limiter.retry_after(), limiter.available, limiter.try_acquire()) == (60, 0, False)


async def test_a_limiter_of_another_kind_cannot_be_shared() -> None:
    cotas = Cotas(Ausente())
    shared = LimitadorPartilhado(TokenBucketRateLimiter(1, 1), "x", cotas)

    with pytest.raises(TypeError, match="no rule"):
        LimitadorPartilhado(shared, "y", cotas)


# ---------------------------------------------------------------- breakers


class Quadro:
    """A board on which changes are read by hand."""

    def __init__(self) -> None:
        self.told: list[Noticia] = []

    async def tell_breaker(self, noticia: Noticia) -> None:
        self.told.append(noticia)

    async def open_breakers(self) -> list[Noticia]:
        return [n for n in self.told if n.estado is OPEN]


def a_breaker(clock: VirtualClock, quadro: Quadro, processo: str) -> DisjuntorPartilhado:
    found = DisjuntorPartilhado(3, 10.0, name="loja", clock=clock)
    found.grupo = Disjuntores(quadro, processo)
    found.grupo._todos["loja"] = found
    return found


async def passed_on(*breakers: DisjuntorPartilhado) -> None:
    """Tell what changed, and let everybody hear it."""
    for breaker in breakers:
        grupo = breaker.grupo
        assert grupo is not None
        for changed in list(grupo._mudados.values()):
            noticia = changed.noticia(de=grupo.processo)
            await grupo.mural.tell_breaker(noticia)
            for other in breakers:
                assert other.grupo is not None
                other.grupo.heard(noticia)
        grupo._mudados.clear()


async def test_who_opened_it_tries_first_and_the_others_only_when_that_says_nothing() -> None:
    clock = VirtualClock()
    quadro = Quadro()
    one, other = a_breaker(clock, quadro, "p1"), a_breaker(clock, quadro, "p2")
    for _ in range(3):
        one.record_failure("boom")
    await passed_on(one, other)
    clock.now += 10.0

    first = one.allow()
    await passed_on(one, other)
    second = other.allow()
    one.record_failure("boom again")
    await passed_on(one, other)
    failed = other.state
    clock.now += 11.0
    third = other.allow()
    other.record_success()
    await passed_on(other, one)

    assert (first, second, failed, third) == (True, False, OPEN, True)
    assert (one.state, other.state) == (CLOSED, CLOSED)
    # What was adopted is not told again, and of two changes at once the second is.
    assert [n.estado for n in quadro.told] == [OPEN, HALF_OPEN, OPEN, CLOSED]


async def test_held_open_by_hand_it_is_held_for_all_until_one_is_let_try() -> None:
    clock = VirtualClock()
    quadro = Quadro()
    one, other = a_breaker(clock, quadro, "p1"), a_breaker(clock, quadro, "p2")
    one.open("manutenção")
    await passed_on(one, other)
    clock.now += 100.0
    held = (other.retry_after(), other.state)
    late = Noticia("loja", OPEN, "503", "p3", 5.0)
    other.adopt(late)
    still = other.view().held

    one.try_now()
    await passed_on(one, other)
    one.leave(one.enter(), failed=False)
    await passed_on(one, other)

    assert (held, still) == ((None, OPEN), True)
    assert other.enter() is not None
    assert other.state is CLOSED


async def test_one_that_begins_late_learns_what_is_open_and_tells_what_nobody_knows() -> None:
    clock = VirtualClock()
    quadro = Quadro()
    quadro.told.append(Noticia("loja", OPEN, "503", "p1", 4.0))
    late = a_breaker(clock, quadro, "p2")
    alone = DisjuntorPartilhado(1, 10.0, name="outra", clock=clock)
    assert late.grupo is not None
    late.grupo._todos["outra"] = alone
    alone.record_failure("boom")

    await late.grupo.catch_up()

    assert late.retry_after() == 5.0
    assert list(late.grupo._mudados) == ["outra"]
    with pytest.raises(CircuitBreakerOpen):
        late.enter()


async def test_a_change_that_nobody_took_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ponte.resilience.disjuntores.AGAIN_S", 0.01)
    quadro = Quadro()
    away = 2

    class Coming(Quadro):
        async def tell_breaker(self, noticia: Noticia) -> None:
            nonlocal away
            away -= 1
            if away >= 0:
                await Ausente().take([])
            await quadro.tell_breaker(noticia)

    grupo = Disjuntores(Coming(), "p1")
    breaker = grupo.open("loja")
    running = asyncio.create_task(grupo.run())
    breaker.open("by hand")
    await until(lambda: _some(quadro.told))
    running.cancel()

    assert [(n.nome, n.estado, n.resta_s) for n in quadro.told] == [("loja", OPEN, None)]


def test_a_word_that_tells_no_change_is_none() -> None:
    assert [read_noticia(texto) for texto in ("", "{}", "[1]", b"\xff")] == [None] * 4
