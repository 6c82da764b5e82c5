"""Telegram's updates: what happened and was not taken yet, by a webhook or by asking.

They are numbered and wait in order. Asking for those from a number on confirms all before
it; only one may ask at a time, and nobody while there is a webhook.
Source: https://core.telegram.org/bots/api#getting-updates
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ponte.simulators.telegram_marcas import Recusa

WEBHOOK_ON = (
    "Conflict: can't use getUpdates method while webhook is active;"
    " use deleteWebhook to delete the webhook first"
)
OTHER = (
    "Conflict: terminated by other getUpdates request;"
    " make sure that only one bot instance is running"
)
LOOK_S = 0.1  # chosen: how soon it is noticed that a webhook was set
FIRST = 900_000_000  # as the recorded ones
# Documented: left out where nobody names them.
UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass
class Atualizacoes:
    """What waits, oldest first.

    Args:
        webhook: Tells whether it goes by a webhook now.
        over: Set when the stand-in ends.
        pedidas: The kinds that were asked for; empty means all but those of `UNASKED`.
        falha: When and why the webhook failed last.
    """

    webhook: Callable[[], bool]
    over: asyncio.Event
    pedidas: frozenset[str] = frozenset()
    falha: tuple[int, str] | None = None
    esperam: list[dict[str, Any]] = field(default_factory=list)
    _last: int = FIRST
    _asked: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, kind: str, content: Mapping[str, Any]) -> dict[str, Any] | None:
        """Keep what happened, with a number; None where nobody asked for its kind."""
        if (kind not in self.pedidas) if self.pedidas else (kind in UNASKED):
            return None
        self._last += 1
        update = {"update_id": self._last, kind: dict(content)}
        self.esperam.append(update)
        self._news.set()
        return update

    def done(self, update: Mapping[str, Any]) -> None:
        """Forget what the webhook took."""
        self.esperam = [x for x in self.esperam if x["update_id"] != update["update_id"]]

    def ask_for(self, kinds: object) -> None:
        """Remember which kinds are wanted; what is no list changes nothing."""
        if isinstance(kinds, list):
            self.pedidas = frozenset(map(str, kinds))

    async def get(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what waits, as soon as there is something; raises `Recusa`."""
        self._asked += 1
        mine, loop = self._asked, asyncio.get_running_loop()
        self.ask_for(values.get("allowed_updates"))
        offset, limit = int(values.get("offset") or 0), int(values.get("limit") or 100)
        until = loop.time() + float(values.get("timeout") or 0)
        while True:
            if self.webhook():
                raise Recusa(409, WEBHOOK_ON)
            if mine != self._asked:
                raise Recusa(409, OTHER)
            self.esperam = [x for x in self.esperam if x["update_id"] >= offset]
            if self.esperam or self.over.is_set() or loop.time() >= until:
                return self.esperam[:limit]
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(LOOK_S, until - loop.time()))
