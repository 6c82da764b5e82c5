"""Modelos: what the routes of alertas answer, as OpenAPI tells it.

The answers are bytes, encoded once; these say what is in them, and a test holds
every answer to that. A field added to an answer is added here too.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Saida(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AlertaNaLista(_Saida):
    """One alert."""

    id: str
    nome: str
    severidade: Literal["info", "aviso", "critico"]
    titulo: str
    texto: str
    origem: str
    labels: dict[str, str]
    impressao: str
    contagem: int
    criado_em: str
    reconhecido_em: str | None
    resolvido: bool
    resolvido_em: str | None


class NoticiaDoAlerta(_Saida):
    """One notice: to whom, of what (its beginning or its end), and how it went."""

    destino: str
    motivo: Literal["aviso", "reaviso", "fim"]
    situacao: Literal["pedida", "entregue", "falhou", "dispensada", "silenciada"]
    tentativas: int
    erro: str | None
    pedida_em: str
    terminada_em: str | None


class AlertaCompleto(AlertaNaLista):
    """An alert and every notice of it, oldest first."""

    notificacoes: list[NoticiaDoAlerta]


class ListaDeAlertas(_Saida):
    """A page of alerts, newest first."""

    itens: list[AlertaNaLista]
    total: int
    proximo: str | None


class SilencioNaLista(_Saida):
    """One silence: who hides what, why and until when."""

    id: str
    autor: str
    motivo: str
    nome: str | None
    labels: dict[str, str]
    criado_em: str
    ate: str
    ativo: bool
    encerrado_em: str | None
    encerrado_por: str | None


class ListaDeSilencios(_Saida):
    """A page of silences, newest first."""

    itens: list[SilencioNaLista]
    total: int
    proximo: str | None
