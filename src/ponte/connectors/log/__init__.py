"""Log: writes alertas to Ponte's own log, so that they are seen with no platform at all."""

from ponte.connectors.log.sink import LogSettings, LogSink
from ponte.ports import Connector

__all__ = ["connector"]

connector = Connector(
    name="log",
    title="Log",
    settings=LogSettings,
    source_url="https://www.structlog.org",
    is_on=lambda settings: bool(settings.enabled),
    alerts=LogSink,
)
