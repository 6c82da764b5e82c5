"""Catalogo: every kind of fact by its name, how facts are encoded, and one as it was committed.

Source of the envelope's names: CloudEvents 1.0.
"""

from typing import Any

import msgspec
import orjson

from ponte.domain.valores import format_time
from ponte.events import alertas, canais, estoque, falhas, mensagens, pedidos, videos
from ponte.events.fato import Fato

SOURCE = "ponte"
MENSAGENS = "messages.{tipo}"  # each kind of message has a topic of its own
_TOPICOS = {"alerta": "alerts", "pedido": "pedidos", "nota": "pedidos", "falha": "falhas",
            "webhook": "webhooks", "mensagem": MENSAGENS, "canal": "canais",
            "disjuntor": "canais", "instancia": "canais", "conversa": "canais",
            "video": "canais"}  # fmt: skip
CATALOGO: dict[str, type[Fato]] = {
    classe.tipo: classe
    for noun in (pedidos, estoque, alertas, falhas, mensagens, canais, videos)
    for classe in vars(noun).values()
    if isinstance(classe, type) and issubclass(classe, Fato) and hasattr(classe, "tipo")
}


class FatoGravado(msgspec.Struct, frozen=True):
    """A fact as it was committed: its place among all facts and its room numbers.

    `pos` counts every fact; `seq` those with a room; `seq_publico` those that
    anybody may see; `seq_estoque` the public ones about stock. Each is dense, so
    that a client sees a hole as a jump. None where the fact is not in that stream.
    """

    pos: int
    id: str
    tipo: str
    lane: str
    em_ms: int
    dados: bytes
    seq: int | None = None
    seq_publico: int | None = None
    seq_estoque: int | None = None
    traceparent: str | None = None

    def fato(self) -> Fato:
        """Decode into its class."""
        return decode(self.tipo, self.dados)

    @property
    def sala(self) -> str | None:
        """Return the private room of the fact."""
        return CATALOGO[self.tipo].sala

    def envelope(self) -> dict[str, Any]:
        """Return the CloudEvents form for the outside."""
        found = {
            "specversion": "1.0",
            "id": self.id,
            "source": SOURCE,
            "type": self.tipo,
            "subject": self.lane,
            "time": format_time(self.em_ms),
            "datacontenttype": "application/json",
            "ponteversion": 1,
            "data": orjson.loads(self.dados),
        }
        if self.traceparent is not None:
            # CloudEvents' extension for distributed tracing.
            found["traceparent"] = self.traceparent
        return found


def topico(tipo: str) -> str:
    """Return the stream's topic of a kind of fact, as other systems subscribe to it."""
    noun = tipo.partition(".")[0]
    return _TOPICOS.get(noun, noun)


_decoders = {tipo: msgspec.json.Decoder(classe) for tipo, classe in CATALOGO.items()}
_encoder = msgspec.json.Encoder()


def encode(fato: Fato) -> bytes:
    """Encode the `dados` of a fact."""
    return _encoder.encode(fato)


def decode(tipo: str, dados: bytes | str) -> Fato:
    """Decode a fact; fields that a newer or older version added or lacked are tolerated.

    Raises:
        KeyError: the tipo is not in the catalogue.
        msgspec.ValidationError: the row is not what the class needs.
    """
    return _decoders[tipo].decode(dados)
