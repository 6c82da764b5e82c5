"""Verify: whether TikTok sent these very bytes, and not long ago.

`TikTok-Signature: t=<unix seconds>,s=<hex>` where s is HMAC-SHA256 of `t + "." + raw body`.
Source: https://developers.tiktok.com/doc/webhooks-verification
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

HEADER = "tiktok-signature"
MAX_SKEW_S = 300.0  # contract: older ones are refused
_MAX_HEADER = 1_024  # chosen: the real one has about 90 characters
_MAX_DIGITS = 12  # of a time in seconds


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    *,
    now_ms: int,
    max_skew_s: float = MAX_SKEW_S,
) -> bool:
    """Tell whether the signature header matches the body under one of the secrets, and is fresh."""
    parts = _parts(next((v for k, v in headers.items() if k.lower() == HEADER), ""))
    timestamp, sign_ = parts.get("t", ""), parts.get("s", "")
    if not timestamp.isdigit() or len(timestamp) > _MAX_DIGITS or not sign_:
        return False
    if abs(now_ms - int(timestamp) * 1000) > max_skew_s * 1000:
        return False
    return _matches(timestamp.encode() + b"." + body, sign_, secrets=secrets)


def sign(body: bytes, secret: str, *, timestamp: int) -> str:
    """Return the header value that TikTok would send."""
    message = str(timestamp).encode() + b"." + body
    return f"t={timestamp},s={hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}"


def _parts(header: str) -> dict[str, str]:
    if len(header) > _MAX_HEADER or not header.isascii():
        return {}
    pairs = (part.partition("=") for part in header.split(","))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _matches(message: bytes, given: str, *, secrets: Sequence[str]) -> bool:
    found = False
    for secret in secrets:  # every secret is tried, so that time tells nothing
        if secret:
            digest = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
            found |= hmac.compare_digest(digest, given.lower())
    return found
