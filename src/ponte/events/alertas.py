"""Facts of alertas and of their notices."""

from typing import ClassVar

from ponte.events.fato import Fato


class _DoAlerta(Fato, frozen=True, kw_only=True):
    alerta_id: str
    nome: str
    severidade: str
    titulo: str

    sala: ClassVar[str | None] = "alertas"
    palavras: ClassVar[frozenset[str]] = frozenset({"nome", "titulo"})

    def lane(self) -> str:
        return self.alerta_id


class AlertaCriado(_DoAlerta, frozen=True, kw_only=True):
    """An alert opened, or an open one fired again (`contagem` > 1)."""

    tipo: ClassVar[str] = "alerta.criado"
    palavras: ClassVar[frozenset[str]] = _DoAlerta.palavras | {"texto", "labels"}
    texto: str
    labels: dict[str, str]
    contagem: int


class AlertaReconhecido(_DoAlerta, frozen=True, kw_only=True):
    """A person said that they are on it."""

    tipo: ClassVar[str] = "alerta.reconhecido"
    palavras: ClassVar[frozenset[str]] = _DoAlerta.palavras | {"por"}
    por: str


class AlertaResolvido(_DoAlerta, frozen=True, kw_only=True):
    """The cause is gone."""

    tipo: ClassVar[str] = "alerta.resolvido"
    palavras: ClassVar[frozenset[str]] = _DoAlerta.palavras | {"por"}
    por: str


class EntregaPedida(Fato, frozen=True, kw_only=True):
    """One sink must be told of one alert; each sink has a queue of its own."""

    tipo: ClassVar[str] = "alerta.entrega_pedida"
    alerta_id: str
    destino: str
    motivo: str

    def lane(self) -> str:
        return self.alerta_id


class AlertaEntregue(_DoAlerta, frozen=True, kw_only=True):
    """A sink took the notice."""

    tipo: ClassVar[str] = "alerta.entregue"
    destino: str
    motivo: str
    tentativa: int


class AlertaNaoEntregue(_DoAlerta, frozen=True, kw_only=True):
    """A sink did not take the notice after its tries."""

    tipo: ClassVar[str] = "alerta.nao_entregue"
    palavras: ClassVar[frozenset[str]] = _DoAlerta.palavras | {"erro"}
    destino: str
    erro: str


class _DoSilencio(Fato, frozen=True, kw_only=True):
    silencio_id: str
    nome: str | None

    sala: ClassVar[str | None] = "alertas"
    palavras: ClassVar[frozenset[str]] = frozenset({"nome"})

    def lane(self) -> str:
        return self.silencio_id


class SilencioCriado(_DoSilencio, frozen=True, kw_only=True):
    """A person chose not to be told of some alerts until `ate`."""

    tipo: ClassVar[str] = "silencio.criado"
    palavras: ClassVar[frozenset[str]] = _DoSilencio.palavras | {"labels", "autor"}
    labels: dict[str, str]
    autor: str
    ate: str


class SilencioEncerrado(_DoSilencio, frozen=True, kw_only=True):
    """A silence is over: its time came, or a person ended it."""

    tipo: ClassVar[str] = "silencio.encerrado"
    palavras: ClassVar[frozenset[str]] = _DoSilencio.palavras | {"por"}
    por: str
