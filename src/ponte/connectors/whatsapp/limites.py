"""Limites: what WhatsApp takes through Evolution.

Evolution checks no length; the platform's own apps take 4,096 characters. It has no rate
limit either, but WhatsApp bans accounts that write in bursts.
"""

from ponte.domain.limites import Limites
from ponte.domain.mensagem import MAX_OPCOES, TipoMensagem

LIMITES = Limites(
    tipos=frozenset({
        TipoMensagem.TEXTO, TipoMensagem.IMAGEM, TipoMensagem.AUDIO, TipoMensagem.VIDEO,
        TipoMensagem.DOCUMENTO, TipoMensagem.LOCALIZACAO, TipoMensagem.RESPOSTA_RAPIDA,
    }),
    texto=4_096,
    legenda=4_096,
    opcoes=MAX_OPCOES,
    mensagens=1,
    por_s=1.0,
    source="https://github.com/EvolutionAPI/evolution-api",
)  # fmt: skip
MAX_BOTOES = 3  # documented: sendButtons takes three of type reply
MAX_ROTULO = 20  # documented for the Cloud API: a button's title; the apps cut it there too
