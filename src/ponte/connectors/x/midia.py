"""Midia: a medium that lies at an address is fetched, judged and uploaded to X.

A picture goes whole; a GIF or a video in segments, and X looks at it before it is ready.
What is not X's own is fetched through `destino`, which leads nowhere inside. What people
send lies at X's hosts, and the token goes to no other.
Source: https://docs.x.com/x-api/media/quickstart/media-upload-chunked
"""

from collections.abc import Awaitable, Callable, Sequence

from ponte.connectors.x import build
from ponte.connectors.x.build import Meio
from ponte.connectors.x.classify import classify_bare
from ponte.connectors.x.conta import Conta
from ponte.connectors.x.limites import MAX_BYTES, MIDIA
from ponte.domain.leitura import Objeto, inteiro, objeto, texto
from ponte.resilience import anexos, destino
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer, Request

Sleep = Callable[[float], Awaitable[object]]
LOOKS = 12  # chosen: with X's own waits of 5 s about a minute
LONGEST_S = 10.0  # chosen: between two looks, whatever X asks for
_HOSTS = ("twimg.com", "twitter.com", "x.com")


async def fetch(url: str, *, redes: Sequence[destino.Rede]) -> Meio:
    """Return what lies at an address that a caller gave.

    Raises:
        OutsideError: it is not there, or X would not take it.
    """
    try:
        answer = await destino.fetch(url, max_bytes=MAX_BYTES, redes=redes)
    except OutsideError as error:
        if error.temporary:
            raise
        # Whoever refuses there says nothing of X: its canal must not stop for it.
        raise _refused(f"the medium: {error.verdict.detail}") from error
    mime = anexos.mime(answer)
    categoria, most = MIDIA.get(mime, ("", 0))
    if not categoria:
        raise _refused(f"X takes no {mime or 'file of unknown kind'}")
    if not 0 < len(answer.body) <= most:
        raise _refused(f"{mime} of 1 to {most} bytes expected")
    return Meio(answer.body, mime, categoria)


async def put(conta: Conta, meio: Meio, *, sleep: Sleep) -> str:
    """Upload a medium and return its id, which goes into one message within a day.

    Raises:
        OutsideError: X did not take it, or still looks at it.
    """
    settings = conta.settings
    if meio.categoria == "dm_image":
        answer = await conta.call(lambda token: build.upload(settings, meio, token=token))
        return _id(answer)
    answer = await conta.call(lambda token: build.initialize(settings, meio, token=token))
    media_id = _id(answer)
    for segmento, at in enumerate(range(0, len(meio.corpo), build.SEGMENT)):
        corpo = meio.corpo[at : at + build.SEGMENT]
        await conta.call(_appended(conta, media_id, segmento, corpo), judge=classify_bare)
    answer = await conta.call(lambda token: build.finalize(settings, media_id, token=token))
    await _until_ready(conta, media_id, answer, sleep=sleep)
    return media_id


async def download(conta: Conta, url: str | None) -> tuple[bytes, str]:
    """Return the bytes of a medium that somebody sent, and their type.

    Raises:
        OutsideError: it does not lie at X, or is not there (any more).
    """
    if url is None or not is_xs(url, conta.settings.base_url):
        raise OutsideError(conta.http.name, verdict=Verdict(Classe.GONE, "no address of X's"))
    answer = await conta.call(
        lambda token: Request(
            "GET",
            url,
            headers=build.bearer(token),
            operation="download",
            reply_bytes=MAX_BYTES,
        ),
        judge=anexos.classify,
    )
    return answer.body, anexos.mime(answer) or anexos.OCTETS


def is_xs(url: str, base_url: str) -> bool:
    """Tell whether an address is one of X's hosts."""
    return anexos.is_own(url, hosts=_HOSTS, base_url=base_url)


def _appended(conta: Conta, media_id: str, segmento: int, corpo: bytes) -> build.Made:
    return lambda token: build.append(
        conta.settings, media_id, segmento=segmento, corpo=corpo, token=token
    )


async def _until_ready(conta: Conta, media_id: str, answer: Answer, *, sleep: Sleep) -> None:
    for _ in range(LOOKS):
        info = objeto(_data(answer).get("processing_info"))
        state = texto(info.get("state")) or "succeeded"  # nothing to look at
        if state == "succeeded":
            return
        if state == "failed":
            why = texto(objeto(info.get("error")).get("message")) or "no reason told"
            raise _refused(f"X refused the medium: {why}")
        await sleep(min(inteiro(info.get("check_after_secs")) or 1, LONGEST_S))
        answer = await conta.call(lambda token: build.status(conta.settings, media_id, token=token))
    raise OutsideError(
        conta.http.name, verdict=Verdict(Classe.RETRY, "X still looks at the medium")
    )


def _id(answer: Answer) -> str:
    found = texto(_data(answer).get("id"))
    if found is None or not found.isdigit():
        raise OutsideError("x", verdict=Verdict(Classe.RETRY, "2xx without a media id"))
    return found


def _data(answer: Answer) -> Objeto:
    return objeto(objeto(answer.json()).get("data"))


def _refused(why: str) -> OutsideError:
    return OutsideError("x", verdict=Verdict(Classe.INVALID_REQUEST, why))
