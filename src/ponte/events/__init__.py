"""Events: the catalogue of facts, how they are encoded, and who may see them.

A fact is something that happened, named by a past participle. It is written in
the transaction that made it true and never changed. The one rule: Ponte puts no
personal data in a fact. Facts live for months in logs, streams and browsers, and
cannot be erased for one person; the row they point to can. Words that somebody
else wrote stand only in the fields that `palavras` names.

One module a noun; everybody imports from here. `sala` is the private room whose
sockets get the fact; `public` is what anybody may see of it.
"""

from ponte.events.alertas import (
    AlertaCriado,
    AlertaEntregue,
    AlertaNaoEntregue,
    AlertaReconhecido,
    AlertaResolvido,
    EntregaPedida,
    SilencioCriado,
    SilencioEncerrado,
)
from ponte.events.catalogo import (
    CATALOGO,
    MENSAGENS,
    SOURCE,
    FatoGravado,
    decode,
    encode,
    topico,
)
from ponte.events.estoque import (
    DisponibilidadePedida,
    EstoqueAlterado,
    EstoqueBaixou,
    EstoqueEsgotou,
    EstoqueNormalizou,
    EstoqueVoltou,
)
from ponte.events.falhas import (
    FalhaCriada,
    FalhaDescartada,
    FalhaReprocessada,
)
from ponte.events.fato import (
    Fato,
)
from ponte.events.mensagens import (
    ConversaMudou,
    MensagemAceita,
    MensagemAnotada,
    MensagemEcoada,
    MensagemEntregue,
    MensagemEnviada,
    MensagemLida,
    MensagemNaoEntregue,
    MensagemPublicada,
    MensagemRecebida,
)
from ponte.events.pedidos import (
    AvisoPedido,
    ItemPedido,
    LinhaSemProduto,
    NotaEmitida,
    PedidoCancelado,
    PedidoConcluido,
    PedidoErro,
    PedidoRecebido,
    PedidoReprocessado,
    PedidoSemEstoque,
    WebhookRecebido,
)
from ponte.events.videos import (
    VideoMudou,
    VideoPedido,
)

__all__ = [
    "CATALOGO",
    "MENSAGENS",
    "SOURCE",
    "AlertaCriado",
    "AlertaEntregue",
    "AlertaNaoEntregue",
    "AlertaReconhecido",
    "AlertaResolvido",
    "AvisoPedido",
    "ConversaMudou",
    "DisponibilidadePedida",
    "EntregaPedida",
    "EstoqueAlterado",
    "EstoqueBaixou",
    "EstoqueEsgotou",
    "EstoqueNormalizou",
    "EstoqueVoltou",
    "FalhaCriada",
    "FalhaDescartada",
    "FalhaReprocessada",
    "Fato",
    "FatoGravado",
    "ItemPedido",
    "LinhaSemProduto",
    "MensagemAceita",
    "MensagemAnotada",
    "MensagemEcoada",
    "MensagemEntregue",
    "MensagemEnviada",
    "MensagemLida",
    "MensagemNaoEntregue",
    "MensagemPublicada",
    "MensagemRecebida",
    "NotaEmitida",
    "PedidoCancelado",
    "PedidoConcluido",
    "PedidoErro",
    "PedidoRecebido",
    "PedidoReprocessado",
    "PedidoSemEstoque",
    "SilencioCriado",
    "SilencioEncerrado",
    "VideoMudou",
    "VideoPedido",
    "WebhookRecebido",
    "decode",
    "encode",
    "topico",
]
