"""A clock that stands still until a test moves it; sleepers wake in order on the way."""

import asyncio
import heapq
from dataclasses import dataclass, field

SETTLE_TURNS = 20  # chosen: more turns of the loop than any chain of wake-ups here needs


@dataclass
class VirtualClock:
    """Monotonic seconds and a `sleep` that waits on them."""

    now: float = 1000.0
    sleepers: list[tuple[float, int, "asyncio.Future[None]"]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self.slept.append(seconds)
        heapq.heappush(self.sleepers, (self.now + seconds, len(self.slept), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        until = self.now + seconds
        await settle()
        while self.sleepers and self.sleepers[0][0] <= until:
            self.now, _, woken = heapq.heappop(self.sleepers)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self.now = until

    async def hurry(self, seconds: float) -> None:
        """A sleep that returns at once, the time gone by."""
        self.slept.append(seconds)
        self.now += seconds


async def settle() -> None:
    for _ in range(SETTLE_TURNS):
        await asyncio.sleep(0)
