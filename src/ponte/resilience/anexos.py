"""Anexos: the bytes of what people send, by an address that stands in a webhook's body.

The one rule: nothing is fetched but from the platform's own hosts. Any other address would
be a way into the network that Ponte runs in, and might carry a token there.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from ponte.resilience.classes import OK, Classe, Verdict, by_status
from ponte.resilience.exchange import Answer

OCTETS = "application/octet-stream"
MAX_BYTES = 10 * 1024 * 1024  # documented: limits of Ponte, a medium


def is_own(url: str, *, hosts: Sequence[str], base_url: str) -> bool:
    """Tell whether an address is one of a platform's own, or of the stand-in that serves it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if f"{parts.scheme}://{parts.netloc}" == base_url:
        return True
    ours = any(host == own or host.endswith(f".{own}") for own in hosts)
    return ours and parts.scheme == "https" and port in (None, 443)


def classify(answer: Answer) -> Verdict:
    """Return the verdict of a download: an address that is over answers 403 or 404."""
    if answer.status in (401, 403, 404, 410):
        return Verdict(Classe.GONE, f"HTTP {answer.status}")
    if answer.status != 200:
        return by_status(answer.status, retry_after_s=answer.retry_after_s)
    if not answer.body or mime(answer) == "text/html":
        return Verdict(Classe.RETRY, "200 without the medium")
    return OK


def mime(answer: Answer) -> str:
    """Return the kind of file that an answer says it is."""
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()
