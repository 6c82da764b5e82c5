"""Sign: the headers by which a receiver knows who posted, what, and when.

The signature covers id, time and body, so none can be replayed with another.
Source: https://github.com/standard-webhooks/standard-webhooks, spec, "Signature scheme".
"""

import base64
import hashlib
import hmac

PREFIX = "whsec_"


def key(secret: str) -> bytes:
    """Return the key: base64 after `whsec_`, else the text itself."""
    if secret.startswith(PREFIX):
        return base64.b64decode(secret.removeprefix(PREFIX))
    return secret.encode()


def sign(body: bytes, secret: str, *, message_id: str, timestamp_s: int) -> dict[str, str]:
    """Return the headers of one post; unsigned when there is no secret."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp_s)}
    if secret:
        signed = f"{message_id}.{timestamp_s}.".encode() + body
        digest = hmac.new(key(secret), signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers
