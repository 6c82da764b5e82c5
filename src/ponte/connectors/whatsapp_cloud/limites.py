"""Limites of the WhatsApp Cloud API.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from ponte.domain.limites import Limites
from ponte.domain.mensagem import TipoMensagem

LIMITES = Limites(
    tipos=frozenset(TipoMensagem),
    texto=4096,
    legenda=1024,
    opcoes=10,
    titulo_opcao=24,
    janela_s=86_400.0,
    mensagens=80,  # documented: of one number, until Meta lets it send more by itself
    source="https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages",
)
MAX_INTERACTIVE = 1024  # documented: the words above buttons or a list
MAX_BUTTONS = 3  # documented: more than three are a list
MAX_BUTTON_TITLE = 20  # documented; the title of a list's row may have 24
