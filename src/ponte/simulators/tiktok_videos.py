"""TikTok's Content Posting API, as a part of its stand-in: accounts that take videos.

It holds a caller to what TikTok documents: sizes and order of pieces, their ranges, no
token on an upload, a verified domain to pull from, an audited app, six posts a minute. What
it took stays in `publicacoes`, bytes by their digest, so that a test sees what came twice.
Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

POST = "/v2/post/publish"
MB = 1_000_000
MIN_PIECE, MAX_PIECE, MAX_LAST = 5 * MB, 64 * 1024 * 1024, 128 * 1024 * 1024  # documented
PER_MINUTE = 6  # documented
MAX_TITLE = 2200  # documented, in UTF-16 units
UPLOAD_S = 3600  # documented: an address takes bytes for an hour
TIPOS = ("video/mp4", "video/quicktime", "video/webm")
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)\Z")

Answering = Callable[[Request], Awaitable[Response]]
Faulty = Callable[[str, Callable[[], Awaitable[Response]]], Awaitable[Response]]
Tell = Callable[[str, Mapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Publicacao:
    """One publication: what was asked for, what came of it, and how it stands."""

    id: str
    pedido: dict[str, Any]
    rascunho: bool
    begun_s: float
    status: str = "PROCESSING_UPLOAD"
    fail_reason: str | None = None
    post_id: str | None = None
    recebidos: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    @property
    def source(self) -> dict[str, Any]:
        """How its bytes come."""
        found: dict[str, Any] = self.pedido["source_info"]
        return found

    @property
    def tamanho(self) -> int:
        """How many bytes are to come; 0 where it is pulled."""
        return int(self.source.get("video_size", 0))


class VideosDoTiktok:
    """The accounts' videos.

    Args:
        now: Epoch seconds.
        faulty: Lets a call through, or misbehaves.
        tell: Posts a webhook.
    """

    def __init__(self, now: Callable[[], float], *, faulty: Faulty, tell: Tell) -> None:
        self.publicacoes: dict[str, Publicacao] = {}
        self.access, self.until_s = "act.VIDEOS0", float("inf")
        self.opcoes = ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
        self.max_s = 600
        self.auditado = True
        self.dominios: tuple[str, ...] = ("https://media.loja.example/",)
        self.sem_fim = False  # moderation never ends
        self.reprova: str | None = None  # why moderation turns everything down
        self.cheio = False  # the account had its posts of the day
        self.corta: set[int] = set()  # first bytes of pieces whose answer is lost, once each
        self.olhadas = 1  # how often the status says that it is not done yet
        self._asked: dict[str, int] = {}
        self._now = now
        self._faulty = faulty
        self._tell = tell
        self._begins: list[float] = []

    def routes(self) -> Sequence[Route]:
        """Return the routes."""
        return (
            self._route(f"{POST}/creator_info/query/", "creator", self._creator),
            self._route(f"{POST}/video/init/", "video_init", self._init),
            self._route(f"{POST}/inbox/video/init/", "video_init", self._inbox),
            self._route(f"{POST}/status/fetch/", "video_status", self._status),
            self._route("/_upload/{publish_id}", "video_upload", self._upload, method="PUT"),
        )

    def done(self) -> list[Publicacao]:
        """Return what was published, or lies in the inbox."""
        ends = ("PUBLISH_COMPLETE", "SEND_TO_USER_INBOX")
        return [p for p in self.publicacoes.values() if p.status in ends]

    async def finish(self, publish_id: str, *, tell: bool = True) -> None:
        """End what is being processed, as moderation decides, and tell of it."""
        found = self.publicacoes[publish_id]
        content: dict[str, Any] = {
            "publish_id": publish_id,
            "publish_type": "INBOX_SHARE" if found.rascunho else "DIRECT_PUBLISH",
        }
        if self.reprova is not None:
            found.status, found.fail_reason = "FAILED", self.reprova
            event, content = "post.publish.failed", {**content, "reason": self.reprova}
        elif found.rascunho:
            found.status, event = "SEND_TO_USER_INBOX", "post.publish.inbox_delivered"
        else:
            found.status, event = "PUBLISH_COMPLETE", "post.publish.complete"
            found.post_id = str(7_600_000_000_000_000_000 + len(self.publicacoes))
        if tell:
            await self._tell(event, content)

    async def report(self, publish_id: str, event: str, **further: str) -> None:
        """Tell something of a video, in whatever order a test likes."""
        await self._tell(event, {"publish_id": publish_id, **further})

    def _route(self, path: str, name: str, func: Answering, *, method: str = "POST") -> Route:
        async def call(request: Request) -> Response:
            return await self._faulty(name, lambda: func(request))

        return Route(path, call, methods=[method])

    # ------------------------------------------------------------ the API

    def _refusal(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "")
        if given != f"Bearer {self.access}" or self._now() >= self.until_s:
            return failed("access_token_invalid", 401)
        return None

    async def _creator(self, request: Request) -> Response:
        refused = self._refusal(request)
        if refused is not None:
            return refused
        return ok(
            creator_username="loja",
            privacy_level_options=self.opcoes,
            comment_disabled=False,
            duet_disabled=False,
            stitch_disabled=True,
            max_video_post_duration_sec=self.max_s,
        )

    async def _init(self, request: Request) -> Response:
        return await self._begin(request, rascunho=False)

    async def _inbox(self, request: Request) -> Response:
        return await self._begin(request, rascunho=True)

    async def _begin(self, request: Request, *, rascunho: bool) -> Response:
        body = json.loads(await request.body())
        refused = self._refusal(request) or self._wrong(body, rascunho=rascunho)
        if refused is not None:
            return refused
        now = self._now()
        self._begins = [*(t for t in self._begins if t > now - 60), now]
        publish_id = f"v_pub~v2.{len(self.publicacoes) + 1:019d}"
        found = Publicacao(publish_id, body, rascunho, now)
        self.publicacoes[publish_id] = found
        if found.source["source"] == "PULL_FROM_URL":
            found.status = "PROCESSING_DOWNLOAD"
            return ok(publish_id=publish_id)
        here = f"{request.url.scheme}://{request.url.netloc}/_upload/{publish_id}?upload_token=x"
        return ok(publish_id=publish_id, upload_url=here)

    def _wrong(self, body: Mapping[str, Any], *, rascunho: bool) -> Response | None:
        """Refuse what TikTok would."""
        info, source = body.get("post_info") or {}, body.get("source_info") or {}
        level, pulls = info.get("privacy_level"), source.get("source") == "PULL_FROM_URL"
        known = str(source.get("video_url", "")).startswith(self.dominios)
        long = len(str(info.get("title", "")).encode("utf-16-le")) > 2 * MAX_TITLE
        crowd = len([t for t in self._begins if t > self._now() - 60]) >= PER_MINUTE
        unaudited = not self.auditado and level != "SELF_ONLY"
        rules = (
            (self.cheio, "spam_risk_too_many_posts", 200),
            (crowd, "rate_limit_exceeded", 429),
            (rascunho is bool(info) or long, "invalid_params", 400),
            (not rascunho and level not in self.opcoes, "privacy_level_option_mismatch", 400),
            (not rascunho and unaudited, "unaudited_client_can_only_post_to_private_accounts", 403),
            (pulls and not known, "url_ownership_unverified", 403),
            (not pulls and not _is_cut_well(source), "invalid_params", 400),
        )
        return next((failed(code, status) for broken, code, status in rules if broken), None)

    async def _status(self, request: Request) -> Response:
        refused = self._refusal(request)
        if refused is not None:
            return refused
        publish_id = json.loads(await request.body()).get("publish_id", "")
        found = self.publicacoes.get(publish_id)
        if found is None:
            return failed("invalid_publish_id", 400)
        whole = found.status == "PROCESSING_DOWNLOAD" or found.recebidos == found.tamanho
        asked = self._asked[publish_id] = self._asked.get(publish_id, 0) + whole
        moderated = whole and asked > self.olhadas and not self.sem_fim
        if moderated and found.status.startswith("PROCESSING"):
            await self.finish(publish_id, tell=False)
        data: dict[str, Any] = {"status": found.status, "uploaded_bytes": found.recebidos}
        if found.fail_reason is not None:
            data["fail_reason"] = found.fail_reason
        if found.post_id is not None:
            data["publicaly_available_post_id"] = [int(found.post_id)]
        return ok(**data)

    # ------------------------------------------------------------ the bytes

    async def _upload(self, request: Request) -> Response:
        found = self.publicacoes.get(request.path_params["publish_id"])
        piece = await request.body()
        late = found is not None and self._now() - found.begun_s > UPLOAD_S
        if found is None or late or "authorization" in request.headers:
            return Response(status_code=403)
        given = _RANGE.match(request.headers.get("content-range", ""))
        if given is None or request.headers.get("content-type") not in TIPOS:
            return Response(status_code=400)
        first, last, total = map(int, given.groups())
        known = last < found.recebidos  # a piece that was here; once more is harmless
        whole = total == found.tamanho and last - first + 1 == len(piece)
        if not whole or not _fits(found, first, last) or not (known or first == found.recebidos):
            return Response(status_code=416)
        if not known:
            found.digest.update(piece)
            found.recebidos = last + 1
        if first in self.corta:
            self.corta.discard(first)
            return Response(status_code=502)  # taken, and the answer lost behind a proxy
        return Response(status_code=201 if found.recebidos == total else 206)


def _is_cut_well(source: Mapping[str, Any]) -> bool:
    size, piece, count = (
        source.get(name) for name in ("video_size", "chunk_size", "total_chunk_count")
    )
    if not (isinstance(size, int) and isinstance(piece, int) and isinstance(count, int)):
        return False
    if count == 1:
        return 0 < size == piece <= MAX_PIECE
    last = size - piece * (count - 1)
    fits = MIN_PIECE <= piece <= MAX_PIECE and last <= MAX_LAST
    return 1 < count <= 1000 and count == size // piece and fits


def _fits(found: Publicacao, first: int, last: int) -> bool:
    piece, count = found.source["chunk_size"], found.source["total_chunk_count"]
    number = first // piece
    if first % piece or number >= count:
        return False
    end = found.tamanho if number == count - 1 else first + int(piece)
    return last + 1 == end


def ok(**data: Any) -> Response:
    """Answer as the Content Posting API does when it is content."""
    return JSONResponse({"data": data, "error": {"code": "ok", "message": "", "log_id": "SIM"}})


def failed(code: str, status: int, *, headers: Mapping[str, str] | None = None) -> Response:
    """Answer as it does when it is not."""
    error = {"code": code, "message": code, "log_id": "SIM"}
    return JSONResponse({"data": {}, "error": error}, status, headers=headers)
