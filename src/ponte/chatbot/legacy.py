"""Legacy: the names that adapters had before hubs. They go in v3.0.0.

Each makes the hub that its arguments describe, and does what the new adapter does with it.
"""

import warnings
from dataclasses import dataclass, field
from typing import Any

from ponte.chatbot.adapters import (
    InstagramHubAdapter,
    Payload,
    Recebida,
    TikTokHubAdapter,
    WhatsAppHubAdapter,
)
from ponte.integrations.hubs import InstagramHub, TikTokHub, WhatsAppHub


@dataclass(frozen=True, slots=True)
class EvolutionConfig:
    """Where a server of Evolution API is, and which of its telephones sends."""

    api_url: str
    api_key: str = field(repr=False)
    instance_name: str


class _Delegating:
    def __init__(
        self, instead: str, adapter: WhatsAppHubAdapter | InstagramHubAdapter, hub: Any
    ) -> None:
        warnings.warn(
            f"{type(self).__name__} is deprecated and goes in v3.0.0; use {instead}",
            DeprecationWarning,
            stacklevel=3,
        )
        self._adapter = adapter
        self._hub = hub

    def parse_incoming(self, payload: Payload) -> list[Recebida]:
        """Return what customers wrote."""
        return self._adapter.parse_incoming(payload)

    async def send_response(self, response: str, recipient_id: str) -> str | None:
        """Send an answer; return the platform's id of it."""
        return await self._adapter.send_response(response, recipient_id)

    async def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        await self._hub.close()


class EvolutionAdapter(_Delegating):
    """Deprecated: use `WhatsAppHubAdapter`."""

    def __init__(self, config: EvolutionConfig) -> None:
        hub = WhatsAppHub(
            base_url=config.api_url.rstrip("/"),
            api_key=config.api_key,
            instance=config.instance_name,
        )
        adapter = WhatsAppHubAdapter(hub, config.instance_name)
        super().__init__("WhatsAppHubAdapter(hub, instance_name)", adapter, hub)


class InstagramAdapter(_Delegating):
    """Deprecated: use `InstagramHubAdapter`. Takes the settings of an `InstagramHub`."""

    def __init__(self, **settings: Any) -> None:
        hub = InstagramHub(**settings)
        super().__init__("InstagramHubAdapter(hub)", InstagramHubAdapter(hub), hub)


class TikTokAdapter(_Delegating):
    """Deprecated: use `TikTokHubAdapter`. Takes the settings of a `TikTokHub`."""

    def __init__(self, **settings: Any) -> None:
        hub = TikTokHub(**settings)
        super().__init__("TikTokHubAdapter(hub)", TikTokHubAdapter(hub), hub)
