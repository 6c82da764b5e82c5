"""WhatsApp through Evolution API v2, a server of one's own over WhatsApp Web.

Messages, receipts, edits, calls and the state of the pairing come by webhook; messages go
out through an instance, which is a telephone paired by a QR code. Evolution signs
nothing, so a secret that Ponte gives it proves each delivery.
Source: https://github.com/EvolutionAPI/evolution-api
"""

from ponte.connectors.whatsapp.channel import WhatsAppChannel, probe
from ponte.connectors.whatsapp.classify import classify
from ponte.connectors.whatsapp.limites import LIMITES
from ponte.connectors.whatsapp.pairing import WhatsAppPairing
from ponte.connectors.whatsapp.parse import parse
from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.connectors.whatsapp.webhook import WhatsAppWebhook
from ponte.domain.mensagem import Canal
from ponte.ports import Connector

__all__ = ["AVISO", "connector"]

# Asked for by Evolution's licence (Apache 2.0 with conditions): shown where it is set up.
AVISO = (
    "Este sistema usa a Evolution API (https://github.com/EvolutionAPI/evolution-api)."
    " / This system uses Evolution API."
)

connector = Connector(
    name="whatsapp",
    title="WhatsApp (Evolution API)",
    settings=WhatsAppSettings,
    source_url="https://github.com/EvolutionAPI/evolution-api",
    quality="gold",
    is_on=lambda settings: bool(settings.is_on),
    webhook=WhatsAppWebhook,
    channel=WhatsAppChannel,
    parse=parse,
    classify=classify,
    limites=LIMITES,
    canal=Canal.WHATSAPP,
    pairing=WhatsAppPairing,
    licence_notice=AVISO,
    probe=probe,
)
