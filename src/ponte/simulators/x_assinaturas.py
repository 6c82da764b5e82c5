"""X, its webhooks: registered after their proof, and told what was subscribed to."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ponte.simulators.x_regras import accepted, refusal

CONSUMER_SECRET = "simulador-nao-e-um-segredo"  # noqa: S105 - opens nothing but this stand-in


class Assinaturas:
    """The webhooks of one app; whatever their address, they are asked at `onde()`."""

    def __init__(self, onde: Callable[[], str], new_id: Callable[[], str]) -> None:
        self.webhooks: dict[str, dict[str, Any]] = {}
        self.assinaturas: list[dict[str, Any]] = []
        self._onde = onde
        self._id = new_id

    async def list_or_register(self, request: Request) -> Response:
        """List the webhooks, or register one."""
        if request.method == "GET":
            found = list(self.webhooks.values())
            return JSONResponse({"data": found, "meta": {"result_count": len(found)}})
        if not await self.prove():
            return refusal(400, "CrcValidationFailed")
        webhook_id, url = self._id(), json.loads(await request.body())["url"]
        self.webhooks[webhook_id] = {"id": webhook_id, "url": url, "valid": True}
        return accepted(self.webhooks[webhook_id])

    async def validate(self, request: Request) -> Response:
        """Ask a webhook for its proof again."""
        found = self.webhooks.get(request.path_params["id"])
        if found is None:
            return refusal(404, "WebhookIdInvalid")
        found["valid"] = await self.prove()
        return accepted({"valid": found["valid"]})

    async def list_or_subscribe(self, request: Request) -> Response:
        """List what is told to webhooks, or have one more kind told."""
        if request.method == "GET":
            return JSONResponse({"data": self.assinaturas, "meta": {}})
        body = json.loads(await request.body())
        if body.get("webhook_id") not in self.webhooks:
            return refusal(400, "WebhookIdInvalid")
        self.assinaturas.append({**body, "subscription_id": self._id()})
        return accepted(self.assinaturas[-1])

    async def prove(self) -> bool:
        """Ask Ponte for the proof, as X does at registration and each hour."""
        token = f"challenge{self._id()}"
        try:
            async with httpx2.AsyncClient(trust_env=False) as client:
                answer = await client.get(self._onde(), params={"crc_token": token})
        except httpx2.TransportError:  # nobody there yet, which is no proof
            return False
        given = answer.json() if answer.status_code == 200 else {}
        return bool(given.get("response_token") == proof(token.encode()))


def proof(content: bytes) -> str:
    """Return the signature of a body, or the proof for a token."""
    digest = hmac.new(CONSUMER_SECRET.encode(), content, hashlib.sha256).digest()
    return f"sha256={base64.b64encode(digest).decode()}"
