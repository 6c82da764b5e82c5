"""TikTok, its forms: what a message carries, a message as a list shows it, and an answer."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

MAX_IMAGE = 3 * 1024 * 1024  # documented: 3 MB


def part(
    tipo: object, body: Mapping[str, Any], midias: Mapping[str, bytes]
) -> dict[str, Any] | None:
    """Return what a message carries, or None when TikTok would refuse it."""
    if tipo == "TEXT":
        words = (body.get("text") or {}).get("body")
        fits = isinstance(words, str) and 0 < len(words) <= 6000
        return {"type": "text", "text": {"body": words}} if fits else None
    if tipo == "IMAGE":
        media_id = (body.get("image") or {}).get("media_id")
        alone = media_id in midias and "text" not in body
        return {"type": "image", "image": {"media_id": media_id}} if alone else None
    if tipo == "TEMPLATE":
        card = body.get("template") or {}
        buttons = card.get("buttons") or []
        fits = (
            card.get("type") in ("QA_BUTTON_CARD", "QA_LINK_CARD")
            and 0 < len(card.get("title", "")) <= 40
            and 1 <= len(buttons) <= 3
            and all(0 < len(b.get("title", "")) <= 20 for b in buttons)
            and all(b.get("type") == "REPLY" and len(b.get("id", "")) <= 40 for b in buttons)
        )
        return {"type": "template", "template": card} if fits else None
    return None


def listed(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as the list shows it: other names for the people and the type."""
    hidden = ("from", "to", "type", "unique_identifier")
    shown = {k: v for k, v in message.items() if k not in hidden}
    people = {"sender": message["from"], "recipient": message["to"]}
    return {**shown, **people, "message_type": str(message["type"]).upper()}


def answer(
    code: int = 0,
    message: str = "OK",
    *,
    data: Mapping[str, Any] | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer as the Business API does."""
    body = {"code": code, "message": message, "request_id": "SIMULADOR", "data": data or {}}
    return JSONResponse(body, status, headers=headers)


def picture(form: bytes) -> bytes | None:
    """Return the picture in an upload of Business Messaging, None where it would be refused."""
    head, _, rest = form.partition(b"\xff\xd8\xff")
    mark = b"\xff\xd8\xff"
    if not rest:
        head, _, rest = form.partition(b"\x89PNG\r\n\x1a\n")
        mark = b"\x89PNG\r\n\x1a\n"
    named = b'name="business_id"' in head and b'name="media_type"\r\n\r\nIMAGE' in head
    found = mark + rest.rpartition(b"\r\n--")[0]
    return found if rest and named and len(found) <= MAX_IMAGE else None
