"""Verify: whether Chatwoot sent these very bytes.

`X-Chatwoot-Signature: sha256=<hex>` where hex is HMAC-SHA256 of `timestamp + "." + raw
body` and the timestamp stands in `X-Chatwoot-Timestamp`. Versions before that header
sign nothing: for them the secret is the last part of the address.
Source: chatwoot/chatwoot, lib/webhooks/trigger.rb.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

SIGNATURE, TIMESTAMP = "x-chatwoot-signature", "x-chatwoot-timestamp"
_PREFIX = "sha256="
_MAX_HEADER = 256  # chosen: the real one has 71 characters
_MAX_DIGITS = 15  # chosen: epoch seconds have 10


def is_signed(headers: Mapping[str, str]) -> bool:
    """Tell whether a signature came at all, right or wrong."""
    return SIGNATURE in headers


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    *,
    now_ms: int | None = None,
    max_skew_s: float | None = None,
) -> bool:
    """Tell whether the signature matches the body under one of the secrets.

    Args:
        headers: Request headers, lower-cased.
        body: The raw bytes as received.
        secrets: Every secret valid now.
        now_ms: The present, needed only with a skew limit.
        max_skew_s: Largest distance between the timestamp and now; None accepts any age,
            since Chatwoot documents none and a repeat of a body has no second effect.
    """
    given, sent = headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, "")
    if not given.startswith(_PREFIX) or len(given) > _MAX_HEADER or not given.isascii():
        return False
    if not (sent.isascii() and sent.isdigit()) or len(sent) > _MAX_DIGITS:
        return False
    if max_skew_s is not None and not _is_fresh(int(sent), now_ms, max_skew_s=max_skew_s):
        return False
    message, found = sent.encode() + b"." + body, False
    for secret in secrets:  # every secret is tried, so that time tells nothing
        if secret:
            found |= hmac.compare_digest(_PREFIX + _hex(message, secret), given.lower())
    return found


def opens(secret: str, secrets: Sequence[str]) -> bool:
    """Tell whether the last part of an address is one of the secrets."""
    given, found = secret.encode(), False
    for known in secrets:
        if known:
            found |= hmac.compare_digest(known.encode(), given)
    return found


def sign(body: bytes, secret: str, *, timestamp: str) -> str:
    """Return the header value that Chatwoot would send."""
    return _PREFIX + _hex(timestamp.encode() + b"." + body, secret)


def _hex(message: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _is_fresh(sent_s: int, now_ms: int | None, *, max_skew_s: float) -> bool:
    return now_ms is not None and abs(now_ms - sent_s * 1000) <= max_skew_s * 1000
