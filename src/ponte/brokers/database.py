"""Database broker: the embedded default, where the outbox rows are the queue.

Publishing is what the commit already did; receiving is waiting for one. The rows
are never handed over, so nothing here can lose them.
"""

import asyncio
from collections.abc import Iterable, Sequence

from ponte.ports import Prompt


class DatabaseBroker:
    """Wakes the workers of this process when a commit fed their queue."""

    name = "database"
    rows_are_the_queue = True

    def __init__(self) -> None:
        self._woken: dict[str, asyncio.Event] = {}
        self._consuming: dict[str, int] = {}

    async def start(self, filas: Iterable[str] = ()) -> None:
        """Nothing to connect to."""

    async def publish(self, prompts: Sequence[Prompt]) -> None:
        self.wake({p.fila for p in prompts})

    def wake(self, filas: Iterable[str]) -> None:
        """Say that there is, or may be, work in these queues."""
        for fila in filas:
            self._event(fila).set()

    def wake_all(self) -> None:
        """Say so for every queue that somebody waits for."""
        self.wake(tuple(self._woken))

    async def receive(self, fila: str, *, limit: int, timeout_s: float) -> Sequence[Prompt]:  # noqa: ARG002 - the rows are claimed, not handed over
        event = self._event(fila)
        self._consuming[fila] = self._consuming.get(fila, 0) + 1
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._consuming[fila] -= 1
        event.clear()
        return ()

    async def ack(self, prompts: Sequence[Prompt]) -> None:
        """Nothing to acknowledge: the row was deleted with its effects."""

    async def nack(self, prompts: Sequence[Prompt]) -> None:
        """Nothing to give back."""

    async def consumers(self, fila: str) -> int:
        return self._consuming.get(fila, 0)

    async def depth(self, fila: str) -> int | None:  # noqa: ARG002 - the database counts its rows
        return None

    async def close(self) -> None:
        """Let every waiting worker go."""
        self.wake_all()

    def _event(self, fila: str) -> asyncio.Event:
        event = self._woken.get(fila)
        if event is None:
            event = self._woken[fila] = asyncio.Event()
        return event
