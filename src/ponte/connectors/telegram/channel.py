"""Channel: one mensagem becomes one message of the bot in the chat that it names.

A group that became a supergroup is followed at once and remembered. Each call is one try.
Source: https://core.telegram.org/bots/api#sendmessage and #responseparameters.
"""

import re
from collections import OrderedDict
from dataclasses import replace

from ponte.connectors.telegram import envio
from ponte.connectors.telegram.classify import (
    classify,
    classify_heard,
    classify_unless_moved,
    moved_to,
)
from ponte.connectors.telegram.envio import Chamada
from ponte.connectors.telegram.limites import LIMITES
from ponte.connectors.telegram.ritmo import Ritmo
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.leitura import objeto, texto
from ponte.domain.mensagem import Mensagem
from ponte.errors import DadosInvalidos, Problema
from ponte.ports import Deps
from ponte.resilience.exchange import Answer
from ponte.resilience.limiter import SlidingWindowRateLimiter

DESTINO = "telegram_mensagens"
CALLBACK = "callback:"  # how the key of a pressed button begins
MOST_MOVED = 1_000  # chosen: more groups than a bot is in become supergroups while it runs
_CHAT = re.compile(r"(-?[0-9]{1,19}|@[A-Za-z][A-Za-z0-9_]{3,31})\Z")
_NO_MESSAGE = {"editMessageText", "deleteMessage"}  # they are about one that is there already


class TelegramChannel:
    """Write to people and groups that the bot knows.

    Its limit and its breaker are not those of the alertas: a busy conversation must not
    keep an alerta waiting.
    """

    def __init__(self, settings: TelegramSettings, deps: Deps) -> None:
        self._settings = settings
        self._http = deps.http(DESTINO)
        self._http.limit_to(SlidingWindowRateLimiter(LIMITES.mensagens or 1, LIMITES.por_s))
        self._ritmo = Ritmo()
        self._moved: OrderedDict[str, str] = OrderedDict()

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what the Bot API would."""
        found = list(LIMITES.broken(mensagem)) or list(envio.broken(mensagem))
        if not _CHAT.match(mensagem.destinatario):
            found.append(("destinatario", "a chat's number or @name expected"))
        if found:
            raise DadosInvalidos(*(Problema(campo, why) for campo, why in found))

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send one message; return its id in the chat, None for what makes no message.

        Raises:
            OutsideError: It was not taken.
            Adiado: The chat's pace, or the bot's, says to wait; nothing was sent.
        """
        chat_id = self._chat(mensagem.destinatario)
        await self._ritmo.wait(chat_id)
        chamada = envio.call(mensagem, chat_id)
        answer = await self._http.send(
            envio.request(self._settings, chamada), classify_unless_moved
        )
        new_chat_id = moved_to(answer)
        if new_chat_id is not None:
            self._follow(mensagem.destinatario, new_chat_id)
            chamada = envio.call(mensagem, new_chat_id)
            answer = await self._http.send(envio.request(self._settings, chamada), classify)
        return None if chamada.method in _NO_MESSAGE else _message_id(answer)

    async def show_typing(self, destinatario: str, *, instancia: str | None) -> None:  # noqa: ARG002 - a bot is one account
        """Show for five seconds at most that an answer is being written."""
        body = {"chat_id": self._chat(destinatario), "action": "typing"}
        request = envio.request(self._settings, Chamada("sendChatAction", body))
        await self._http.send(replace(request, paced=False), classify)

    async def acknowledge(self, chave: str) -> None:
        """Tell Telegram that a button was pressed to good purpose; twice is harmless.

        Raises:
            OutsideError: It did not hear it.
        """
        if not chave.startswith(CALLBACK):
            return
        body = {"callback_query_id": chave.removeprefix(CALLBACK)}
        request = envio.request(self._settings, Chamada("answerCallbackQuery", body))
        await self._http.send(replace(request, paced=False), classify_heard)

    def _chat(self, destinatario: str) -> str:
        return self._moved.get(destinatario, destinatario)

    def _follow(self, old: str, new: str) -> None:
        self._moved[old] = new
        if len(self._moved) > MOST_MOVED:
            self._moved.popitem(last=False)


def _message_id(answer: Answer) -> str | None:
    return texto(objeto(objeto(answer.json()).get("result")).get("message_id"))
