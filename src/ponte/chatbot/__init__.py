"""Chatbot: what answers a customer by itself, and steps back when a person should.

`responder` is the step of the server's own seller bot, in whose place a function of yours
answers a `Pergunta` by a `Resposta`. The adapters are for a bot of yours,
in a script with no server. The deprecated names are loaded when somebody asks for one, so
that the server needs no hub for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ponte.chatbot.adapters import (
    InstagramHubAdapter,
    Recebida,
    TikTokHubAdapter,
    WhatsAppHubAdapter,
)
from ponte.chatbot.pergunta import Pergunta, Resposta

if TYPE_CHECKING:
    from ponte.chatbot.legacy import (
        EvolutionAdapter,
        EvolutionConfig,
        InstagramAdapter,
        TikTokAdapter,
    )

__all__ = [
    "EvolutionAdapter",
    "EvolutionConfig",
    "InstagramAdapter",
    "InstagramHubAdapter",
    "Pergunta",
    "Recebida",
    "Resposta",
    "TikTokAdapter",
    "TikTokHubAdapter",
    "WhatsAppHubAdapter",
]
_LEGACY = frozenset({"EvolutionAdapter", "EvolutionConfig", "InstagramAdapter", "TikTokAdapter"})


def __getattr__(name: str) -> Any:
    if name in _LEGACY:
        return getattr(import_module("ponte.chatbot.legacy"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
