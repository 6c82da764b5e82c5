"""Relogio: an hour passes as soon as nothing is left to do in it.

Everything in the process reads this clock: `install` puts it in the place of the machine's,
so it must run before anything of Ponte is imported. The loop moves it to the next timer when
no task can run, no socket has anything and no thread has work; so a timeout of ten seconds
takes no time, and none runs out because the machine was busy. What threads would do is done
at once, in the loop's own: handing each of a million pieces to a thread and back takes longer
than the work.
"""

import asyncio
import selectors
import time
from typing import Any

INICIO_S = 1_795_521_600.0  # 2026-11-24T12:00:00Z
TURN_S = 1e-5  # chosen: a turn of the loop takes some time, or whoever waits for a moment spins
BUSY_LOOK_S = 1.0  # chosen: a thread that ends wakes the loop itself


class Relogio:
    """Seconds since the month began."""

    def __init__(self) -> None:
        self.s = 0.0

    def install(self) -> None:
        """Let the whole process read this clock."""
        # Before any reading, or the machine's uptime would lie between two of them.
        time.time = lambda: INICIO_S + self.s
        time.time_ns = lambda: int((INICIO_S + self.s) * 1e9)
        time.monotonic = lambda: 1000.0 + self.s

    def now_ms(self) -> int:
        """Return epoch milliseconds."""
        return int((INICIO_S + self.s) * 1000)

    def jump(self, ate_s: float) -> None:
        """Let time pass at once, as in a machine that slept; all timers fire late."""
        self.s = max(self.s, ate_s)


class _Seletor(selectors.DefaultSelector):
    def __init__(self, relogio: Relogio) -> None:
        super().__init__()
        self._relogio = relogio

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look at the sockets; where nothing came, let the time pass."""
        self._relogio.s += TURN_S
        if timeout == 0:
            return []  # there are no sockets but the loop's own, by which threads wake it
        found = super().select(0)
        if found or timeout is None:
            return found or super().select(BUSY_LOOK_S)
        self._relogio.s += timeout
        return []


class Laco(asyncio.SelectorEventLoop):
    """The loop that keeps this time."""

    def __init__(self, relogio: Relogio) -> None:
        self._relogio = relogio
        super().__init__(_Seletor(relogio))

    def time(self) -> float:
        """Return the clock."""
        return self._relogio.s

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]  # noqa: ARG002
        """Do at once what a thread would."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is the caller's
            future.set_exception(error)
        return future
