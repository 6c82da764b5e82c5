"""Limites: what Business Messaging takes.

A card (text with buttons) has a title of 40 characters, which the channel checks: it is
the shorter of two limits for the same field.
Source: https://business-api.tiktok.com/portal/docs?id=1832184403754242
"""

from ponte.domain.limites import Limites
from ponte.domain.mensagem import TipoMensagem

JANELA_S = 48 * 3600.0  # documented: up to 10 messages within 48 h of the person's last one
TITULO = 40  # documented: title of a card

LIMITES = Limites(
    tipos=frozenset({TipoMensagem.TEXTO, TipoMensagem.RESPOSTA_RAPIDA, TipoMensagem.IMAGEM}),
    texto=6000,
    opcoes=3,
    titulo_opcao=20,
    janela_s=JANELA_S,
    source="https://business-api.tiktok.com/portal/docs?id=1832184403754242",
)
