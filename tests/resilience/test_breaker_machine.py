"""Breaker: whatever happens in whichever order, it never lets more through than it says."""

from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ponte.resilience.breaker import BreakerState, CircuitBreaker, CircuitBreakerOpen
from tests.resilience.ouvido import Heard
from tests.resilience.virtual import VirtualClock

CLOSED, OPEN, HALF_OPEN = BreakerState


class BreakerMachine(RuleBasedStateMachine):
    """Any interleaving of calls, results, cancellations, time and hands on the switch."""

    kind: ClassVar[type[CircuitBreaker]] = CircuitBreaker

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.breaker = self.kind(3, 10.0, 2, clock=self.clock)
        self.tickets: list[int] = []
        self.current: list[int] = []
        self.moves: list[tuple[BreakerState, BreakerState]] = []
        self.breaker.on_change(self._moved)

    def _moved(self, old: BreakerState, new: BreakerState, _reason: str) -> None:
        self.moves.append((old, new))
        self.current.clear()

    @rule()
    def begin(self) -> None:
        before = self.breaker.state
        try:
            ticket = self.breaker.enter()
        except CircuitBreakerOpen:
            assert before is not CLOSED
            return
        assert before is not OPEN
        self.tickets.append(ticket)
        self.current.append(ticket)

    @rule(data=st.data(), failed=st.sampled_from([True, False, None]))
    def end(self, data: st.DataObject, failed: bool | None) -> None:
        if self.tickets:
            ticket = self.tickets.pop(data.draw(st.integers(0, len(self.tickets) - 1)))
            if ticket in self.current:
                self.current.remove(ticket)
            self.breaker.leave(ticket, failed=failed, cause="x")

    @rule(seconds=st.sampled_from([1.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @precondition(lambda self: self.breaker.state is CLOSED)
    @rule()
    def go_down(self) -> None:
        for _ in range(3 - self.breaker.failures):
            self.breaker.leave(self.breaker.enter(), failed=True, cause="down")
        assert self.breaker.state is OPEN

    @precondition(lambda self: self.breaker.state is OPEN)
    @rule()
    def come_back(self) -> None:
        self.breaker.try_now()
        self.begin()

    @rule()
    def open_by_hand(self) -> None:
        self.breaker.open("hand")

    @rule()
    def reset(self) -> None:
        self.breaker.reset()
        assert self.breaker.state is CLOSED
        self.current.clear()

    @rule()
    def try_now(self) -> None:
        self.breaker.try_now()

    @invariant()
    def at_most_so_many_trials_are_under_way(self) -> None:
        if self.breaker._state is HALF_OPEN:
            assert 0 <= self.breaker._trials <= 2
            assert self.breaker._trials == len(self.current)

    @invariant()
    def it_is_open_once_there_are_failures_enough(self) -> None:
        if self.breaker._state is CLOSED:
            assert self.breaker.failures < 3

    @invariant()
    def no_change_skips_a_state(self) -> None:
        assert all(old is not new for old, new in self.moves)
        assert (CLOSED, HALF_OPEN) not in self.moves


class SharedMachine(BreakerMachine):
    """The same of a shared one."""

    kind = Heard


TestBreakerMachine = BreakerMachine.TestCase
TestSharedMachine = SharedMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSharedMachine.settings = TestBreakerMachine.settings
