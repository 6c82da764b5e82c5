"""Memory broker: moves prompts like a real engine and forgets them all when it ends.

For tests only. It proves that nothing depends on a broker's memory: what it
forgets, the sweep publishes again. The connections of one `Engine` compete.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ponte.errors import ArmazenamentoIndisponivel
from ponte.ports import Prompt


class Engine:
    """The server side; `restart` is a power cut without a disk."""

    def __init__(self) -> None:
        self.ready: dict[str, deque[Prompt]] = {}
        self.waiting: dict[str, int] = {}
        self.changed = asyncio.Event()
        self.up = True

    def restart(self) -> None:
        """Forget everything."""
        self.ready.clear()
        self.poke()

    def poke(self) -> None:
        """Wake everybody who waits."""
        self.changed.set()
        self.changed = asyncio.Event()


class MemoryBroker:
    """One connection to an `Engine`."""

    name = "memory"
    rows_are_the_queue = False

    def __init__(self, engine: Engine | None = None) -> None:
        self._engine = engine or Engine()
        self._unacked: dict[int, Prompt] = {}
        self._woken: set[str] = set()
        self._next = 0
        self._closed = False

    async def start(self, filas: Iterable[str] = ()) -> None:  # noqa: ARG002 - made when used
        if not self._engine.up:
            msg = "The broker is down"
            raise ArmazenamentoIndisponivel(msg)

    async def publish(self, prompts: Sequence[Prompt]) -> None:
        await self.start()
        for prompt in prompts:
            self._engine.ready.setdefault(prompt.fila, deque()).append(prompt)
        self._engine.poke()

    def wake(self, filas: Iterable[str]) -> None:
        self._woken.update(filas)
        self._engine.poke()

    def wake_all(self) -> None:
        self.wake(tuple(self._engine.waiting))

    async def receive(self, fila: str, *, limit: int, timeout_s: float) -> Sequence[Prompt]:
        waiting = self._engine.waiting
        waiting[fila] = waiting.get(fila, 0) + 1
        try:
            async with asyncio.timeout(timeout_s):
                while not (self._engine.ready.get(fila) or self._closed or fila in self._woken):
                    await self._engine.changed.wait()
        except TimeoutError:
            return ()
        finally:
            waiting[fila] -= 1
            self._woken.discard(fila)
        queue = self._engine.ready.get(fila, deque())
        return [self._take(queue.popleft()) for _ in range(min(limit, len(queue)))]

    async def ack(self, prompts: Sequence[Prompt]) -> None:
        for prompt in prompts:
            if isinstance(prompt.receipt, int):
                self._unacked.pop(prompt.receipt, None)

    async def nack(self, prompts: Sequence[Prompt]) -> None:
        await self.ack(prompts)
        for prompt in prompts:
            self._engine.ready.setdefault(prompt.fila, deque()).appendleft(prompt)
        self._engine.poke()

    async def consumers(self, fila: str) -> int:
        await self.start()
        return self._engine.waiting.get(fila, 0)

    async def depth(self, fila: str) -> int | None:
        held = sum(p.fila == fila for p in self._unacked.values())
        return held + len(self._engine.ready.get(fila, ()))

    async def close(self) -> None:
        self._closed = True
        await self.nack(tuple(self._unacked.values()))

    def _take(self, prompt: Prompt) -> Prompt:
        self._next += 1
        taken = replace(prompt, receipt=self._next)
        self._unacked[self._next] = taken
        return taken
