"""Publishing: requests as documented, bytes to TikTok's own hosts alone, verdicts of pieces."""

import json
from typing import Any

import httpx2
import pytest

from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.connectors.tiktok.videos import TiktokVideos, classify_upload, init
from ponte.domain.video import Corte, EstadoVideo, Postagem, Privacidade, advances, cut
from ponte.ports import Deps, Trecho
from ponte.resilience.classes import Classe, OutsideError
from ponte.resilience.exchange import Answer
from ponte.resilience.http import Http
from tests.connectors.lent import HERE, NOW_MS, Tokens

FIXTURES = HERE / "tiktok" / "fixtures"
MB = 1_000_000
POST = Postagem(titulo="Chegou!", privacidade=Privacidade.SO_EU)


class Chave:
    """A token that nobody renews."""

    async def get(self, *, refused: str | None = None) -> str:
        del refused
        return "act.fake"


class Far:
    """TikTok as far as its answer goes, and what it heard."""

    def __init__(self, status: int, answer: Any) -> None:
        self.status, self.answer = status, answer
        self.heard: list[httpx2.Request] = []
        http = Http("tiktok_videos", transport=httpx2.MockTransport(self._hear))
        deps = Deps(http=lambda _name: http, tokens=Tokens(), now_ms=lambda: NOW_MS)
        self.door = TiktokVideos(TiktokSettings(), deps)

    def _hear(self, request: httpx2.Request) -> httpx2.Response:
        self.heard.append(request)
        return httpx2.Response(self.status, json=self.answer)


def body(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def test_a_file_is_begun_as_documented() -> None:
    postagem = Postagem(
        titulo="Chegou! #tenis",
        privacidade=Privacidade.SO_EU,
        sem_costura=True,
        capa_ms=1000,
        corte=cut(50_000_123, pedaco=10 * MB),
    )

    assert init(postagem) == body("request_video_init_file.json")


def test_an_address_is_begun_as_documented() -> None:
    given = body("request_video_init_url.json")

    built = init(Postagem(**{**_fields(POST), "url": given["source_info"]["video_url"]}))

    assert built["source_info"] == given["source_info"]
    assert built["post_info"].items() >= given["post_info"].items()


def _fields(postagem: Postagem) -> dict[str, Any]:
    return {"titulo": postagem.titulo, "privacidade": postagem.privacidade}


def test_the_last_piece_takes_what_is_left_over() -> None:
    corte = cut(50_000_123, pedaco=10 * MB)

    pieces = [corte.trecho(n * 10 * MB) for n in range(5)]

    assert corte == Corte(50_000_123, 10 * MB, 5)
    assert pieces[0] == (0, 10 * MB)
    assert pieces[4] == (40 * MB, 50_000_123)
    assert corte.trecho(50_000_000) == pieces[4]


@pytest.mark.parametrize("tamanho", [1, 4 * MB, 5_242_880, 10_485_759, 10_485_760, 64 * MB,
                                     4 * 1024**3])  # fmt: skip
def test_every_size_is_cut_into_pieces_that_tiktok_takes(tamanho: int) -> None:
    corte = cut(tamanho)

    pieces, at = [], 0
    while at < tamanho:
        first, at = corte.trecho(at)
        pieces.append(at - first)

    assert (sum(pieces), len(pieces)) == (tamanho, corte.quantos)
    assert corte.quantos == (tamanho // corte.pedaco or 1)
    assert len(pieces) == 1 or min(pieces) >= 5_242_880
    assert max(pieces) <= 64 * MB
    assert corte.quantos <= 1000


def test_a_state_never_goes_back_and_a_failure_may_turn_out_published() -> None:
    assert not advances(EstadoVideo.PUBLICADO, EstadoVideo.FALHOU)
    assert not advances(EstadoVideo.NA_CAIXA, EstadoVideo.PROCESSANDO)
    assert not advances(EstadoVideo.FALHOU, EstadoVideo.FALHOU)
    assert advances(EstadoVideo.FALHOU, EstadoVideo.PUBLICADO)


@pytest.mark.parametrize(
    "url",
    [
        "http://open-upload.tiktokapis.com/v", "https://tiktokapis.com.evil.example/v",
        "https://open-upload.tiktokapis.com:8443/v", "https://a:b@open-upload.tiktokapis.com/v",
        "https://eviltiktokapis.com/v", "https://127.0.0.1/v",
        "https://x.tiktokapis.com/" + "a" * 2000, "https://x.tiktokapis.com:99999/v", "",
    ],
)  # fmt: skip
async def test_bytes_go_to_no_other_host_than_tiktoks(url: str) -> None:
    given = {"data": {"publish_id": "v1", "upload_url": url}, "error": {"code": "ok"}}
    far = Far(200, given)

    with pytest.raises(OutsideError) as caught:
        await far.door.begin(Chave(), Postagem(corte=cut(10), privacidade=Privacidade.SO_EU))

    # Where there is no address at all, nobody knows what was begun.
    assert caught.value.classe is (Classe.INVALID_REQUEST if url else Classe.RETRY)
    assert len(far.heard) == 1
    assert not url or url not in str(caught.value)


async def test_a_recorded_beginning_is_read_and_its_piece_names_its_range_and_no_token() -> None:
    far = Far(200, body("response_video_init.json")["body"])

    inicio = await far.door.begin(Chave(), Postagem(corte=cut(10)))
    far.answer = {}
    await far.door.put(inicio.envio_url or "", Trecho(b"0123456789", 40, 50, "video/mp4"))

    begin, piece = far.heard
    assert begin.headers["authorization"] == "Bearer act.fake"
    assert (piece.method, piece.headers["content-range"]) == ("PUT", "bytes 40-49/50")
    assert (piece.headers["content-type"], piece.headers["content-length"]) == ("video/mp4", "10")
    assert "authorization" not in piece.headers
    assert "upload_token" not in repr(inicio)


@pytest.mark.parametrize(
    ("status", "texto", "classe"),
    [
        (206, b"", Classe.OK), (201, b"", Classe.OK), (200, b"", Classe.OK),
        (200, b" <html>", Classe.RETRY), (403, b"", Classe.GONE), (401, b"", Classe.GONE),
        (404, b"", Classe.GONE), (416, b"", Classe.INVALID_REQUEST),
        (302, b"", Classe.INVALID_REQUEST),
        (500, b"", Classe.RETRY), (429, b"", Classe.RATE_LIMITED),
    ],
)  # fmt: skip
def test_an_answer_to_a_piece_has_its_class(status: int, texto: bytes, classe: Classe) -> None:
    assert classify_upload(Answer(status, body=texto)).classe is classe
