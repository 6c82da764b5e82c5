"""Midia: the bytes of what people send, by an address that stands in a webhook's body.

The one rule: nothing is fetched but from Meta's own hosts, also after a redirect. Any
other address would be a way into the network that Ponte runs in, and might carry the
token there.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ponte.resilience.classes import OK, Classe, OutsideError, Verdict, by_status
from ponte.resilience.exchange import Answer, Request
from ponte.resilience.http import Http

OCTETS = "application/octet-stream"
MAX_BYTES = 10 * 1024 * 1024  # documented: limits of Ponte, a medium
TIMEOUT_S = 25.0  # chosen: shorter than a request's 30 s
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOSTS = ("fbcdn.net", "fbsbx.com", "cdninstagram.com")  # where the contract's media lie


async def download(
    http: Http, url: str | None, *, base_url: str, headers: Mapping[str, str] | None = None
) -> tuple[bytes, str]:
    """Return the bytes of a medium and their type.

    Args:
        http: Where the platform is called.
        url: Where the medium lies.
        base_url: The Graph API, or a stand-in, which is its own host of media.
        headers: What proves the call, where the platform asks for it.

    Raises:
        OutsideError: it has no address of Meta's, or its bytes are not there (any more).
    """
    answer = await http.send(_fetch(http, url, base_url=base_url, headers=headers), _classify)
    if answer.status in _REDIRECTS:  # to where it is served from; what proves a call stays here
        served = answer.headers.get("location")
        answer = await http.send(_fetch(http, served, base_url=base_url), classify)
    return answer.body, _mime(answer) or OCTETS


def _fetch(
    http: Http, url: str | None, *, base_url: str, headers: Mapping[str, str] | None = None
) -> Request:
    if url is None or not is_metas(url, base_url):
        raise OutsideError(http.name, verdict=Verdict(Classe.GONE, "no address of Meta's"))
    return Request(
        "GET",
        url,
        headers=headers or {},
        timeout_s=TIMEOUT_S,
        operation="download",
        reply_bytes=MAX_BYTES,
    )


def classify(answer: Answer) -> Verdict:
    """Return the verdict of a download: an address that is over answers 403 or 404."""
    if answer.status in (401, 403, 404, 410):
        return Verdict(Classe.GONE, f"HTTP {answer.status}")
    if answer.status != 200:
        return by_status(answer.status, retry_after_s=answer.retry_after_s)
    if not answer.body or _mime(answer) == "text/html":
        return Verdict(Classe.RETRY, "200 without the medium")
    return OK


def _classify(answer: Answer) -> Verdict:
    return OK if answer.status in _REDIRECTS else classify(answer)


def _mime(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_metas(url: str, base_url: str) -> bool:
    """Tell whether an address is one of Meta's hosts of media."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if f"{parts.scheme}://{parts.netloc}" == base_url:
        return True
    ours = any(host == own or host.endswith(f".{own}") for own in _HOSTS)
    return ours and parts.scheme == "https" and port in (None, 443)
