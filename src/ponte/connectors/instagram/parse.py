"""Parse: a body that Meta posts about Instagram, as events.

Source: https://developers.facebook.com/docs/messenger-platform/instagram
"""

from ponte.connectors.instagram.settings import InstagramSettings
from ponte.connectors.meta.messaging import read
from ponte.domain.evento import EventoDeCanal


def parse(corpo: bytes, _settings: InstagramSettings) -> list[EventoDeCanal]:
    """Return every event of a body; none where it can't be read. Never raises."""
    return read(corpo)
