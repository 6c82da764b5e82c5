"""Ritmo: how fast one chat is written to, beside the limit for all of them together.

A busy group waits for its own turn and keeps nobody else waiting.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from ponte.connectors.telegram.limites import GRUPO, PESSOA
from ponte.errors import Adiado
from ponte.resilience.limiter import SlidingWindowRateLimiter

MAX_WAIT_S = 2.0  # as Http: a worker waits this long for its turn, else the step waits
MOST_CHATS = 10_000  # chosen: far more than are written to within a minute


class Ritmo:
    """One limiter a chat; the chats written to longest ago are forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limiters: OrderedDict[str, SlidingWindowRateLimiter] = OrderedDict()

    async def wait(self, chat_id: str) -> None:
        """Wait for the chat's turn.

        Raises:
            Adiado: It is far off; nothing was sent.
        """
        limiter = self._of(chat_id)
        wait_s = limiter.retry_after()
        if wait_s > MAX_WAIT_S:
            raise Adiado("telegram waits for this chat's turn", retry_after_s=wait_s)
        await limiter.acquire()

    def _of(self, chat_id: str) -> SlidingWindowRateLimiter:
        limiter = self._limiters.pop(chat_id, None)
        if limiter is None:
            many, window_s = PESSOA if chat_id.isdigit() else GRUPO
            limiter = SlidingWindowRateLimiter(many, window_s, clock=self._clock)
        self._limiters[chat_id] = limiter
        if len(self._limiters) > MOST_CHATS:
            self._limiters.popitem(last=False)
        return limiter
