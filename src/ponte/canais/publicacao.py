"""Publicação: the worker's part of a video, one stretch at a time until the platform is done.

Each stretch is short, ends in the row, and asks to go on; a crash repeats the stretch in
hand and no more. A piece that is sent again is harmless, a publication that is begun again
is not: that is only done where the one before surely never gets its last byte.
"""

import asyncio
import re
import time
from pathlib import Path

from ponte.canais import arquivos, sessoes, videos
from ponte.canais.sessoes import Sessao
from ponte.canais.videos import Video
from ponte.context import Context
from ponte.domain.video import EM_CURSO, POR_ENVIAR, EstadoVideo, Postagem
from ponte.errors import Adiado, Permanente
from ponte.events import FatoGravado, VideoPedido
from ponte.ports import Andamento, Chave, Publisher, Renewal, Trecho
from ponte.resilience.classes import Classe, OutsideError
from ponte.resilience.retry import Schedule
from ponte.store.db import Tx

CONECTOR = "tiktok"
INDISPONIVEL = "sessao_indisponivel"
# Chosen: about an hour in all, as long as TikTok takes the bytes of a publication.
TENTATIVAS = Schedule(delays_s=(2, 5, 10, 30, 60, 120, 300, 300, 600, 600, 900))
DESLIGADO_S = 10.0  # chosen: how often to look whether a connector was switched on again
FATIA_S = 5.0  # chosen: a piece is begun within this time, and takes its own at most
URL_MS = 3_600_000  # documented: an address takes bytes for an hour
MAX_INICIOS = 5  # chosen: each counts against the account's share of a day
OLHAR_S = (5.0, 30.0)  # contract: the status is asked for every 5 to 30 s
OLHAR_MS, OLHAR_DEPOIS_S = 600_000, 300.0  # contract: for ten minutes; chosen: then rarely
FIM_MS = 24 * 3_600_000  # chosen: what takes longer has no end
ESPERA_S, ESPERA_MS = 30.0, 3 * 24 * 3_600_000  # chosen: a share of a day ends in three
_CODE = re.compile(r"[a-z][a-z0-9_]{3,80}\Z")


class _Falha(Permanente):
    """The video is not published; its code says why."""


async def publish(ctx: Context, fato: FatoGravado) -> None:
    """Take a video one stretch further.

    Raises:
        Adiado: there is more to do.
        OutsideError: the platform is away; the step tries again.
    """
    pedido = fato.fato()
    if not isinstance(pedido, VideoPedido):
        return
    video = await ctx.db.read(videos.find, pedido.video_id)
    if video is None or video.estado not in EM_CURSO:
        await arquivos.drop(ctx, pedido.video_id)
        return
    try:
        publisher, renewal = _on(ctx)
        sessao = await _session(ctx, video)
        async with sessoes.watched(ctx, sessao):
            await _go_on(ctx, publisher, sessoes.tokens_of(ctx, renewal, sessao), video)
    except _Falha as error:
        await _fail(ctx, video, str(error))
    except OutsideError as error:
        await _refused(ctx, video, error)
    await arquivos.drop(ctx, video.id)


async def give_up(_ctx: Context, tx: Tx, fato: FatoGravado, _erro: str) -> None:
    """Record on the video that it was set aside; its file is cleaned up later."""
    pedido = fato.fato()
    if isinstance(pedido, VideoPedido):
        await _advance(tx, pedido.video_id, EstadoVideo.FALHOU, "tentativas_esgotadas")


def _on(ctx: Context) -> tuple[Publisher, Renewal]:
    ligado = ctx.ligados.get(CONECTOR)
    if ligado is None or ligado.videos is None or ligado.renewal is None:
        msg = f"The connector {CONECTOR} is off; its videos wait"
        raise Adiado(msg, retry_after_s=DESLIGADO_S)
    return ligado.videos, ligado.renewal


async def _go_on(ctx: Context, publisher: Publisher, chave: Chave, video: Video) -> None:
    if video.publish_id is None:
        await _begin(ctx, publisher, chave, video)
    elif video.estado in POR_ENVIAR:
        await _upload(ctx, publisher, chave, video)
    else:
        await _settle(ctx, video, await publisher.status(chave, video.publish_id))


async def _session(ctx: Context, video: Video) -> Sessao:
    """Return the session of the account for which the video was accepted."""
    sessao: Sessao | None = await ctx.db.read(sessoes.find, video.sessao)
    if sessao is None or sessao.superficie != "videos" or sessao.estado != sessoes.ATIVA:
        raise _Falha(INDISPONIVEL)
    if video.conta != sessao.conta and video.conta is not None and sessao.conta is not None:
        raise _Falha("sessao_de_outra_conta")
    return sessao


# ---------------------------------------------------------------- beginning


async def _begin(ctx: Context, publisher: Publisher, chave: Chave, video: Video) -> None:
    """Begin a publication, and go on with its bytes later."""
    if video.incerto:
        raise _Falha("resultado_incerto")
    if video.fonte == "arquivo" and not arquivos.path(ctx, video.id).exists():
        raise _Falha("arquivo_ausente")
    postagem = await _allowed(publisher, chave, video)
    await chave.get()  # before the mark: with the database away none is set
    inicio = await ctx.db.transact(videos.mark, video)
    try:
        answer = await publisher.begin(chave, postagem)
    except OutsideError as error:
        if error.unknown_outcome and video.fonte == "endereco":
            raise _Falha("resultado_incerto") from error
        await ctx.db.transact(videos.begun, video, inicio, None)
        raise
    except Adiado:  # nothing was sent
        await ctx.db.transact(videos.begun, video, inicio, None)
        raise
    if answer.envio_url is not None:
        # Before the row: what stands there can then be gone on with.
        until_ms = ctx.now_ms() + URL_MS
        await ctx.tokens.put(video.segredo, answer.envio_url, expira_em_ms=until_ms)
    await ctx.db.transact(videos.begun, video, inicio, answer.publish_id)
    raise _more(0 if answer.envio_url is not None else OLHAR_S[0])


async def _allowed(publisher: Publisher, chave: Chave, video: Video) -> Postagem:
    """Return what is posted, within what the account may do just now."""
    postagem = video.postagem
    if postagem.rascunho:
        return postagem
    criador = await publisher.creator(chave)
    if postagem.privacidade not in criador.privacidades:
        raise _Falha("privacidade_recusada")
    if criador.max_s is not None and (video.duracao_s or 0) > criador.max_s:
        raise _Falha("duracao_acima")
    return Postagem(
        url=postagem.url,
        corte=postagem.corte,
        titulo=postagem.titulo,
        privacidade=postagem.privacidade,
        # What the account has switched off can't be on in a post.
        sem_comentarios=postagem.sem_comentarios or criador.sem_comentarios,
        sem_dueto=postagem.sem_dueto or criador.sem_dueto,
        sem_costura=postagem.sem_costura or criador.sem_costura,
        capa_ms=postagem.capa_ms,
        conteudo_de_marca=postagem.conteudo_de_marca,
        marca_propria=postagem.marca_propria,
    )


# ---------------------------------------------------------------- the bytes


async def _upload(ctx: Context, publisher: Publisher, chave: Chave, video: Video) -> None:
    """Send pieces for a while."""
    corte = video.postagem.corte
    stored = await ctx.tokens.get(video.segredo)
    if corte is None or stored is None:
        await _ask_what_is_there(ctx, publisher, chave, video)
        return
    until = time.monotonic() + FATIA_S
    enviados = video.enviados
    while enviados < corte.tamanho and time.monotonic() < until:
        primeiro, fim = corte.trecho(enviados)
        dados = await asyncio.to_thread(_piece, arquivos.path(ctx, video.id), primeiro, fim)
        trecho = Trecho(dados, primeiro, corte.tamanho, video.mime or "")
        try:
            await publisher.put(stored[0], trecho)
        except OutsideError as error:
            if error.classe not in (Classe.INVALID_REQUEST, Classe.GONE):
                raise
            await _ask_what_is_there(ctx, publisher, chave, video)
            return
        enviados = fim
        await ctx.db.transact(videos.sent, video, enviados)
    if enviados < corte.tamanho:
        raise _more(0)
    await arquivos.drop(ctx, video.id)
    raise _more(OLHAR_S[0])


async def _ask_what_is_there(
    ctx: Context, publisher: Publisher, chave: Chave, video: Video
) -> None:
    """Go on from where the platform says, once it takes no piece any more.

    Its answer to the last one may be lost; then nothing is to be sent, and surely nothing
    to be begun. Where bytes are missing and it takes none, this publication has no end.
    """
    now = await publisher.status(chave, video.publish_id or "")
    corte = video.postagem.corte
    there = now.recebidos or 0
    whole = corte is not None and there >= corte.tamanho
    if now.estado is not EstadoVideo.PROCESSANDO or whole:
        await ctx.db.transact(videos.advance, video.id, EstadoVideo.PROCESSANDO)
        await _settle(ctx, video, now)
        return
    again = 0 if corte is None else there // corte.pedaco * corte.pedaco
    if again > video.enviados and await ctx.tokens.get(video.segredo) is not None:
        await ctx.db.transact(videos.sent, video, again)
    elif video.inicios >= MAX_INICIOS:
        raise _Falha("envio_recusado")
    else:
        await ctx.db.transact(videos.begin_anew, video)
    raise _more(OLHAR_S[0])


def _piece(path: Path, primeiro: int, fim: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(primeiro)
            dados = file.read(fim - primeiro)
    except FileNotFoundError:
        dados = b""
    if len(dados) != fim - primeiro:
        raise _Falha("arquivo_ausente")
    return dados


# ---------------------------------------------------------------- the end


async def _settle(ctx: Context, video: Video, now: Andamento) -> None:
    """Record an end, or look again later."""
    if now.estado is not EstadoVideo.PROCESSANDO:
        await ctx.db.transact(_advance, video.id, now.estado, now.motivo, now.post_id)
        return
    age_ms = ctx.now_ms() - (video.enviado_em or ctx.now_ms())
    if age_ms > FIM_MS:
        raise _Falha("sem_fim")
    soon, late = OLHAR_S
    raise _more(min(max(age_ms / 6000, soon), late) if age_ms < OLHAR_MS else OLHAR_DEPOIS_S)


async def _refused(ctx: Context, video: Video, error: OutsideError) -> None:
    motivo = _code_of(error)
    if error.classe is Classe.RATE_LIMITED:
        if ctx.now_ms() - video.criado_em > ESPERA_MS:
            await _fail(ctx, video, motivo)
            return
        await ctx.db.transact(videos.note, video, motivo)
        raise Adiado(motivo, retry_after_s=error.retry_after_s or ESPERA_S) from error
    if error.temporary:
        raise error
    await _fail(ctx, video, motivo)


async def _fail(ctx: Context, video: Video, motivo: str) -> None:
    await ctx.db.transact(_advance, video.id, EstadoVideo.FALHOU, motivo)


async def _advance(
    tx: Tx, video_id: str, estado: EstadoVideo, motivo: str | None, post_id: str | None = None
) -> None:
    await videos.advance(tx, video_id, estado, motivo=motivo, post_id=post_id)


def _code_of(error: OutsideError) -> str:
    """Return the platform's own code, else the class."""
    last = error.verdict.detail.rpartition(" ")[2]
    if _CODE.match(last):
        return last
    return INDISPONIVEL if error.classe is Classe.AUTH else error.classe.value


def _more(after_s: float) -> Adiado:
    return Adiado("There is more to do", retry_after_s=after_s)
