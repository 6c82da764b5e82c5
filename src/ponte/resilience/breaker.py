"""Breaker: stop calling somebody who is down, and try again a little at a time.

Closed counts failures in a row; open refuses at once; half-open lets a few trial
calls through and needs all of them to succeed. A call that began before the state
changed says nothing about the new one, so its result is dropped; a cancelled call
says nothing at all and gives its trial slot back.
"""

import functools
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar, cast, overload

from ponte.errors import Adiado, PonteError
from ponte.resilience.funcoes import is_async, outcome

P = ParamSpec("P")
T = TypeVar("T")

CAUSES_KEPT = 10  # chosen: what the console shows of a breaker
HELD_LOOK_S = 60.0  # chosen: how often to look whether a breaker held open was released
TRIAL_WAIT_S = 1.0  # chosen: about how long a trial call takes to tell
CAUSE_LENGTH = 200  # chosen: a cause is a line, not a page


class BreakerState(StrEnum):
    """Fechado, aberto, em teste: the value is the label in metrics and on the wire."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


CLOSED, OPEN, HALF_OPEN = BreakerState


class CircuitBreakerOpen(Adiado):
    """The breaker is open: the call was not made, so nothing was changed outside."""

    code = "disjuntor_aberto"

    def __init__(self, name: str, *, retry_after_s: float | None) -> None:
        when = "by hand" if retry_after_s is None else f"next trial in {retry_after_s:.1f} s"
        super().__init__(
            f"Circuit breaker {name or 'without a name'} is open ({when})",
            retry_after_s=HELD_LOOK_S if retry_after_s is None else retry_after_s,
        )
        self.name = name
        self.held = retry_after_s is None


@dataclass(frozen=True, slots=True)
class Cause:
    """One counted failure: how long ago, and its line of text."""

    age_s: float
    text: str


@dataclass(frozen=True, slots=True)
class BreakerView:
    """A breaker as it stands, for health, metrics and the console."""

    name: str
    state: BreakerState
    failures: int
    failure_threshold: int
    since_s: float
    reason: str
    held: bool
    retry_after_s: float | None
    causes: tuple[Cause, ...]


Listener = Callable[[BreakerState, BreakerState, str], None]


def counts_as_failure(error: BaseException) -> bool | None:
    """Return what an error says about the other side: True down, False alive, None nothing.

    An error may know better and say so in its attribute `breaker_failure`; other
    refusals of our own, like cancellation, are about us.
    """
    unless_said = (
        True if isinstance(error, Exception) and not isinstance(error, PonteError) else None
    )
    verdict: bool | None = getattr(error, "breaker_failure", unless_said)
    return verdict


class CircuitBreaker:
    """A circuit breaker for one destination; used from one event loop.

    Args:
        failure_threshold: Failures in a row that open it.
        recovery_timeout: Seconds from opening to the first trial call.
        half_open_max_calls: Trial calls at once, and successes in a row that close it.
        name: Whose breaker this is, in errors and views.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        recovery_timeout: float = 30.0,
        half_open_max_calls: int = 1,
        *,
        name: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if failure_threshold < 1 or half_open_max_calls < 1 or recovery_timeout < 0:
            raise ValueError("thresholds are 1 or more and the recovery timeout 0 or more")
        self.failure_threshold = failure_threshold
        self.recovery_timeout = recovery_timeout
        self.half_open_max_calls = half_open_max_calls
        self.name = name
        self._clock = clock
        self._state = CLOSED
        self._era = 0  # counts changes of state, to tell late results apart
        self._since = clock()
        self._reason = ""
        self._held = False
        self._failures = 0
        self._trials = 0
        self._successes = 0
        self._causes: deque[tuple[float, str]] = deque(maxlen=CAUSES_KEPT)
        self._listeners: list[Listener] = []

    @property
    def state(self) -> BreakerState:
        """The state as the next caller will find it."""
        if self._state is OPEN and self._is_due():
            return HALF_OPEN
        return self._state

    @property
    def failures(self) -> int:
        """Failures in a row."""
        return self._failures

    def retry_after(self) -> float | None:
        """Return the seconds until a trial call, 0 when calls may pass, None while held open."""
        if self._state is not OPEN:
            return 0.0
        if self._held:
            return None
        return max(0.0, self._since + self.recovery_timeout - self._clock())

    def view(self) -> BreakerView:
        """Return the breaker as it stands."""
        now = self._clock()
        return BreakerView(
            name=self.name,
            state=self.state,
            failures=self._failures,
            failure_threshold=self.failure_threshold,
            since_s=now - self._since,
            reason=self._reason,
            held=self._held,
            retry_after_s=self.retry_after(),
            causes=tuple(Cause(now - at, text) for at, text in self._causes),
        )

    def on_change(self, listener: Listener) -> None:
        """Call `listener(old, new, reason)` at each change, at once; it must not raise."""
        self._listeners.append(listener)

    # ------------------------------------------------------------ by hand

    def reset(self, reason: str = "by hand") -> None:
        """Close it and forget its failures; the causes stay for who wants to know."""
        self._move(CLOSED, reason)

    def open(self, reason: str) -> None:
        """Open it and hold it open until `reset` or `try_now`."""
        self._move(OPEN, reason)
        self._held = True

    def try_now(self, reason: str = "by hand") -> None:
        """Let trial calls through at once instead of waiting for the recovery timeout."""
        if self._state is OPEN:
            self._move(HALF_OPEN, reason)

    # ------------------------------------------------------------ one call

    def allow(self) -> bool:
        """Tell whether a call may go now; in half-open it takes a trial slot.

        Each True is to be followed by one `record_success`, `record_failure` or `release`.
        """
        if self._state is CLOSED:
            return True
        if self._state is OPEN:
            if not self._is_due():
                return False
            self._move(HALF_OPEN, "recovery timeout passed")
        if self._trials >= self.half_open_max_calls:
            return False
        self._trials += 1
        return True

    def record_success(self) -> None:
        """Say that a call allowed in this state succeeded."""
        if self._state is CLOSED:
            self._failures = 0
        elif self._state is HALF_OPEN:
            self._trials -= 1
            self._successes += 1
            if self._successes >= self.half_open_max_calls:
                self._move(CLOSED, "trial calls succeeded")

    def record_failure(self, cause: BaseException | str = "") -> None:
        """Say that a call allowed in this state failed through the other side's fault."""
        text = cause if isinstance(cause, str) else cause_of(cause)
        self._causes.append((self._clock(), text[:CAUSE_LENGTH]))
        if self._state is OPEN:
            return
        self._failures += 1
        if self._state is HALF_OPEN or self._failures >= self.failure_threshold:
            self._move(OPEN, text[:CAUSE_LENGTH])

    def release(self) -> None:
        """Say that an allowed call told nothing about the other side: the slot is free again."""
        if self._state is HALF_OPEN:
            self._trials -= 1

    @overload
    async def call(
        self, func: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    @overload
    async def call(self, func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...

    async def call(self, func: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call `func`, async or not, if the breaker allows it, and record how it went.

        Raises:
            CircuitBreakerOpen: The call was not made.
        """
        ticket = self.enter()
        try:
            result = await outcome(func(*args, **kwargs))
        except BaseException as error:
            self.leave(ticket, failed=counts_as_failure(error), cause=cause_of(error))
            raise
        self.leave(ticket, failed=False)
        return result

    def enter(self) -> int:
        """Begin a call and return the ticket that `leave` wants.

        Raises:
            CircuitBreakerOpen: The call must not be made.
        """
        if self._state is not CLOSED and not self.allow():
            raise CircuitBreakerOpen(self.name, retry_after_s=self._refusal_s())
        return self._era

    def leave(self, ticket: int, *, failed: bool | None, cause: str = "") -> None:
        """End a call: it failed through the other side, or not, or (None) tells nothing."""
        if ticket != self._era:
            return
        if failed is None:
            self.release()
        elif failed:
            self.record_failure(cause)
        else:
            self.record_success()

    # ------------------------------------------------------------ inside

    def _refusal_s(self) -> float | None:
        if self._state is HALF_OPEN:
            return min(TRIAL_WAIT_S, self.recovery_timeout)
        return self.retry_after()

    def _is_due(self) -> bool:
        return not self._held and self._clock() - self._since >= self.recovery_timeout

    def _move(self, new: BreakerState, reason: str) -> None:
        old, self._state = self._state, new
        self._era += 1
        self._since = self._clock()
        self._reason = reason
        self._held = False
        self._trials = 0
        self._successes = 0
        if new is CLOSED:
            self._failures = 0
        if old is not new:
            for listener in self._listeners:
                listener(old, new, reason)


def cause_of(error: BaseException, name: str = "") -> str:
    """Return the line that a breaker keeps of a failure; `name` is what the call was for."""
    kind = type(error).__name__
    return f"{name}: {kind}: {error}" if name else f"{kind}: {error}"


def with_circuit_breaker(
    breaker: CircuitBreaker,
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make each call of a function, async or not, go through the breaker."""

    def decorate(func: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(func)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            return await breaker.call(func, *args, **kwargs)

        @functools.wraps(func)
        def guarded_in_thread(*args: P.args, **kwargs: P.kwargs) -> T:
            ticket = breaker.enter()
            try:
                result = func(*args, **kwargs)
            except BaseException as error:
                breaker.leave(ticket, failed=counts_as_failure(error), cause=cause_of(error))
                raise
            breaker.leave(ticket, failed=False)
            return result

        return cast("Callable[P, T]", guarded) if is_async(func) else guarded_in_thread

    return decorate
