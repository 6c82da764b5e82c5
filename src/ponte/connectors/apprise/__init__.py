"""Apprise: delivers alertas to any service that the Apprise library can name by a URL.

Source: https://appriseit.com
"""

from ponte.connectors.apprise.sink import AppriseSettings, AppriseSink
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="apprise",
    title="Apprise",
    settings=AppriseSettings,
    source_url="https://appriseit.com",
    is_on=lambda settings: bool(settings.urls),
    alerts=AppriseSink,
)
