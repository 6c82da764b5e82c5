"""Verify: whether Meta sent these very bytes, and whether it is Meta that asks for the proof.

`X-Hub-Signature-256: sha256=<hex>` is HMAC-SHA256 of the raw body under the app secret.
Meta signs the escaped form of its JSON, so a body that was parsed and written again
would not verify.
Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

HEADER = "x-hub-signature-256"
_SCHEME = "sha256="
_LENGTH = len(_SCHEME) + 64


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Tell whether the signature header matches the body under one of the secrets.

    Args:
        headers: Request headers, names in lower case.
        body: The raw bytes as received.
        secrets: Every app secret that is valid now; without one nothing verifies.
    """
    given = headers.get(HEADER, "").strip()
    if len(given) != _LENGTH or not given.isascii() or not given.startswith(_SCHEME):
        return False
    found = False
    for secret in secrets:  # every secret is tried, so that time tells nothing
        if secret:
            found |= hmac.compare_digest(sign(body, secret), given.lower())
    return found


def sign(body: bytes, secret: str) -> str:
    """Return the header value that Meta would send."""
    return _SCHEME + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def challenge(query: Mapping[str, str], verify_token: str | None) -> str | None:
    """Return what to answer a subscription's GET with; None when its token is not ours."""
    given = query.get("hub.verify_token", "")
    if query.get("hub.mode") != "subscribe" or not verify_token:
        return None
    if not hmac.compare_digest(given.encode("utf-8", "replace"), verify_token.encode()):
        return None
    return query.get("hub.challenge")
