"""Midia: the bytes of what people send, by an address that stands in a webhook's body.

The one rule: nothing is fetched but from Meta's own hosts, also after a redirect. Any
other address would be a way into the network that Ponte runs in, and might carry the
token there.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
"""

from collections.abc import Mapping

from ponte.resilience.anexos import MAX_BYTES, OCTETS, classify, is_own, mime
from ponte.resilience.classes import OK, Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer, Request
from ponte.resilience.http import Http

__all__ = ["MAX_BYTES", "OCTETS", "classify", "download", "is_metas"]

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
    return answer.body, mime(answer) or OCTETS


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


def _classify(answer: Answer) -> Verdict:
    return OK if answer.status in _REDIRECTS else classify(answer)


def is_metas(url: str, base_url: str) -> bool:
    """Tell whether an address is one of Meta's hosts of media."""
    return is_own(url, hosts=_HOSTS, base_url=base_url)
