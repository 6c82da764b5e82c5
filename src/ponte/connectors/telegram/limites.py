"""Limites: what the Bot API takes, and how fast.

Lengths are counted in UTF-16 units, after the markup is read; there is no window: a chat
that the bot knows may always be written to.
Source: https://core.telegram.org/bots/api#sendmessage and https://core.telegram.org/bots/faq.
"""

from ponte.domain.limites import Limites
from ponte.domain.mensagem import MAX_OPCOES, TipoMensagem

LIMITES = Limites(
    tipos=frozenset(TipoMensagem),
    texto=4096,
    medida="utf16",
    legenda=1024,
    opcoes=MAX_OPCOES,
    mensagens=30,  # documented: a second, to all chats
    por_s=1.0,
    source="https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this",
)
# Documented: to one person about a message a second, to one group 20 a minute.
PESSOA = 1, 1.0
GRUPO = 20, 60.0
MAX_CALLBACK = 64  # documented: callback_data, in bytes
