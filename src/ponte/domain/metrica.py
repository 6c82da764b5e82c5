"""Metrica: one number at one moment, under a name and labels.

A `contador` says by how much something grew, a `medidor` how much there is now, a
`histograma` one observation.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# Names of Prometheus, and the dots and dashes that other systems use; chosen lengths.
NOME = r"^[A-Za-z_][A-Za-z0-9_.:-]{0,99}\Z"
ROTULO = r"^[A-Za-z_][A-Za-z0-9_]{0,49}\Z"
MAX_VALOR = 1e15  # chosen: whole numbers are exact up to nine times that
MAX_ROTULOS = 10  # chosen: each set of labels is a series
MAX_VALOR_DO_ROTULO = 100
# Ponte counts under these itself; nobody else's number may look like one of them.
RESERVADOS = ("ponte_", "hub_", "process_", "python_")
_NOME, _ROTULO = re.compile(NOME, re.ASCII), re.compile(ROTULO, re.ASCII)


class TipoMetrica(StrEnum):
    """How the values of one series add up."""

    CONTADOR = "contador"
    MEDIDOR = "medidor"
    HISTOGRAMA = "histograma"


@dataclass(frozen=True, slots=True)
class Metrica:
    """One sample; `timestamp` in epoch ms, None until it is recorded."""

    nome: str
    tipo: TipoMetrica
    valor: float
    labels: Mapping[str, str] = field(default_factory=dict)
    timestamp: int | None = None


def wrong_fields(metrica: Metrica) -> Iterator[tuple[str, str]]:
    """Yield each field that is wrong, and why."""
    if not _NOME.match(metrica.nome):
        yield "nome", "1 to 100 of A-Z a-z 0-9 _ . : - expected, a letter or _ first"
    # As Prometheus will write it.
    if re.sub(r"[.-]", "_", metrica.nome).startswith(RESERVADOS):
        yield "nome", "Ponte itself counts under this name"
    if metrica.nome == "_total":
        yield "nome", "nothing stands before _total"
    if not math.isfinite(metrica.valor) or abs(metrica.valor) > MAX_VALOR:
        yield "valor", f"a number up to {MAX_VALOR:.0e} expected"
    elif metrica.tipo is TipoMetrica.CONTADOR and metrica.valor < 0:
        yield "valor", "a contador never falls"
    if len(metrica.labels) > MAX_ROTULOS:
        yield "labels", f"at most {MAX_ROTULOS} labels"
    for nome, valor in metrica.labels.items():
        if not _ROTULO.match(nome) or nome.startswith("__"):
            yield f"labels.{nome[:50]}", "a letter or _ first, then letters, digits and _"
        if len(valor) > MAX_VALOR_DO_ROTULO:
            yield f"labels.{nome[:50]}", f"at most {MAX_VALOR_DO_ROTULO} characters"
