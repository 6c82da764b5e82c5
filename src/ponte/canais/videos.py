"""Vídeos: what the shop publishes on TikTok, as rows; the files lie beside the database.

A publication is begun at most once at a time: its mark is committed before the platform is
asked, and what comes back is taken only for that mark. Where nobody knows whether one was
begun that goes on by itself (`incerto`), none is begun again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import orjson

from ponte.acesso import auditoria
from ponte.canais import sessoes
from ponte.canais.explicacoes import explain
from ponte.context import Context
from ponte.domain.evento import EventoDeCanal
from ponte.domain.valores import format_time
from ponte.domain.video import POR_ENVIAR, EstadoVideo, Postagem, Privacidade, advances, cut
from ponte.errors import Adiado, DadosInvalidos, NaoEncontrado, PonteError, Problema
from ponte.events import VideoMudou, VideoPedido
from ponte.store.db import Row, Tx
from ponte.store.tokens import forget

Fonte = Literal["arquivo", "endereco"]
MAX_POR_ENVIAR = 100  # chosen: days of work for one account, and so many files on disk
PER_MINUTE, MINUTE_MS = 6, 60_000  # documented: publications begun, for each account
OUTRO_S = 10.0  # chosen: about how long a call that begins one may take
INCERTO_MS = 24 * 3_600_000  # chosen: how long a report may name what nobody saw begin
COLUNAS = (
    "id, sessao, conta, fonte, modo, postagem, mime, tamanho, duracao_s, estado, motivo,"
    " publish_id, post_id, enviados, inicios, incerto, iniciado_em, enviado_em, criado_em,"
    " atualizado_em"
)
RELATOS = {
    "failed": EstadoVideo.FALHOU,
    "complete": EstadoVideo.PUBLICADO,
    "inbox": EstadoVideo.NA_CAIXA,
    "public": EstadoVideo.PUBLICO,
    "removed": EstadoVideo.REMOVIDO,
}


class MuitosVideos(PonteError):
    """Too many videos wait to be sent; nothing was stored."""

    status = 429
    code = "muitos_videos"
    retry = True
    retry_after_s = 60.0


@dataclass(frozen=True, slots=True)
class Video:
    """One video as it stands; times in epoch milliseconds."""

    id: str
    sessao: str
    fonte: Fonte
    postagem: Postagem
    conta: str | None = None
    mime: str | None = None
    duracao_s: int | None = None
    estado: EstadoVideo = EstadoVideo.ACEITO
    motivo: str | None = None
    publish_id: str | None = None
    post_id: str | None = None
    enviados: int = 0
    inicios: int = 0
    incerto: bool = False
    iniciado_em: int | None = None
    enviado_em: int | None = None
    criado_em: int = 0
    atualizado_em: int = 0

    @property
    def segredo(self) -> str:
        """The name of the address that takes its bytes, among the encrypted tokens."""
        return f"tiktok:video:{self.id}"


def view(video: Video) -> dict[str, Any]:
    """Return the wire form."""
    postagem = video.postagem
    return {
        "id": video.id,
        "sessao": video.sessao,
        "conta": video.conta,
        "modo": "rascunho" if postagem.rascunho else "publicar",
        "fonte": video.fonte,
        "url": postagem.url,
        "titulo": postagem.titulo,
        "privacidade": postagem.privacidade,
        "tipo": video.mime,
        "tamanho": postagem.corte.tamanho if postagem.corte else None,
        "duracao_s": video.duracao_s,
        "estado": video.estado.value,
        "motivo": video.motivo,
        "explicacao": explain(video.motivo),
        "enviados": video.enviados,
        "publish_id": video.publish_id,
        "post_id": video.post_id,
        "criado_em": format_time(video.criado_em),
        "atualizado_em": format_time(video.atualizado_em),
    }


async def accept(tx: Tx, novo: Video, *, autor: str) -> Video:
    """Store a video that will be published.

    Raises:
        DadosInvalidos: there is no session for it.
        MuitosVideos: too many wait.
    """
    sessao = await _session(tx, novo.sessao)
    waiting = await tx.fetch_one(
        "SELECT COUNT(*) FROM tiktok_videos WHERE estado IN ('aceito', 'enviando')"
    )
    if waiting and waiting[0] >= MAX_POR_ENVIAR:
        raise MuitosVideos(f"{MAX_POR_ENVIAR} videos wait to be sent")
    video = replace(
        novo, sessao=sessao.nome, conta=sessao.conta, criado_em=tx.now_ms, atualizado_em=tx.now_ms
    )
    await tx.insert_many(f"tiktok_videos ({COLUNAS})", [_to_row(video)])
    tx.put(VideoPedido(video_id=video.id, sessao=video.sessao))
    await auditoria.record(tx, autor=autor, acao="tiktok.video_pedido", alvo=video.id)
    return video


async def _session(tx: Tx, nome: str) -> sessoes.Sessao:
    """Return the session of that name; of no name, the only one that there is."""
    if nome:
        names = [nome]
    else:
        rows = await tx.fetch(
            "SELECT nome FROM tiktok_sessoes WHERE superficie = 'videos' AND estado = ?"
            " ORDER BY nome LIMIT 2",
            (sessoes.ATIVA,),
        )
        names = [row[0] for row in rows]
    found = [await sessoes.find(tx, each) for each in names]
    good = [s for s in found if s and s.superficie == "videos" and s.estado == sessoes.ATIVA]
    if len(good) == 1:
        return good[0]
    why = "more than one: name it" if good else "no active session for videos"
    raise DadosInvalidos(Problema("sessao", why))


async def find(tx: Tx, video_id: str) -> Video | None:
    """Return a video, or None when there is none."""
    row = await tx.fetch_one(f"SELECT {COLUNAS} FROM tiktok_videos WHERE id = ?", (video_id,))  # noqa: S608
    return None if row is None else _from_row(row)


async def get(tx: Tx, video_id: str) -> Video:
    """Return a video; raises `NaoEncontrado`."""
    found = await find(tx, video_id)
    if found is None:
        raise NaoEncontrado("Vídeo", video_id)
    return found


async def list_all(
    tx: Tx, estado: str | None, *, pular: int, limite: int, antes_de: str | None
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of videos, newest first, and how many there are."""
    where, params = ("WHERE estado = ?", [estado]) if estado else ("WHERE 1 = 1", [])
    total = await tx.fetch_one(f"SELECT COUNT(*) FROM tiktok_videos {where}", params)  # noqa: S608
    if antes_de is not None:
        where, params = f"{where} AND id < ?", [*params, antes_de]
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM tiktok_videos {where} ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608
        [*params, limite, pular],
    )
    return [view(_from_row(row)) for row in rows], int(total[0]) if total else 0


# ---------------------------------------------------------------- how it comes further


async def advance(
    tx: Tx, video_id: str, estado: EstadoVideo, *, motivo: str | None = None,
    post_id: str | None = None,
) -> bool:  # fmt: skip
    """Record how far a video is; False when that is no news."""
    row = await tx.fetch_one(
        f"SELECT {COLUNAS} FROM tiktok_videos WHERE id = ?{tx.lock()}",  # noqa: S608
        (video_id,),
    )
    before = None if row is None else _from_row(row)
    if before is None:
        return False
    if post_id is not None and before.post_id is None:
        await tx.execute("UPDATE tiktok_videos SET post_id = ? WHERE id = ?", (post_id, video_id))
    if not advances(before.estado, estado):
        return False
    await tx.execute(
        "UPDATE tiktok_videos SET estado = ?, motivo = ?, enviado_em = COALESCE(enviado_em, ?),"
        " atualizado_em = ? WHERE id = ?",
        (
            estado.value,
            motivo,
            None if estado in POR_ENVIAR else tx.now_ms,
            tx.now_ms,
            video_id,
        ),
    )
    if estado not in POR_ENVIAR:
        await forget(tx, inicio=before.segredo)
    tx.put(VideoMudou(video_id=video_id, sessao=before.sessao, estado=estado.value, motivo=motivo))
    return True


async def mark(tx: Tx, video: Video) -> int:
    """Put on record that a publication is about to be begun; return which one it is.

    Raises:
        Adiado: the account began as many in this minute as it may, or another worker began this
            one since it was read.
    """
    await tx.exclude({f"tiktok_videos:{video.sessao}"})
    row = await tx.fetch_one(
        "SELECT COUNT(*), MIN(iniciado_em) FROM tiktok_videos WHERE sessao = ? AND iniciado_em > ?",
        (video.sessao, tx.now_ms - MINUTE_MS),
    )
    if row is not None and row[0] >= PER_MINUTE:
        wait_s = max(row[1] + MINUTE_MS - tx.now_ms, 1000) / 1000
        raise Adiado("The account began as many videos as it may", retry_after_s=wait_s)
    marked = await tx.execute(
        "UPDATE tiktok_videos SET inicios = inicios + 1, iniciado_em = ?, incerto = ?,"
        " motivo = NULL WHERE id = ? AND inicios = ? AND publish_id IS NULL"
        " AND estado IN ('aceito', 'enviando')",
        (tx.now_ms, int(video.fonte == "endereco"), video.id, video.inicios),
    )
    if not marked:
        raise Adiado("Another worker began this video", retry_after_s=OUTRO_S)
    await advance(tx, video.id, EstadoVideo.ENVIANDO)
    return video.inicios + 1


async def begun(tx: Tx, video: Video, inicio: int, publish_id: str | None) -> bool:
    """Record what the platform answered to a mark; None: surely nothing was begun."""
    changed = await tx.execute(
        "UPDATE tiktok_videos SET publish_id = ?, incerto = 0, enviados = 0, atualizado_em = ?"
        " WHERE id = ? AND inicios = ? AND publish_id IS NULL",
        (publish_id, tx.now_ms, video.id, inicio),
    )
    if changed and publish_id is not None and video.fonte == "endereco":
        await advance(tx, video.id, EstadoVideo.PROCESSANDO)
    return bool(changed)


async def sent(tx: Tx, video: Video, enviados: int) -> None:
    """Record up to where the bytes of a publication are there."""
    await tx.execute(
        "UPDATE tiktok_videos SET enviados = ?, motivo = NULL, atualizado_em = ?"
        " WHERE id = ? AND publish_id = ?",
        (enviados, tx.now_ms, video.id, video.publish_id),
    )
    if video.postagem.corte is not None and enviados >= video.postagem.corte.tamanho:
        await advance(tx, video.id, EstadoVideo.PROCESSANDO)


async def begin_anew(tx: Tx, video: Video) -> None:
    """Leave a publication whose bytes nobody takes any more; another one is begun."""
    await tx.execute(
        "UPDATE tiktok_videos SET publish_id = NULL, enviados = 0 WHERE id = ? AND publish_id = ?"
        " AND estado = 'enviando'",
        (video.id, video.publish_id),
    )
    await forget(tx, inicio=video.segredo)


async def note(tx: Tx, video: Video, motivo: str) -> None:
    """Tell why a video waits."""
    await tx.execute("UPDATE tiktok_videos SET motivo = ? WHERE id = ?", (motivo, video.id))


async def observe(_ctx: Context, tx: Tx, evento: EventoDeCanal) -> bool:
    """Act on what the platform tells of a video; True when it is one of ours."""
    estado = RELATOS.get(evento.status or "")
    if evento.kind != "publish_status" or estado is None or evento.target_id is None:
        return False
    row = await tx.fetch_one(
        "SELECT id FROM tiktok_videos WHERE publish_id = ?", (evento.target_id,)
    )
    video_id = await _adopted(tx, evento) if row is None else row[0]
    if video_id is None:
        return False
    await advance(
        tx,
        video_id,
        estado,
        motivo=_word(evento.further, "reason") if estado is EstadoVideo.FALHOU else None,
        post_id=_word(evento.further, "post_id"),
    )
    return True


async def _adopted(tx: Tx, evento: EventoDeCanal) -> str | None:
    """Return the one video of which nobody knew whether it was begun: this tells that it was."""
    rows = await tx.fetch(
        "SELECT id FROM tiktok_videos WHERE incerto = 1 AND publish_id IS NULL"
        " AND iniciado_em >= ? AND (conta IS NULL OR conta = ?)",
        (tx.now_ms - INCERTO_MS, evento.account),
    )
    if len(rows) != 1:
        return None
    await tx.execute(
        "UPDATE tiktok_videos SET publish_id = ?, incerto = 0 WHERE id = ?",
        (evento.target_id, rows[0][0]),
    )
    return str(rows[0][0])


def _word(further: Mapping[str, Any], name: str) -> str | None:
    valor = further.get(name)
    return valor if isinstance(valor, str) else None


async def waiting(tx: Tx, ids: Sequence[str]) -> set[str]:
    """Return which of these videos still need their file."""
    found = [await find(tx, video_id) for video_id in ids]
    return {v.id for v in found if v is not None and v.estado in POR_ENVIAR}


# ---------------------------------------------------------------- the row


def _to_row(v: Video) -> tuple[Any, ...]:
    p = v.postagem
    kept = {
        "url": p.url,
        "titulo": p.titulo,
        "privacidade": p.privacidade,
        "sem_comentarios": p.sem_comentarios,
        "sem_dueto": p.sem_dueto,
        "sem_costura": p.sem_costura,
        "capa_ms": p.capa_ms,
        "conteudo_de_marca": p.conteudo_de_marca,
        "marca_propria": p.marca_propria,
        "pedaco": None if p.corte is None else p.corte.pedaco,
    }
    return (
        v.id, v.sessao, v.conta, v.fonte, "rascunho" if p.rascunho else "publicar",
        orjson.dumps(kept).decode(), v.mime, None if p.corte is None else p.corte.tamanho,
        v.duracao_s, v.estado.value, v.motivo, v.publish_id, v.post_id, v.enviados, v.inicios,
        int(v.incerto), v.iniciado_em, v.enviado_em, v.criado_em, v.atualizado_em,
    )  # fmt: skip


def _from_row(row: Row) -> Video:
    video_id, sessao, conta, fonte, modo, postagem, mime, tamanho, duracao_s, *rest = row
    estado, motivo, publish_id, post_id, enviados, inicios, incerto, *times = rest
    kept = orjson.loads(postagem)
    pedaco, privacidade = kept.pop("pedaco"), kept.pop("privacidade")
    return Video(
        video_id,
        sessao,
        cast("Fonte", fonte),
        Postagem(
            **kept,
            rascunho=modo == "rascunho",
            privacidade=None if privacidade is None else Privacidade(privacidade),
            # As it was cut when it was accepted, whatever a newer version would do.
            corte=None if tamanho is None else cut(tamanho, pedaco=pedaco),
        ),
        conta,
        mime,
        duracao_s,
        EstadoVideo(estado),
        motivo,
        publish_id,
        post_id,
        enviados,
        inicios,
        bool(incerto),
        *times,
    )
