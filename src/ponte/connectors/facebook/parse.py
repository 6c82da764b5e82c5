"""Parse: a body that Meta posts about Facebook Messenger, as events.

Source: https://developers.facebook.com/docs/messenger-platform
"""

from ponte.connectors.facebook.settings import FacebookSettings
from ponte.connectors.meta.messaging import read
from ponte.domain.evento import EventoDeCanal


def parse(corpo: bytes, _settings: FacebookSettings) -> list[EventoDeCanal]:
    """Return every event of a body; none where it can't be read. Never raises."""
    return read(corpo)
