"""Verify: whether Rappi sent these very bytes.

`Rappi-Signature: t=<timestamp>,sign=<hex>` where sign is HMAC-SHA256 of
`t + "." + raw body`. The timestamp is part of what is signed, so its text is used
as it stands; parsing the body first would verify another document.
Source: dev-portal.rappi.com, "Webhook events", section Security.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from ponte.domain.leitura import MILLISECONDS_FROM

HEADER = "rappi-signature"
_MAX_HEADER = 1_024  # chosen: the real one has about 90 characters
_MAX_TIMESTAMP_DIGITS = 18


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    *,
    now_ms: int | None = None,
    max_skew_s: float | None = None,
) -> bool:
    """Tell whether the signature header matches the body under one of the secrets.

    Args:
        headers: Request headers, in any letter case.
        body: The raw bytes as received.
        secrets: Every secret valid now; after `reset-secret` the old one stays for a while.
        now_ms: The present, needed only with a skew limit.
        max_skew_s: Largest distance between `t` and now; None, as Rappi documents
            neither unit nor tolerance, means that any age is accepted.
    """
    parts = _parts(_header(headers))
    timestamp, sign = parts.get("t"), parts.get("sign")
    if not timestamp or not sign:
        return False
    if max_skew_s is not None and not _is_fresh(timestamp, now_ms, max_skew_s=max_skew_s):
        return False
    return _matches(timestamp.encode() + b"." + body, sign, secrets=secrets)


def sign(body: bytes, secret: str, *, timestamp: str) -> str:
    """Return the header value that Rappi would send."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"t={timestamp},sign={digest.hexdigest()}"


def _header(headers: Mapping[str, str]) -> str:
    return next((v for k, v in headers.items() if k.lower() == HEADER), "")


def _parts(header: str) -> dict[str, str]:
    if len(header) > _MAX_HEADER or not header.isascii():
        return {}
    pairs = (part.partition("=") for part in header.split(","))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _matches(message: bytes, sign: str, *, secrets: Sequence[str]) -> bool:
    given = sign.lower()
    found = False
    for secret in secrets:  # every secret is tried, so that time tells nothing
        if secret:
            digest = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
            found |= hmac.compare_digest(digest, given)
    return found


def _is_fresh(timestamp: str, now_ms: int | None, *, max_skew_s: float) -> bool:
    if now_ms is None or not timestamp.isdigit() or len(timestamp) > _MAX_TIMESTAMP_DIGITS:
        return False
    value = int(timestamp)
    sent_ms = value if value > MILLISECONDS_FROM else value * 1000
    return abs(now_ms - sent_ms) <= max_skew_s * 1000
