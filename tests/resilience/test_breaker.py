"""Breaker: a destination that is down is left alone, and comes back by itself."""

import asyncio
from typing import Any

import pytest

from ponte.errors import MuitasRequisicoes
from ponte.resilience.breaker import (
    CAUSES_KEPT,
    BreakerState,
    CircuitBreaker,
    CircuitBreakerOpen,
    with_circuit_breaker,
)
from tests.resilience.ouvido import Heard
from tests.resilience.virtual import VirtualClock, settle

CLOSED, OPEN, HALF_OPEN = BreakerState


class Down(Exception):
    """The other side's fault."""


class OurFault(Exception):
    """A failure that shows the other side alive."""

    breaker_failure = False


async def works() -> str:
    return "ok"


async def fails() -> str:
    raise Down("boom")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test with a breaker that other processes would hear of as well."""
    metafunc.parametrize("kind", ["alone", "shared"], indirect=True)


@pytest.fixture(autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if getattr(request, "param", "alone") == "shared":
        monkeypatch.setattr(f"{__name__}.CircuitBreaker", Heard)


def a_breaker(clock: VirtualClock, **kwargs: Any) -> CircuitBreaker:
    return CircuitBreaker(
        3, 10.0, **{"half_open_max_calls": 2, "name": "loja", **kwargs}, clock=clock
    )


async def opened(clock: VirtualClock) -> CircuitBreaker:
    breaker = a_breaker(clock)
    for _ in range(3):
        with pytest.raises(Down):
            await breaker.call(fails)
    return breaker


async def test_failures_in_a_row_open_it_and_calls_are_refused_without_being_made() -> None:
    breaker = await opened(VirtualClock())
    made = []

    async def call() -> None:
        made.append(1)

    with pytest.raises(CircuitBreakerOpen) as refused:
        await breaker.call(call)

    assert made == []
    assert breaker.state is OPEN
    assert refused.value.retry_after_s == 10.0
    assert refused.value.retry is True
    assert refused.value.status == 503


async def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = a_breaker(VirtualClock())

    for func in (fails, fails, works, fails, fails):
        await asyncio.gather(breaker.call(func), return_exceptions=True)

    assert breaker.state is CLOSED
    assert breaker.failures == 2


async def test_after_the_recovery_timeout_enough_trial_successes_close_it() -> None:
    clock = VirtualClock()
    breaker = await opened(clock)

    clock.now += 10.0
    assert breaker.state is HALF_OPEN
    assert await breaker.call(works) == "ok"
    assert breaker.state is HALF_OPEN
    assert await breaker.call(works) == "ok"

    assert breaker.state is CLOSED
    assert breaker.failures == 0


async def test_one_failed_trial_opens_it_for_another_whole_timeout() -> None:
    clock = VirtualClock()
    breaker = await opened(clock)
    clock.now += 10.0
    await breaker.call(works)

    with pytest.raises(Down):
        await breaker.call(fails)

    assert breaker.state is OPEN
    assert breaker.retry_after() == 10.0


async def test_half_open_lets_only_so_many_calls_through_at_once() -> None:
    clock = VirtualClock()
    breaker = await opened(clock)
    clock.now += 10.0
    gate = asyncio.Event()

    trials = [asyncio.create_task(breaker.call(gate.wait)) for _ in range(2)]
    await settle()
    with pytest.raises(CircuitBreakerOpen) as refused:
        await breaker.call(works)
    gate.set()
    await asyncio.gather(*trials)

    assert refused.value.retry_after_s == 1.0
    assert breaker.state is CLOSED


async def test_a_cancelled_trial_gives_its_slot_back() -> None:
    clock = VirtualClock()
    breaker = await opened(clock)
    clock.now += 10.0
    stuck = [asyncio.create_task(breaker.call(asyncio.Event().wait)) for _ in range(2)]
    await settle()

    for task in stuck:
        task.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)

    assert breaker.state is HALF_OPEN
    assert [await breaker.call(works) for _ in range(2)] == ["ok", "ok"]
    assert breaker.state is CLOSED


async def test_a_late_failure_neither_opens_it_again_nor_takes_a_slot() -> None:
    clock = VirtualClock()
    breaker = await opened(clock)
    breaker.reset()
    late = [breaker.enter() for _ in range(5)]
    breaker.open("manutenção")
    breaker.try_now()

    for ticket, failed in zip(late, (True, True, True, False, None), strict=True):
        breaker.leave(ticket, failed=failed, cause="late")

    assert breaker.state is HALF_OPEN
    assert [breaker.allow() for _ in range(3)] == [True, True, False]


async def test_a_call_that_began_before_the_change_says_nothing_of_the_new_state() -> None:
    clock = VirtualClock()
    breaker = a_breaker(clock)
    gate = asyncio.Event()
    late = asyncio.create_task(breaker.call(gate.wait))
    await settle()
    for _ in range(3):
        await asyncio.gather(breaker.call(fails), return_exceptions=True)
    clock.now += 10.0
    trial = asyncio.create_task(breaker.call(asyncio.Event().wait))
    await settle()

    gate.set()
    await late

    assert breaker.state is HALF_OPEN
    assert await breaker.call(works) == "ok"
    assert breaker.state is HALF_OPEN, "one of two successes: the late one did not count"
    trial.cancel()


@pytest.mark.parametrize("error", [OurFault("bad text"), MuitasRequisicoes(3.0)])
async def test_a_failure_that_is_ours_does_not_open_it(error: Exception) -> None:
    breaker = a_breaker(VirtualClock())

    async def refused() -> None:
        raise error

    for _ in range(10):
        with pytest.raises(type(error)):
            await breaker.call(refused)

    assert breaker.state is CLOSED
    assert breaker.failures == 0


async def test_opened_by_hand_it_stays_open_until_somebody_resets_it() -> None:
    clock = VirtualClock()
    breaker = a_breaker(clock)

    breaker.open("manutenção")
    clock.now += 1_000_000
    assert breaker.state is OPEN
    with pytest.raises(CircuitBreakerOpen, match="by hand") as refused:
        await breaker.call(works)
    breaker.reset("pronto")

    assert (refused.value.held, refused.value.retry_after_s) == (True, 60.0)
    assert await breaker.call(works) == "ok"


async def test_a_trial_by_hand_does_not_wait_for_the_timeout() -> None:
    breaker = await opened(VirtualClock())

    breaker.try_now("testar agora")

    assert breaker.state is HALF_OPEN
    assert await breaker.call(works) == "ok"


async def test_listeners_hear_each_change_once_with_its_reason() -> None:
    clock = VirtualClock()
    breaker = a_breaker(clock, half_open_max_calls=1)
    heard: list[tuple[BreakerState, BreakerState, str]] = []
    breaker.on_change(lambda old, new, reason: heard.append((old, new, reason)))

    for _ in range(3):
        await asyncio.gather(breaker.call(fails), return_exceptions=True)
    clock.now += 10.0
    await breaker.call(works)
    breaker.reset()

    assert heard == [
        (CLOSED, OPEN, "Down: boom"),
        (OPEN, HALF_OPEN, "recovery timeout passed"),
        (HALF_OPEN, CLOSED, "trial calls succeeded"),
    ]


async def test_the_view_tells_what_the_console_shows() -> None:
    clock = VirtualClock()
    breaker = await opened(clock)
    clock.now += 4.0

    view = breaker.view()

    assert (view.name, view.state, view.failures, view.failure_threshold) == ("loja", OPEN, 3, 3)
    assert (view.since_s, view.retry_after_s, view.held) == (4.0, 6.0, False)
    assert [(cause.age_s, cause.text) for cause in view.causes] == [(4.0, "Down: boom")] * 3


async def test_only_the_last_causes_are_kept() -> None:
    breaker = CircuitBreaker(10_000, clock=VirtualClock())

    for i in range(CAUSES_KEPT + 5):
        breaker.record_failure(f"cause {i}" + "x" * 10_000)

    causes = breaker.view().causes
    assert len(causes) == CAUSES_KEPT
    assert causes[0].text.startswith("cause 5")
    assert all(len(cause.text) <= 200 for cause in causes)


def test_allow_and_record_work_without_call() -> None:
    clock = VirtualClock()
    breaker = CircuitBreaker(1, 10.0, 1, clock=clock)

    assert breaker.allow() is True
    breaker.record_failure(Down("boom"))
    breaker.record_failure("late")
    assert breaker.allow() is False
    clock.now += 10.0
    assert [cause.text for cause in breaker.view().causes] == ["Down: boom", "late"]
    assert [breaker.allow(), breaker.allow()] == [True, False]
    breaker.release()
    assert breaker.allow() is True
    breaker.record_success()

    assert breaker.state is CLOSED


async def test_a_guarded_function_keeps_its_arguments_and_its_name() -> None:
    breaker = CircuitBreaker(1, clock=VirtualClock())

    @with_circuit_breaker(breaker)
    async def send(text: str, *, to: str) -> str:
        if to == "nobody":
            raise Down(text)
        return f"{text} to {to}"

    assert await send("oi", to="ana") == "oi to ana"
    with pytest.raises(Down):
        await send("oi", to="nobody")
    with pytest.raises(CircuitBreakerOpen):
        await send("oi", to="ana")
    assert send.__name__ == "send"


@pytest.mark.parametrize("values", [(0, 1.0, 1), (1, -1.0, 1), (1, 1.0, 0)])
def test_thresholds_that_make_no_sense_are_refused(values: tuple[int, float, int]) -> None:
    with pytest.raises(ValueError, match="thresholds"):
        CircuitBreaker(*values)


def test_states_are_spelt_as_on_the_wire() -> None:
    assert [state.value for state in BreakerState] == ["closed", "open", "half_open"]
