"""Ports: the doors. Everything inside knows the outside and the engines only by these.

A connector implements doors and only translates; a broker moves prompts; the
database is the truth. Nothing here has behaviour.
"""

from ponte.ports.channels import (
    Channel,
    EstadoInstancia,
    History,
    Instancia,
    Listener,
    Pairing,
    Pareamento,
    Typist,
)
from ponte.ports.connector import (
    Connector,
    Deps,
    Qualidade,
)
from ponte.ports.engines import (
    Ajudante,
    AmostraCopiada,
    Broker,
    Medida,
    Ouvinte,
    Prompt,
    Registro,
    Stream,
    TokenStore,
)
from ponte.ports.outside import (
    AlertSink,
    Challenged,
    FiscalIssuer,
    OrderSource,
    Pedido2xx,
    WebhookReceiver,
    WebhookRequest,
)
from ponte.ports.sessions import Concessao, Renewal, Superficie

__all__ = [
    "Ajudante",
    "AlertSink",
    "AmostraCopiada",
    "Broker",
    "Challenged",
    "Channel",
    "Concessao",
    "Connector",
    "Deps",
    "EstadoInstancia",
    "FiscalIssuer",
    "History",
    "Instancia",
    "Listener",
    "Medida",
    "OrderSource",
    "Ouvinte",
    "Pairing",
    "Pareamento",
    "Pedido2xx",
    "Prompt",
    "Qualidade",
    "Registro",
    "Renewal",
    "Stream",
    "Superficie",
    "TokenStore",
    "Typist",
    "WebhookReceiver",
    "WebhookRequest",
]
