"""Verify: whether X sent these very bytes, and the proof that X asks for each hour.

Both are HMAC-SHA256 under the app's consumer secret, in base64: of the raw body in
`x-twitter-webhooks-signature`, of the token that a GET brings in its answer.
Source: https://docs.x.com/x-api/webhooks/introduction
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

HEADER = "x-twitter-webhooks-signature"
_PREFIX = "sha256="
_MAX_HEADER = 128  # chosen: the real one has 51 characters


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Tell whether the signature matches the body under one of the secrets.

    Args:
        headers: Request headers, names in lower case.
        body: The raw bytes as received.
        secrets: Every consumer secret valid now; without one nothing verifies.
    """
    given = headers.get(HEADER, "").strip()
    if not given.startswith(_PREFIX) or len(given) > _MAX_HEADER or not given.isascii():
        return False
    found = False
    for secret in secrets:  # every secret is tried, so that time tells nothing
        if secret:
            found |= hmac.compare_digest(sign(body, secret), given)
    return found


def sign(content: bytes, secret: str) -> str:
    """Return the signature of a body, or the proof for a `crc_token`."""
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return _PREFIX + base64.b64encode(digest).decode()
