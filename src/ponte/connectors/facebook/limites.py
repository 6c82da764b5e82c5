"""Limites of Facebook Messenger.

Source: https://developers.facebook.com/docs/messenger-platform
"""

from ponte.domain.limites import Limites
from ponte.domain.mensagem import TipoMensagem

LIMITES = Limites(
    tipos=frozenset(
        {
            TipoMensagem.TEXTO,
            TipoMensagem.IMAGEM,
            TipoMensagem.AUDIO,
            TipoMensagem.VIDEO,
            TipoMensagem.DOCUMENTO,
            TipoMensagem.RESPOSTA_RAPIDA,
            TipoMensagem.EVENTO,
        }
    ),
    texto=2000,
    medida="caracteres",
    opcoes=13,
    titulo_opcao=20,
    janela_s=86_400.0,
    mensagens=300,  # documented: calls a second for each account
    source="https://developers.facebook.com/docs/messenger-platform",
)
