"""Regras: which bodies of the Send API Meta takes, and how it refuses the others.

Source: https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from ponte.simulators import meta

ACTIONS = frozenset({"typing_on", "typing_off", "mark_seen", "react", "unreact"})
MEDIA = frozenset({"image", "video", "audio", "file"})
_WAYS = frozenset({"id", "comment_id"})


@dataclass(frozen=True, slots=True)
class Medidas:
    """How long a text may be, and how it is counted."""

    texto: int
    weigh: Callable[[str], int]


def malformed(corpo: Mapping[str, Any], medidas: Medidas) -> Response | None:
    """Return Meta's refusal of a body that breaks its rules."""
    recipient = corpo.get("recipient")
    if not isinstance(recipient, dict) or len(recipient.keys() & _WAYS) != 1:
        return meta.graph_refusal(400, 100, "Parameter recipient is invalid")
    if "sender_action" in corpo:
        alone = "message" not in corpo and corpo["sender_action"] in ACTIONS
        return None if alone else meta.graph_refusal(400, 100, "Parameter sender_action is invalid")
    if corpo.get("tag", "HUMAN_AGENT") != "HUMAN_AGENT":
        return meta.graph_refusal(400, 100, "Parameter tag is invalid")
    return _wrong_message(corpo.get("message"), medidas)


def _wrong_message(message: Any, medidas: Medidas) -> Response | None:
    if not isinstance(message, dict) or not message.keys() & {"text", "attachment"}:
        return meta.graph_refusal(400, 100, "Empty message", subcode=2018034)
    if "attachment" in message:
        return _wrong_attachment(message)
    if not 1 <= medidas.weigh(str(message["text"])) <= medidas.texto:
        return meta.graph_refusal(400, 100, "Length of param message[text] is invalid")
    return _wrong_replies(message.get("quick_replies", []))


def _wrong_replies(replies: Any) -> Response | None:
    fits = len(replies) <= 13 and all(
        reply.get("content_type") == "text"
        and 1 <= len(reply.get("title", "")) <= 20
        and 1 <= len(reply.get("payload", "")) <= 1000
        for reply in replies
    )
    return None if fits else meta.graph_refusal(400, 100, "Param quick_replies is invalid")


def _wrong_attachment(message: Mapping[str, Any]) -> Response | None:
    anexo = message["attachment"]
    tipo, payload = anexo.get("type"), anexo.get("payload") or {}
    if "text" in message:
        return meta.graph_refusal(400, 100, "Param message must have text or an attachment")
    if tipo in MEDIA:
        fetched = str(payload.get("url", "")).startswith("http") or payload.get("attachment_id")
        refused = meta.graph_refusal(400, 100, "Failed to fetch the file", subcode=2018008)
        return None if fetched else refused
    if tipo == "template" and _fits_template(payload):
        return None
    return meta.graph_refusal(400, 100, "Param attachment is invalid")


def _fits_template(payload: Mapping[str, Any]) -> bool:
    buttons = payload.get("buttons", [])
    if payload.get("template_type") == "button":
        return 1 <= len(payload.get("text", "")) <= 640 and _fit_buttons(buttons)
    elements = payload.get("elements", [])
    return payload.get("template_type") == "generic" and 1 <= len(elements) <= 10


def _fit_buttons(buttons: Any) -> bool:
    return 1 <= len(buttons) <= 3 and all(
        button.get("type") in ("web_url", "phone_number")
        or (len(button.get("title", "")) <= 20 and len(button.get("payload", "")) <= 1000)
        for button in buttons
    )
