"""Facts of canais: how a hub is, and the breakers before what is called outside."""

from typing import ClassVar

from ponte.events.fato import Fato


class CanalMudou(Fato, frozen=True, kw_only=True):
    """A hub is better or worse than it was, judged by what it did."""

    tipo: ClassVar[str] = "canal.mudou"
    sala: ClassVar[str | None] = "canais"
    palavras: ClassVar[frozenset[str]] = frozenset({"motivo"})
    canal: str
    estado: str
    antes: str
    motivo: str

    def lane(self) -> str:
        return self.canal


class _DoDisjuntor(Fato, frozen=True, kw_only=True):
    hub: str

    sala: ClassVar[str | None] = "canais"
    palavras: ClassVar[frozenset[str]] = frozenset({"motivo"})

    def lane(self) -> str:
        return self.hub


class DisjuntorMudou(_DoDisjuntor, frozen=True, kw_only=True):
    """A process stopped calling a destination, tries it, or calls it again."""

    tipo: ClassVar[str] = "disjuntor.mudou"
    estado: str
    motivo: str


class DisjuntorReiniciado(_DoDisjuntor, frozen=True, kw_only=True):
    """A person had every process call a destination again."""

    tipo: ClassVar[str] = "disjuntor.reiniciado"
    palavras: ClassVar[frozenset[str]] = frozenset({"por"})
    por: str


class _DaInstancia(Fato, frozen=True, kw_only=True):
    canal: str
    instancia: str

    sala: ClassVar[str | None] = "canais"

    def lane(self) -> str:
        return self.instancia


class InstanciaMudou(_DaInstancia, frozen=True, kw_only=True):
    """A paired telephone connected, or does no more; `motivo` is the platform's code."""

    tipo: ClassVar[str] = "instancia.mudou"
    palavras: ClassVar[frozenset[str]] = frozenset({"motivo"})
    estado: str
    motivo: str


class QrCodeNovo(_DaInstancia, frozen=True, kw_only=True):
    """There is a fresh code to pair by, or (`esgotado`) there will be none; never the code."""

    tipo: ClassVar[str] = "instancia.qrcode"
    esgotado: bool
