"""Facts of falhas: work that was set aside."""

from typing import Any, ClassVar

from ponte.events.fato import Fato


class _DaFalha(Fato, frozen=True, kw_only=True):
    falha_id: str
    fila: str
    causa: str

    sala: ClassVar[str | None] = "falhas"

    def lane(self) -> str:
        return self.falha_id


class FalhaCriada(_DaFalha, frozen=True, kw_only=True):
    """Work was set aside whole after its tries."""

    tipo: ClassVar[str] = "falha.criada"
    palavras: ClassVar[frozenset[str]] = frozenset({"dados_do_fato"})
    fato_tipo: str
    fato_lane: str
    dados_do_fato: dict[str, Any]


class FalhaReprocessada(_DaFalha, frozen=True, kw_only=True):
    """Set-aside work went back to its queue with the same id."""

    tipo: ClassVar[str] = "falha.reprocessada"


class FalhaDescartada(_DaFalha, frozen=True, kw_only=True):
    """A person decided that set-aside work is not to be done."""

    tipo: ClassVar[str] = "falha.descartada"
    palavras: ClassVar[frozenset[str]] = frozenset({"motivo"})
    motivo: str
