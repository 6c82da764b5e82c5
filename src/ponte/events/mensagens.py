"""Facts of mensagens."""

from typing import Any, ClassVar

from ponte.events.fato import Fato


class MensagemPublicada(Fato, frozen=True, kw_only=True):
    """A person wrote to everybody on /ws, or in the private room `para_sala`."""

    tipo: ClassVar[str] = "mensagem"
    sala: ClassVar[str | None] = "mensagens"
    palavras: ClassVar[frozenset[str]] = frozenset({"de", "texto"})
    de: str
    texto: str
    para_sala: str | None = None

    def lane(self) -> str:
        return self.de

    def public(self) -> dict[str, Any] | None:
        return None if self.para_sala else {"texto": self.texto}


class _DaMensagem(Fato, frozen=True, kw_only=True):
    mensagem_id: str
    conversa_id: str
    canal: str
    direcao: str
    tipo_mensagem: str
    status: str
    entrega: str
    pedido_id: str | None = None

    sala: ClassVar[str | None] = "mensagens"

    def lane(self) -> str:
        return self.conversa_id


class MensagemAceita(_DaMensagem, frozen=True, kw_only=True):
    """A message was stored and will be sent; its words and addressee stay in its row."""

    tipo: ClassVar[str] = "mensagem.aceita"


class MensagemEnviada(_DaMensagem, frozen=True, kw_only=True):
    """The canal took the message."""

    tipo: ClassVar[str] = "mensagem.enviada"


class MensagemEntregue(_DaMensagem, frozen=True, kw_only=True):
    """The message reached a device or a socket of its addressee."""

    tipo: ClassVar[str] = "mensagem.entregue"


class MensagemLida(_DaMensagem, frozen=True, kw_only=True):
    """The addressee saw the message."""

    tipo: ClassVar[str] = "mensagem.lida"


class MensagemNaoEntregue(_DaMensagem, frozen=True, kw_only=True):
    """The canal did not take the message after its tries, or lost it later."""

    tipo: ClassVar[str] = "mensagem.nao_entregue"


class MensagemRecebida(_DaMensagem, frozen=True, kw_only=True):
    """A customer's message was stored; `conector` brought it, `grupo` tells of many readers.

    `em_ms` is when the platform says that it was written, so that an old one, fetched
    after an outage, is not answered as if it were new.
    """

    tipo: ClassVar[str] = "mensagem.recebida"
    conector: str
    em_ms: int
    grupo: bool = False
    em_espera: bool = False


class MensagemEcoada(_DaMensagem, frozen=True, kw_only=True):
    """Somebody of the shop wrote to a customer elsewhere: on the telephone, in another tool."""

    tipo: ClassVar[str] = "mensagem.ecoada"
    conector: str


class ConversaMudou(Fato, frozen=True, kw_only=True):
    """Who answers a conversation is another now (`atendimento`): the bot, or a person."""

    tipo: ClassVar[str] = "conversa.mudou"
    sala: ClassVar[str | None] = "mensagens"
    conversa_id: str
    canal: str
    atendimento: str

    def lane(self) -> str:
        return self.conversa_id


class MensagemAnotada(_DaMensagem, frozen=True, kw_only=True):
    """A message was edited, deleted or reacted to (`anotacao`) by its author or a reader."""

    tipo: ClassVar[str] = "mensagem.anotada"
    anotacao: str
