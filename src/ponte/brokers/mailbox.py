"""Mailbox: what an engine delivered for each queue and nobody took in hand yet.

The engines push; a worker asks. Between them lies this, bounded by each engine's
prefetch. A wake lets whoever waits go with empty hands: there may be work that no
prompt will tell of, as the follower of a lane's head.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ponte.ports import Prompt


@dataclass(slots=True)
class _Box:
    prompts: deque[Prompt] = field(default_factory=deque)
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    event: asyncio.Event = field(default_factory=asyncio.Event)


class Mailbox:
    """One a connection."""

    def __init__(self) -> None:
        self._boxes: dict[str, _Box] = {}
        self._closed = False

    def deliver(self, prompt: Prompt) -> None:
        """Keep a prompt until somebody takes it."""
        box = self._box(prompt.fila)
        box.prompts.append(prompt)
        box.event.set()

    def give_back(self, prompts: Sequence[Prompt]) -> None:
        """Put prompts before all others again."""
        for prompt in reversed(prompts):
            box = self._box(prompt.fila)
            box.prompts.appendleft(prompt)
            box.event.set()

    def wake(self, filas: Iterable[str]) -> None:
        """Let go who waits for these queues."""
        for fila in filas:
            self._box(fila).event.set()

    def wake_all(self) -> None:
        """Let go whoever waits."""
        self.wake(tuple(self._boxes))

    def forget(self, fila: str) -> None:
        """Drop what was not taken: its connection is gone, and it comes again."""
        self._box(fila).prompts.clear()

    def waiting(self, fila: str) -> int:
        """Count what nobody took yet."""
        return len(self._box(fila).prompts)

    async def room(self, fila: str, most: int) -> None:
        """Wait until fewer than `most` prompts wait."""
        box = self._box(fila)
        while len(box.prompts) >= most:
            box.taken.clear()
            await box.taken.wait()

    async def take(self, fila: str, *, limit: int, timeout_s: float) -> list[Prompt]:
        """Wait for prompts and return up to `limit`; none when the time is over or at a wake."""
        box = self._box(fila)
        if not box.prompts and not self._closed:
            try:
                async with asyncio.timeout(max(0.0, timeout_s)):
                    await box.event.wait()
            except TimeoutError:
                pass
        taken = [box.prompts.popleft() for _ in range(min(limit, len(box.prompts)))]
        box.taken.set()
        if not box.prompts:
            box.event.clear()
        return taken

    def close(self) -> None:
        """Let everybody go, now and later."""
        self._closed = True
        for box in self._boxes.values():
            box.prompts.clear()
        self.wake_all()

    def _box(self, fila: str) -> _Box:
        box = self._boxes.get(fila)
        if box is None:
            box = self._boxes[fila] = _Box()
        return box
