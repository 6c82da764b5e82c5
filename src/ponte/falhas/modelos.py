"""Modelos: what the routes of falhas answer, as OpenAPI tells it.

The answers are bytes, encoded once; these say what is in them, and a test holds
every answer to that. A field added to an answer is added here too.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Saida(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Tentativa(_Saida):
    """One try and why it failed."""

    tentativa: int
    em: str
    erro: str


class FatoDaFalha(_Saida):
    """The fact whose handling failed, whole."""

    tipo: str
    dados: dict[str, Any]


class FalhaCompleta(_Saida):
    """One piece of set-aside work; `vezes` counts how often it was set aside."""

    id: str
    passo: str
    fila: str
    lane: str
    tentativas: int
    causa: str
    erro: str
    historia: list[Tentativa]
    vezes: int
    situacao: Literal["aberta", "reprocessada", "descartada"]
    motivo: str | None
    criada_em: str
    atualizada_em: str
    fato: FatoDaFalha


class ExemploDeFalha(_Saida):
    """One failure of a cause."""

    id: str
    erro: str


class CausaDeFalhas(_Saida):
    """The open failures that have one cause."""

    causa: str
    passo: str
    quantidade: int
    primeira_em: str
    ultima_em: str
    exemplo: ExemploDeFalha


class ListaDeFalhas(_Saida):
    """A page of failures, newest first, and the causes of all open ones."""

    itens: list[FalhaCompleta]
    total: int
    proximo: str | None
    causas: list[CausaDeFalhas]


class Reprocessadas(_Saida):
    """How many went back to their queues."""

    reprocessadas: int


class Descartadas(_Saida):
    """How many were discarded."""

    descartadas: int
