"""Channel: one mensagem becomes one message of the bot in the chat that it names.

Text goes as it is, without markup: what a person wrote must not become a tag. Quick
replies are a keyboard, whose answer comes back as plain text.
Source: https://core.telegram.org/bots/api#sendmessage and #replykeyboardmarkup.
"""

import re
from typing import Any

from ponte.connectors.telegram.build import MAX_TEXT
from ponte.connectors.telegram.classify import classify, classify_first, moved_to
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean, units
from ponte.errors import DadosInvalidos, Problema
from ponte.ports import Deps
from ponte.resilience.exchange import Answer, Request
from ponte.resilience.limiter import SlidingWindowRateLimiter

# Documented: about 30 messages a second to all chats. https://core.telegram.org/bots/faq
MESSAGES, WINDOW_S = 30, 1.0
TIPOS = (TipoMensagem.TEXTO, TipoMensagem.RESPOSTA_RAPIDA)
_CHAT = re.compile(r"(-?[0-9]{1,19}|@[A-Za-z][A-Za-z0-9_]{3,31})\Z")


class TelegramChannel:
    """Write to people and groups that the bot knows.

    Its limit and its breaker are not those of the alertas: a busy conversation must not
    keep an alerta waiting.
    """

    def __init__(self, settings: TelegramSettings, deps: Deps) -> None:
        self._settings = settings
        self._http = deps.http("telegram_mensagens")
        self._http.limit_to(SlidingWindowRateLimiter(MESSAGES, WINDOW_S))

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what the Bot API would."""
        if mensagem.tipo not in TIPOS:
            raise DadosInvalidos(Problema("tipo", f"telegram takes {' and '.join(TIPOS)} here"))
        if not _CHAT.match(mensagem.destinatario):
            raise DadosInvalidos(Problema("destinatario", "a chat's number or @name expected"))
        texto = clean(mensagem.texto)
        if not texto.strip():
            raise DadosInvalidos(Problema("conteudo", "empty"))
        if units(texto) > MAX_TEXT:
            raise DadosInvalidos(Problema("conteudo", f"at most {MAX_TEXT} characters"))

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send one message; a group that moved is followed at once.

        Raises:
            OutsideError: It was not taken.
        """
        answer = await self._http.send(
            self._request(mensagem, mensagem.destinatario), classify_first
        )
        new_chat_id = moved_to(answer)
        if new_chat_id is not None:
            answer = await self._http.send(self._request(mensagem, new_chat_id), classify)
        return _message_id(answer)

    def _request(self, mensagem: Mensagem, chat_id: str) -> Request:
        body: dict[str, Any] = {"chat_id": chat_id, "text": clean(mensagem.texto)}
        if mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA and not isinstance(mensagem.conteudo, str):
            body["reply_markup"] = {
                "keyboard": [[{"text": clean(opcao)}] for opcao in mensagem.conteudo["opcoes"]],
                "one_time_keyboard": True,
                "resize_keyboard": True,
            }
        url = self._settings.method_url("sendMessage")
        return Request("POST", url, json=body, operation="send_message")


def _message_id(answer: Answer) -> str | None:
    corpo = answer.json()
    result = corpo.get("result") if isinstance(corpo, dict) else None
    found = result.get("message_id") if isinstance(result, dict) else None
    return None if found is None else str(found)
