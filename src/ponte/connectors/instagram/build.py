"""Build: a mensagem as a body of the Send API.

A medium takes no messaging_type beside it.
"""

from typing import Any

from ponte.connectors.meta.envio import body
from ponte.domain.mensagem import Mensagem

_MEDIA: dict[str, Any] = {}


def build(mensagem: Mensagem) -> dict[str, Any]:
    """Return the body that sends a mensagem."""
    return body(mensagem, _MEDIA)
