"""Verify: whether Evolution posted this.

Evolution signs nothing. It sends the headers that were set for an instance: either a
fixed `authorization`, or, where `jwt_key` was set, `Authorization: Bearer <JWT>` (HS256,
ten minutes of life). Where no header can be set, a secret last part of the path does.
The `apikey` of the body proves nothing: it stands in logs.
Source: evolution-api, src/api/integrations/event/webhook/webhook.controller.ts.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from ponte.domain.leitura import decimal, loads, objeto

HEADER = "authorization"
_BEARER = "bearer "
_MAX_TOKEN = 4_096  # chosen: the real one has about 220 characters


def verify(authorization: str, path_secret: str, *, secrets: Sequence[str]) -> bool:
    """Tell whether the header, with or without Bearer, or the path carries one of the secrets."""
    given = [x.encode("utf-8", "replace") for x in (bare(authorization), path_secret)]
    found = False
    for secret in map(bare, secrets):  # every secret is tried, so that time tells nothing
        if secret:
            for one in given:
                found |= hmac.compare_digest(secret.encode(), one)
    return found


def verify_jwt(authorization: str, keys: Sequence[str], *, now_ms: int) -> bool:
    """Tell whether the header is a JWT of one of the keys that has not expired."""
    token = bare(authorization)
    if len(token) > _MAX_TOKEN or not token.isascii() or token.count(".") != 2:
        return False
    signed, _, given = token.rpartition(".")
    head, _, claims = signed.partition(".")
    if _part(head).get("alg") != "HS256":  # "none" above all
        return False
    found = False
    for key in keys:
        if key:
            found |= hmac.compare_digest(sign(signed, key), given)
    until = decimal(_part(claims).get("exp"))
    return found and until is not None and now_ms < until * 1000


def sign(signed: str, key: str) -> str:
    """Return the third part of a JWT."""
    digest = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def bare(authorization: str) -> str:
    """Return what stands behind Bearer, or all of it."""
    escrito = authorization.strip()
    is_bearer = escrito[: len(_BEARER)].lower() == _BEARER
    return escrito[len(_BEARER) :].strip() if is_bearer else escrito


def _part(escrito: str) -> dict[str, object]:
    try:
        padded = escrito + "=" * (-len(escrito) % 4)
        return dict(objeto(loads(base64.urlsafe_b64decode(padded))))
    except (ValueError, binascii.Error):
        return {}
