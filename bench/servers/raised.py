"""How an alert of the bench looks: its title tells when it was meant to be raised."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable

from bench.servers.ready import quiet_collector, say


async def keep_raising(
    act: Callable[[str], Awaitable[object]], *, rate: float, seconds: float
) -> None:
    """Say that all is up, raise alerts, and go on with the work until told to end.

    Open loop: each at its intended moment, whatever became of the one before.
    """
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    quiet_collector()
    say(ready=1)
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            intended = begun + number / rate
            await asyncio.sleep(max(0.0, intended - time.perf_counter()))
            group.create_task(_act(act, intended))
    await end.wait()


async def _act(act: Callable[[str], Awaitable[object]], intended: float) -> None:
    await act(f"raised at {intended:.6f}")
