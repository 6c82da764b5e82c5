"""The reactor: one epoll, plain callbacks and open-loop pacers, for load that costs little.

Latency counts from the moment a request was *meant* to be sent. A pacer therefore hands
its callback the intended time, never the time at which the loop came round to it: a
system that stalls is charged for every request it kept waiting.
"""

import gc
import select
import time
from collections.abc import Callable

# Below this the loop polls without sleeping: epoll rounds its timeout up to a millisecond.
SPIN_S = 0.002
EVENTS = 8192
# So many bulk sockets are read before those that measure have their turn again: under 0.2 ms.
BULK_EVENTS = 32


class Pacer:
    """Calls `act(intended)` `rate` times a second, catching up when the loop was late."""

    def __init__(self, rate: float, act: Callable[[float], None], *, start: float) -> None:
        self._step = 1.0 / rate
        self._start = start
        self._act = act
        self._fired = 0
        self.due = start

    def fire(self, now: float) -> None:
        """Call for every intended moment up to `now`."""
        while self.due <= now:
            self._act(self.due)
            self._fired += 1
            # From the start each time, so that rounding never adds up to another rate.
            self.due = self._start + self._fired * self._step


class Reactor:
    """Calls back whoever owns a readable socket, and fires pacers at their moments."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._bulk = select.epoll()
        self._epoll.register(self._bulk.fileno(), select.EPOLLIN)
        self._readers: dict[int, Callable[[], None]] = {self._bulk.fileno(): self._serve_bulk}
        self._bulk_fds: set[int] = set()
        self._pacers: list[Pacer] = []
        self._stopped = False
        # Seconds to sleep between turns: readers that only count do it cheaper in bulk.
        self.nap_s = 0.0

    def add(self, fd: int, on_readable: Callable[[], None], *, bulk: bool = False) -> None:
        """Watch `fd`; level-triggered, so a callback need not drain it.

        A `bulk` one only makes load: it never keeps a socket that measures waiting for long.
        """
        self._readers[fd] = on_readable
        if bulk:
            self._bulk_fds.add(fd)
        (self._bulk if bulk else self._epoll).register(fd, select.EPOLLIN)

    def remove(self, fd: int) -> None:
        """Stop watching `fd`; harmless when it is not watched."""
        if self._readers.pop(fd, None) is not None:
            (self._bulk if fd in self._bulk_fds else self._epoll).unregister(fd)
            self._bulk_fds.discard(fd)

    def every(
        self, rate: float, act: Callable[[float], None], *, start: float | None = None
    ) -> None:
        """Call `act(intended)` at `rate` a second from `start` (default now)."""
        self._pacers.append(Pacer(rate, act, start=time.perf_counter() if start is None else start))

    def stop_pacers(self) -> None:
        """Send nothing more; what is under way can still be answered."""
        self._pacers.clear()

    def stop(self) -> None:
        """Make the running `run` return after the current callback round."""
        self._stopped = True

    def run(self, seconds: float, *, until: Callable[[], bool] | None = None) -> None:
        """Serve callbacks for `seconds`, or until `stop` is called or `until` holds.

        The garbage collector is off meanwhile: its pauses would be charged to the system.
        """
        end = time.perf_counter() + seconds
        self._stopped = False
        gc.disable()
        try:
            while not self._stopped and not (until and until()):
                now = time.perf_counter()
                if now >= end:
                    return
                self._turn(now, end)
                if self.nap_s:
                    time.sleep(self.nap_s)
        finally:
            gc.enable()

    def _turn(self, now: float, end: float) -> None:
        for pacer in self._pacers:
            pacer.fire(now)
        wait = min((pacer.due for pacer in self._pacers), default=end) - time.perf_counter()
        wait = min(wait, end - now, 0.05)
        for fd, _ in self._epoll.poll(wait if wait > SPIN_S else 0, EVENTS):
            reader = self._readers.get(fd)
            if reader is not None:
                reader()

    def _serve_bulk(self) -> None:
        for fd, _ in self._bulk.poll(0, EVENTS if self.nap_s else BULK_EVENTS):
            reader = self._readers.get(fd)
            if reader is not None:
                reader()

    def close(self) -> None:
        """Release the descriptors; the sockets belong to those who added them."""
        self._bulk.close()
        self._epoll.close()
