"""Arquivos: the files of a message, fetched so that people see them beside its words.

What can't be had is no reason to keep the words back: they go with a link, or say what was
sent. An address in a message is somebody else's, so it may only lead to the public internet.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from ponte.context import Context
from ponte.domain.evento import Midia
from ponte.domain.leitura import objetos, texto
from ponte.domain.mensagem import Direcao, Mensagem, TipoMensagem
from ponte.errors import Adiado
from ponte.ports import Anexo, ConversationDownloader, Downloader
from ponte.resilience import destino
from ponte.resilience.classes import OutsideError

log = structlog.get_logger(__name__)
MAX_BYTES = 10 * 1024 * 1024  # RELIABILITY: the largest medium
MAX_ARQUIVOS = 5  # chosen: more than a message of any platform holds
FRESCA_MS = 120_000  # chosen: how long a picture is worth waiting for
ESPERA_S = 10.0  # chosen: until the next try
_KINDS = {
    TipoMensagem.IMAGEM: ("image", "image/jpeg", "jpg"),
    TipoMensagem.AUDIO: ("audio", "audio/ogg", "ogg"),
    TipoMensagem.VIDEO: ("video", "video/mp4", "mp4"),
    TipoMensagem.DOCUMENTO: ("document", "application/octet-stream", "bin"),
}


async def of(ctx: Context, mensagem: Mensagem) -> list[Anexo]:
    """Return the files of a message, none where they can't be had.

    Raises:
        Adiado: its platform does not answer, and the message is young enough to wait.
    """
    conteudo = mensagem.conteudo
    if mensagem.tipo not in _KINDS:
        return []
    first = {"url": conteudo} if isinstance(conteudo, str) else conteudo
    parts = [first, *objetos(first.get("outras"))][:MAX_ARQUIVOS]
    try:
        found = [await _file(ctx, mensagem, part) for part in parts]
    except (OutsideError, Adiado) as error:
        # Also of a breaker that is open: words wait no longer than the rule has it.
        if error.retry and ctx.now_ms() - mensagem.criada_em < FRESCA_MS:
            raise Adiado(str(error), retry_after_s=ESPERA_S) from error
        log.info("mirrored without its file", mensagem_id=mensagem.id, erro=str(error))
        return []
    return [anexo for anexo in found if anexo is not None and anexo.dados]


async def _file(ctx: Context, mensagem: Mensagem, part: Mapping[str, Any]) -> Anexo | None:
    kind, mime, suffix = _KINDS[mensagem.tipo]
    channel: object = ctx.channel(mensagem.canal, mensagem.instancia)
    url, nome = texto(part.get("url")), texto(part.get("nome"))
    redes = destino.networks(ctx.settings.redes_permitidas)
    if mensagem.direcao is Direcao.ENTRADA and isinstance(channel, Downloader):
        midia = Midia(kind=kind, url=url, id=texto(part.get("id")), mime=texto(part.get("mime")))
        dados, found = await channel.download(
            midia, message_id=mensagem.id_externo or "", instancia=mensagem.instancia
        )
    elif mensagem.direcao is Direcao.ENTRADA and isinstance(channel, ConversationDownloader):
        midia = Midia(kind=kind, url=url, id=texto(part.get("id")))
        dados, found = await channel.download_of(
            midia, conversa=mensagem.contato, message_id=mensagem.id_externo or ""
        )
    elif url is not None and destino.broken(url, redes=redes) is None:
        answer = await destino.fetch(url, max_bytes=MAX_BYTES, redes=redes)
        dados, found = answer.body, answer.headers.get("content-type", "")
    else:
        return None
    mime = texto(part.get("mime")) or found.partition(";")[0].strip() or mime
    return Anexo(nome or f"{kind}.{suffix}", mime, dados)
