"""Sink: one alerta becomes one message in one chat."""

import structlog

from ponte.connectors.telegram.build import build
from ponte.connectors.telegram.classify import (
    classify,
    classify_first,
    moved_to,
    refuses_markup,
)
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.alerta import Alerta
from ponte.ports import Deps
from ponte.resilience.limiter import SlidingWindowRateLimiter

log = structlog.get_logger(__name__)

# Documented: 20 messages a minute to the same group or channel, about one a second to a person.
# https://core.telegram.org/bots/faq
GROUP = 20, 60.0
CHAT = 20, 20.0


class TelegramSink:
    """Deliver alertas to the chat of the settings."""

    def __init__(self, settings: TelegramSettings, deps: Deps) -> None:
        self._settings = settings
        self._chat_id = settings.chat_id
        self._http = deps.http("telegram")
        limit = CHAT if (settings.chat_id or "").isdigit() else GROUP
        self._http.limit_to(SlidingWindowRateLimiter(*limit))

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        """Send one message.

        A group that moved and markup that is refused are mended at once, each by one
        more call: nothing was delivered by the first.

        Raises:
            OutsideError: It was not taken.
        """
        request = build(alerta, self._settings, fim=fim, chat_id=self._chat_id)
        answer = await self._http.send(request, classify_first)
        new_chat_id, plain = moved_to(answer), refuses_markup(answer)
        if new_chat_id is not None:
            self._chat_id = new_chat_id
            log.warning("telegram chat moved, change the setting", chat_id=new_chat_id)
        if new_chat_id is not None or plain:
            again = build(
                alerta, self._settings, fim=fim, html_mode=not plain, chat_id=self._chat_id
            )
            await self._http.send(again, classify)
