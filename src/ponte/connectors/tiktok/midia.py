"""Midia: pictures to people, and the pictures and videos that they send.

A picture is uploaded first and then named; both ways TikTok's own hosts alone see the token.
Where a caller names an address, its bytes are fetched as any caller's are.
Source: https://business-api.tiktok.com/portal/docs?id=1832184437720193 (upload) and
https://business-api.tiktok.com/portal/docs?id=1832184455450626 (download)
"""

from collections.abc import Sequence
from dataclasses import replace

from ponte.domain.mensagem import Mensagem
from ponte.resilience import destino
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.resilience.formulario import Arquivo, inline, is_inline

DESTINO = "tiktok"
MAX_IMAGEM = 3 * 1000 * 1000  # documented: 3 MB, by the smaller megabyte
HOSTS = ("tiktok.com", "tiktokapis.com", "tiktokcdn.com", "tiktokcdn-us.com", "tiktokcdn-eu.com")
_KINDS = ((b"\xff\xd8\xff", "image/jpeg", "jpg"), (b"\x89PNG\r\n\x1a\n", "image/png", "png"))


def broken(mensagem: Mensagem, *, redes: Sequence[destino.Rede]) -> str | None:
    """Return why a picture can't be had, as far as its address tells."""
    url = mensagem.url
    if is_inline(url):
        return None if inline(url) is not None else "base64 expected"
    return destino.broken(url, redes=redes)


async def picture(mensagem: Mensagem, *, redes: Sequence[destino.Rede]) -> Arquivo:
    """Return the picture of a message.

    Raises:
        OutsideError: it is not there, or TikTok would not take it.
    """
    url = mensagem.url
    found = inline(url)
    if found is None:
        answer = await destino.fetch(url, max_bytes=MAX_IMAGEM, redes=redes)
        found = Arquivo("imagem", "", answer.body)
    for head, mime, suffix in _KINDS:
        if found.corpo.startswith(head) and len(found.corpo) <= MAX_IMAGEM:
            return replace(found, nome=f"imagem.{suffix}", mime=mime)
    verdict = Verdict(Classe.INVALID_REQUEST, f"a JPEG or PNG of up to {MAX_IMAGEM} bytes expected")
    raise OutsideError(DESTINO, verdict=verdict)
