"""Alerta: something a person should know, recognised when it comes again by its fingerprint."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severidade(StrEnum):
    """How soon somebody must look."""

    INFO = "info"
    AVISO = "aviso"
    CRITICO = "critico"


@dataclass(frozen=True, slots=True)
class Alerta:
    """One alert as it stands; times in epoch milliseconds."""

    id: str
    nome: str
    severidade: Severidade
    titulo: str
    texto: str
    origem: str
    labels: Mapping[str, str] = field(default_factory=dict)
    impressao: str = ""
    contagem: int = 1
    criado_em: int = 0
    ultimo_em: int = 0
    reconhecido_em: int | None = None
    resolvido: bool = False
    resolvido_em: int | None = None


def fingerprint(nome: str, origem: str, labels: Mapping[str, str]) -> str:
    """Return what makes two firings the same alert: name, origin and labels, not the text."""
    parts = [nome, origem, *(f"{k}={labels[k]}" for k in sorted(labels))]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
