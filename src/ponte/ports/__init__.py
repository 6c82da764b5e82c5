"""Ports: the doors. Everything inside knows the outside and the engines only by these.

A connector implements doors and only translates; a broker moves prompts; the
database is the truth. Nothing here has behaviour.
"""

from ponte.ports.channels import (
    Channel,
    ConversationDownloader,
    Downloader,
    EstadoInstancia,
    History,
    Inscricao,
    Instancia,
    Listener,
    Pairing,
    Pareamento,
    Reception,
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
from ponte.ports.helpdesk import Anexo, Escrita, Helpdesk, Lado, Pessoa, Progresso, Situacao
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
from ponte.ports.videos import Andamento, Chave, Criador, Inicio, Publisher, Trecho

__all__ = [
    "Ajudante",
    "AlertSink",
    "AmostraCopiada",
    "Andamento",
    "Anexo",
    "Broker",
    "Challenged",
    "Channel",
    "Chave",
    "Concessao",
    "Connector",
    "ConversationDownloader",
    "Criador",
    "Deps",
    "Downloader",
    "Escrita",
    "EstadoInstancia",
    "FiscalIssuer",
    "Helpdesk",
    "History",
    "Inicio",
    "Inscricao",
    "Instancia",
    "Lado",
    "Listener",
    "Medida",
    "OrderSource",
    "Ouvinte",
    "Pairing",
    "Pareamento",
    "Pedido2xx",
    "Pessoa",
    "Progresso",
    "Prompt",
    "Publisher",
    "Qualidade",
    "Reception",
    "Registro",
    "Renewal",
    "Situacao",
    "Stream",
    "Superficie",
    "TokenStore",
    "Trecho",
    "Typist",
    "WebhookReceiver",
    "WebhookRequest",
]
