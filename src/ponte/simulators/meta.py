"""Meta: what the stand-ins of Meta's platforms do alike: sign, refuse, prove a subscription.

Bodies are signed as Meta signs them: over JSON whose non-ASCII is escaped, so whoever
parses and writes again before verifying fails here too.
Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started and
https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ponte.simulators.comportamento import Defeito

APP_SECRET = "ponte-simulador-nao-e-um-segredo"  # noqa: S105 - opens nothing but a stand-in
VERIFY_TOKEN = "ponte-simulador-prova"  # noqa: S105 - opens nothing but a stand-in
SUBSCRIPTION_TIMEOUT_S = 20.0  # Meta's dashboard waits about so long


def dumps(corpo: object) -> bytes:
    """Write a body as Meta does: compact, everything but ASCII escaped."""
    return json.dumps(corpo, separators=(",", ":")).encode()


def signed(corpo: bytes, secret: str = APP_SECRET) -> Mapping[str, str]:
    """Return the headers by which a body is known as Meta's."""
    digest = hmac.new(secret.encode(), corpo, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


def graph_refusal(
    status: int, code: int, mensagem: str, *, subcode: int | None = None, **further: Any
) -> Response:
    """Return an error as the Graph API writes it; `further` goes into the error object."""
    error: dict[str, Any] = {
        "message": f"(#{code}) {mensagem}",
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": f"simulador{time.time_ns()}",
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return JSONResponse({"error": error | further}, status)


def fault(modo: str, defeito: Defeito) -> Response:
    """Return what Meta answers for the faults that all of its platforms share.

    A rate limit tells its wait in minutes in a usage header, never as Retry-After; a fault
    of less than half a minute tells none.
    """
    if modo == "token":
        return graph_refusal(401, 190, "Invalid OAuth access token", subcode=463)
    if modo == "5xx":
        return graph_refusal(500, 2, "Service temporarily unavailable", is_transient=True)
    answer = graph_refusal(400, 4, "Application request limit reached")
    minutes = round(defeito.segundos / 60)
    if minutes:
        usage = {"0": [{"call_count": 100, "estimated_time_to_regain_access": minutes}]}
        answer.headers["x-business-use-case-usage"] = json.dumps(usage)
    return answer


def bearer(request: Request) -> str:
    """Return the token of a call: of its header, else of its query."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token
    return request.query_params.get("access_token", "")


async def subscribe(webhook_url: str, *, verify_token: str = VERIFY_TOKEN) -> bool:
    """Ask Ponte for the proof, as the dashboard does; tell whether it gave it."""
    query = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": "1158201"}
    async with httpx2.AsyncClient(timeout=SUBSCRIPTION_TIMEOUT_S, trust_env=False) as client:
        answer = await client.get(webhook_url, params=query)
    return answer.status_code == 200 and answer.text == query["hub.challenge"]


async def body_of(request: Request) -> dict[str, Any] | None:
    """Return a call's JSON object; None when it holds none."""
    try:
        corpo = json.loads(await request.body())
    except ValueError:
        return None
    return corpo if isinstance(corpo, dict) else None


def unknown_path() -> Response:
    """Return what the Graph API says of a path or an id that it does not know."""
    return graph_refusal(
        400, 100, "Unsupported request. Object does not exist or permissions are missing",
        subcode=33, type="GraphMethodException",
    )  # fmt: skip
