"""Build: a mensagem as a body of the Send API.

A file may be sent again by the id in the answer.
"""

from typing import Any

from ponte.connectors.meta.envio import body
from ponte.domain.mensagem import Mensagem

_MEDIA: dict[str, Any] = {"corpo": {"messaging_type": "RESPONSE"}, "payload": {"is_reusable": True}}


def build(mensagem: Mensagem) -> dict[str, Any]:
    """Return the body that sends a mensagem."""
    return body(mensagem, _MEDIA)
