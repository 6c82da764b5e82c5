"""Modelos: what the routes of metricas answer, as OpenAPI tells it.

The answers are bytes, encoded once; these say what is in them, and a test holds
every answer to that. A field added to an answer is added here too.
"""

from pydantic import BaseModel, ConfigDict

from ponte.domain.metrica import TipoMetrica


class _Saida(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Amostra(_Saida):
    """One number at one moment."""

    nome: str
    tipo: TipoMetrica
    valor: float
    labels: dict[str, str]
    timestamp: str


class ListaDeAmostras(_Saida):
    """A page of samples, oldest first; `proximo` goes on to older ones."""

    itens: list[Amostra]
    total: int
    proximo: str | None
