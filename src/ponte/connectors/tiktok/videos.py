"""Videos: publishing on TikTok, from a file in pieces or from an address of the shop's own.

Both are begun by one call; then a file's bytes go to an address that this call gave, which
needs no token and must get none. `error.code` decides, also in an HTTP 200.
Source: https://developers.tiktok.com/doc/content-posting-api-get-started and
https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ponte.connectors.tiktok.classify import DAILY, classify, code, refuses_token
from ponte.connectors.tiktok.settings import BASE_URL, TiktokSettings
from ponte.domain.leitura import Objeto, inteiro, lista, objeto, texto
from ponte.domain.notificacao import clean
from ponte.domain.video import EstadoVideo, Postagem, Privacidade
from ponte.ports import Andamento, Chave, Criador, Deps, Inicio, Trecho
from ponte.resilience.classes import OK, Classe, OutsideError, Verdict, by_status
from ponte.resilience.exchange import Answer, Request

DESTINO = "tiktok_videos"
PUT_TIMEOUT_S = 50.0  # chosen: shorter than what a step may take; 10 MiB at 1.7 Mbit/s
MAX_UPLOAD_URL = 1024  # documented: 256; a bound, should that change
# Contract: https, and the only hosts that bytes may go to.
_UPLOAD = re.compile(
    r"https://(?:[a-z0-9-]+\.)+tiktokapis\.com(?::443)?/[\x21-\x7e]*\Z", re.IGNORECASE
)
TIPOS = ("video/mp4", "video/quicktime", "video/webm")  # documented
PRIVACIDADES = {
    Privacidade.PUBLICO: "PUBLIC_TO_EVERYONE",
    Privacidade.AMIGOS: "MUTUAL_FOLLOW_FRIENDS",
    Privacidade.SEGUIDORES: "FOLLOWER_OF_CREATOR",
    Privacidade.SO_EU: "SELF_ONLY",
}
_PRIVACIDADE = {word: privacidade for privacidade, word in PRIVACIDADES.items()}
_ESTADOS = {
    "PROCESSING_UPLOAD": EstadoVideo.PROCESSANDO,
    "PROCESSING_DOWNLOAD": EstadoVideo.PROCESSANDO,
    "SEND_TO_USER_INBOX": EstadoVideo.NA_CAIXA,
    "PUBLISH_COMPLETE": EstadoVideo.PUBLICADO,
    "FAILED": EstadoVideo.FALHOU,
}


class TiktokVideos:
    """Publish videos by the app of the developer portal."""

    def __init__(self, settings: TiktokSettings, deps: Deps) -> None:
        self._settings = settings
        self._http = deps.http(DESTINO)

    async def creator(self, chave: Chave) -> Criador:
        """Ask what the account may do just now."""
        data = await self._call(chave, "creator_info/query", {}, operation="creator_info")
        options = (texto(word) for word in lista(data.get("privacy_level_options")))
        return Criador(
            privacidades=[_PRIVACIDADE[word] for word in options if word in _PRIVACIDADE],
            max_s=inteiro(data.get("max_video_post_duration_sec")),
            sem_comentarios=data.get("comment_disabled") is True,
            sem_dueto=data.get("duet_disabled") is True,
            sem_costura=data.get("stitch_disabled") is True,
        )

    async def begin(self, chave: Chave, postagem: Postagem) -> Inicio:
        """Begin a publication."""
        path = "inbox/video/init" if postagem.rascunho else "video/init"
        data = await self._call(chave, path, init(postagem), operation="video_init")
        publish_id, url = texto(data.get("publish_id")), texto(data.get("upload_url"))
        if publish_id is None or (postagem.corte is not None and url is None):
            # It may have been begun all the same.
            raise _error(Verdict(Classe.RETRY, "answer_without_publish_id", unknown_outcome=True))
        if url is not None and not self._may_upload_to(url):
            raise _error(Verdict(Classe.INVALID_REQUEST, "upload_address_refused"))
        return Inicio(publish_id, url if postagem.corte is not None else None)

    async def put(self, envio_url: str, trecho: Trecho) -> None:
        """Send one piece."""
        last = trecho.primeiro + len(trecho.dados) - 1
        request = Request(
            "PUT",
            envio_url,
            content=trecho.dados,
            headers={
                "Content-Type": trecho.mime,
                "Content-Range": f"bytes {trecho.primeiro}-{last}/{trecho.total}",
            },
            timeout_s=PUT_TIMEOUT_S,
            operation="video_upload",
        )
        await self._http.send(request, classify_upload)

    async def status(self, chave: Chave, publish_id: str) -> Andamento:
        """Ask how far a publication is."""
        data = await self._call(
            chave, "status/fetch", {"publish_id": publish_id}, operation="video_status"
        )
        said = texto(data.get("status")) or ""
        # The spelling is TikTok's; ids may be numbers or text, and a private post has none.
        posts = [texto(x) for x in lista(data.get("publicaly_available_post_id"))]
        received = inteiro(data.get("uploaded_bytes"))
        return Andamento(
            # A word that is new here is no end.
            _ESTADOS.get(said, EstadoVideo.PROCESSANDO),
            motivo=texto(data.get("fail_reason")),
            post_id=next((post for post in posts if post), None),
            recebidos=received,
        )

    async def _call(
        self, chave: Chave, path: str, body: Mapping[str, Any], *, operation: str
    ) -> Objeto:
        """Make one call; a refused token gets one new token and one repetition."""

        def request(token: str) -> Request:
            return Request(
                "POST",
                f"{self._settings.base_url}/v2/post/publish/{path}/",
                json=dict(body),
                headers={
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json; charset=UTF-8",
                },
                operation=operation,
            )

        token = await chave.get()
        answer = await self._http.send(request(token), _or(refuses_token, _quietly))
        if refuses_token(answer):
            token = await chave.get(refused=token)
            answer = await self._http.send(request(token), _quietly)
        if code(answer) in DAILY:
            # One account has had its share; the others' calls go on.
            raise _error(classify(answer))
        return objeto(objeto(answer.json()).get("data"))

    def _may_upload_to(self, url: str) -> bool:
        if len(url) > MAX_UPLOAD_URL:
            return False
        own = self._settings.base_url
        stand_in = own != BASE_URL and url.startswith(f"{own}/")
        return stand_in or _UPLOAD.match(url) is not None


def init(postagem: Postagem) -> dict[str, Any]:
    """Return the body that begins a publication; pure."""
    body: dict[str, Any] = {"source_info": _source(postagem)}
    if postagem.rascunho:
        return body
    privacidade = postagem.privacidade or Privacidade.SO_EU
    info: dict[str, Any] = {
        "title": clean(postagem.titulo),
        "privacy_level": PRIVACIDADES[privacidade],
        "disable_duet": postagem.sem_dueto,
        "disable_comment": postagem.sem_comentarios,
        "disable_stitch": postagem.sem_costura,
    }
    if postagem.capa_ms is not None:
        info["video_cover_timestamp_ms"] = postagem.capa_ms
    if postagem.conteudo_de_marca:
        info["brand_content_toggle"] = True
    if postagem.marca_propria:
        info["brand_organic_toggle"] = True
    return {"post_info": info, **body}


def _source(postagem: Postagem) -> dict[str, Any]:
    corte = postagem.corte
    if corte is None:
        return {"source": "PULL_FROM_URL", "video_url": postagem.url}
    return {
        "source": "FILE_UPLOAD",
        "video_size": corte.tamanho,
        "chunk_size": corte.pedaco,
        "total_chunk_count": corte.quantos,
    }


def classify_upload(answer: Answer) -> Verdict:
    """Return the verdict of a piece: 206 and there is more to come, 201 and it was the last.

    The address needs no token, so that a refusal says nothing of one.
    """
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    if verdict is OK and answer.body.lstrip()[:1] == b"<":
        return Verdict(Classe.RETRY, "a page in place of an answer", unknown_outcome=True)
    if verdict.classe is Classe.AUTH:
        return Verdict(Classe.GONE, verdict.detail)
    return verdict


def _quietly(answer: Answer) -> Verdict:
    if code(answer) in DAILY and answer.status < 500:
        return OK
    verdict = classify(answer)
    if code(answer) is None and verdict.classe is Classe.RETRY:
        # A proxy's word and not TikTok's, which may have acted.
        return replace(verdict, unknown_outcome=True)
    return verdict


def _or(passes: Callable[[Answer], bool], judge: Callable[[Answer], Verdict]) -> Any:
    return lambda answer: OK if passes(answer) else judge(answer)


def _error(verdict: Verdict) -> OutsideError:
    return OutsideError(DESTINO, verdict=verdict)
