"""Vídeos over HTTP: SPEC §7. A file comes as the body itself, an address in JSON."""

from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ponte.canais import arquivos, videos
from ponte.canais.routes_tiktok import Nome
from ponte.canais.videos import Video
from ponte.context import Context
from ponte.deps import Ctx, Quem, idempotent, idempotent_by, json_body, json_response, require
from ponte.domain.notificacao import units
from ponte.domain.valores import new_id
from ponte.domain.video import MAX_TITULO, Postagem, Privacidade, cut
from ponte.errors import DadosInvalidos, Problema
from ponte.listas import Pagina, Paginacao, id_after, listing
from ponte.listas import cut as cut_page
from ponte.resilience import destino
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["vídeos"])
LER, ESCREVER = "canais:ler", "canais:escrever"
ONDE = "/hub/tiktok/videos"
MAX_S = 24 * 3600  # chosen: TikTok takes an hour at most, and says how much an account may
MAX_CAPA_MS = MAX_S * 1000
Estado = Literal[
    "aceito", "enviando", "processando", "na_caixa", "falhou", "publicado", "publico", "removido"
]
_PROBLEMA = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problema"}}}
_RECUSAS: dict[int | str, dict[str, Any]] = {
    400: {"description": "Not the JSON that Ponte accepts", "content": _PROBLEMA},
    415: {"description": "Neither JSON nor a video that TikTok takes", "content": _PROBLEMA},
}


class PostagemIn(BaseModel):
    """How a video is published; of a draft nothing of it, since a person chooses there."""

    model_config = ConfigDict(extra="forbid")

    sessao: Annotated[
        Nome | None, Field(description="Which account; the only session for videos by default")
    ] = None
    modo: Literal["publicar", "rascunho"] = "publicar"
    titulo: Annotated[
        str, Field(max_length=MAX_TITULO, description="In UTF-16 units; hashtags count")
    ] = ""
    privacidade: Annotated[
        Literal["publico", "amigos", "seguidores", "so_eu"] | None,
        Field(description="Needed unless it is a draft; the account must offer it"),
    ] = None
    sem_comentarios: bool = False
    sem_dueto: bool = False
    sem_costura: bool = False
    capa_ms: Annotated[int | None, Field(ge=0, le=MAX_CAPA_MS)] = None
    conteudo_de_marca: bool = False
    marca_propria: bool = False
    duracao_s: Annotated[
        int | None, Field(ge=1, le=MAX_S, description="Checked against what the account may")
    ] = None

    def check(self) -> None:
        """Refuse what would be refused later; raises `DadosInvalidos`."""
        if self.modo == "rascunho":
            chosen = self.model_fields_set - {"sessao", "modo", "duracao_s", "url"}
            wrong = [Problema(campo, "a draft takes none") for campo in sorted(chosen)]
        elif self.privacidade is None:
            wrong = [Problema("privacidade", "required")]
        else:
            wrong = []
        if units(self.titulo) > MAX_TITULO:
            wrong.append(Problema("titulo", f"at most {MAX_TITULO} UTF-16 units"))
        if wrong:
            raise DadosInvalidos(*wrong)

    def to_postagem(self) -> Postagem:
        """Translate into the noun."""
        return Postagem(
            rascunho=self.modo == "rascunho",
            titulo=self.titulo,
            privacidade=None if self.privacidade is None else Privacidade(self.privacidade),
            sem_comentarios=self.sem_comentarios,
            sem_dueto=self.sem_dueto,
            sem_costura=self.sem_costura,
            capa_ms=self.capa_ms,
            conteudo_de_marca=self.conteudo_de_marca,
            marca_propria=self.marca_propria,
        )


class VideoDeEndereco(PostagemIn):
    """A video that TikTok fetches itself, from a domain that is verified there."""

    url: Annotated[str, Field(max_length=destino.MAX_URL, description="https, no redirect")]


class VideoNaLista(BaseModel):
    """One video as it stands; `explicacao` says in Portuguese what `motivo` means."""

    model_config = ConfigDict(extra="forbid")

    id: str
    sessao: str
    conta: str | None
    modo: Literal["publicar", "rascunho"]
    fonte: Literal["arquivo", "endereco"]
    url: str | None
    titulo: str
    privacidade: Literal["publico", "amigos", "seguidores", "so_eu"] | None
    tipo: Literal["video/mp4", "video/quicktime", "video/webm"] | None
    tamanho: int | None
    duracao_s: int | None
    estado: Estado
    motivo: str | None
    explicacao: str | None
    enviados: int
    publish_id: str | None
    post_id: str | None
    criado_em: str
    atualizado_em: str


class ListaDeVideos(BaseModel):
    """A page of videos, newest first."""

    model_config = ConfigDict(extra="forbid")

    itens: list[VideoNaLista]
    total: int
    proximo: str | None


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": VideoDeEndereco.model_json_schema(
                    ref_template="#/components/schemas/{model}"
                )
            },
            **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in arquivos.TIPOS},
        },
    }
}
_DE_ENDERECO: TypeAdapter[VideoDeEndereco] = TypeAdapter(VideoDeEndereco)


@router.post(
    ONDE,
    status_code=202,
    response_model=VideoNaLista,
    dependencies=[require(ESCREVER)],
    responses=_RECUSAS,
    openapi_extra=_BODY,
)
async def publish(
    request: Request, ctx: Ctx, quem: Quem, campos: Annotated[PostagemIn, Query()]
) -> Any:
    """Take a video to publish, or to put into the account's inbox (`rascunho`).

    A file is the body itself, its kind in `Content-Type`, and all else in the query; an
    address comes as JSON, with nothing in the query.
    """
    kind = request.headers.get("content-type", "application/json")
    if kind.lower().startswith("video/"):
        campos.check()
        return await _from_file(request, ctx, campos, quem.id)
    corpo = await json_body(request, _DE_ENDERECO)
    if campos.model_fields_set:
        raise DadosInvalidos(Problema(min(campos.model_fields_set), "in the body, beside url"))
    corpo.check()
    why = destino.broken(corpo.url)
    if why is not None:
        raise DadosInvalidos(Problema("url", why))
    postagem = replace(corpo.to_postagem(), url=corpo.url)
    novo = Video(new_id(), corpo.sessao or "", "endereco", postagem, duracao_s=corpo.duracao_s)
    return await idempotent(request, _accept, novo, quem.id)


async def _from_file(request: Request, ctx: Context, campos: PostagemIn, autor: str) -> Any:
    mime = arquivos.mime_of(request.headers["content-type"])
    video_id = new_id()
    length = request.headers.get("content-length", "")
    received = await arquivos.receive(
        ctx,
        video_id,
        request.stream(),
        mime=mime,
        anunciado=int(length) if length.isdigit() else 0,
    )
    postagem = replace(campos.to_postagem(), corte=cut(received.tamanho))
    novo = Video(
        video_id,
        campos.sessao or "",
        "arquivo",
        postagem,
        mime=mime,
        duracao_s=campos.duracao_s,
    )
    stands_for = f"{mime} {received.tamanho} {received.digest}".encode()
    try:
        return await idempotent_by(request, stands_for, _accept, novo, autor)
    finally:
        if await ctx.db.read(videos.find, video_id) is None:  # refused, or a repetition
            await arquivos.drop(ctx, video_id)


@router.get(ONDE, response_model=ListaDeVideos, dependencies=[require(LER)])
async def list_videos(
    ctx: Ctx, pagina: Paginacao, estado: Annotated[Estado | None, Query()] = None
) -> Any:
    """List the videos, newest first."""
    read, total = await ctx.db.read(_list, estado, pagina)
    itens, proximo = cut_page(read, pagina.limite, lambda video: [video["id"]])
    return json_response(listing(itens, total=total, proximo=proximo))


@router.get(ONDE + "/{video_id}", response_model=VideoNaLista, dependencies=[require(LER)])
async def get_video(ctx: Ctx, video_id: str) -> Any:
    """Tell how far a video is."""
    return json_response(videos.view(await ctx.db.read(videos.get, video_id)))


async def _accept(tx: Tx, novo: Video, autor: str) -> Resposta:
    video = await videos.accept(tx, novo, autor=autor)
    return Resposta(202, orjson.dumps(videos.view(video)), local=f"{ONDE}/{video.id}")


async def _list(tx: Tx, estado: str | None, pagina: Pagina) -> tuple[list[dict[str, Any]], int]:
    return await videos.list_all(
        tx,
        estado,
        pular=pagina.pular,
        limite=pagina.limite + 1,
        antes_de=id_after(pagina),
    )
