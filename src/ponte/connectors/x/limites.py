"""Limites: what X takes in a direct message, and how fast.

A message has words, one medium, or both. How many go out in 15 minutes depends on what the
app pays for (`MENSAGENS_EM_15_MIN`); fifteen is what the API promises all. Quick replies
and a typing sign have no call in the API v2.
Source: https://docs.x.com/x-api/direct-messages/manage/introduction and
https://docs.x.com/x-api/media/quickstart/best-practices
"""

from ponte.domain.limites import Limites
from ponte.domain.mensagem import TipoMensagem

JANELA_S = 15 * 60.0  # documented: the window of every limit
LEITURAS = 15  # documented: readings of past messages in it

LIMITES = Limites(
    tipos=frozenset({TipoMensagem.TEXTO, TipoMensagem.IMAGEM, TipoMensagem.VIDEO}),
    texto=10_000,
    legenda=10_000,
    mensagens=15,
    por_s=JANELA_S,
    source="https://docs.x.com/x-api/fundamentals/rate-limits",
)
MIB = 1024 * 1024
# Kind of file -> its category, the most bytes. Documented: 5 MB a picture, 15 MB a GIF, 512 MB
# a video; chosen: 10 MiB for the latter two, since a medium is held in memory.
MIDIA: dict[str, tuple[str, int]] = {
    "image/jpeg": ("dm_image", 5 * 10**6),
    "image/png": ("dm_image", 5 * 10**6),
    "image/webp": ("dm_image", 5 * 10**6),
    "image/gif": ("dm_gif", 10 * MIB),
    "video/mp4": ("dm_video", 10 * MIB),
    "video/quicktime": ("dm_video", 10 * MIB),
}
MAX_BYTES = 10 * MIB
