"""Gravadas: callers' samples in the order in which they were recorded, for who copies them.

The order is that of the recording transaction's time, not of its commit: a reader comes
back to the last few seconds.
"""

from dataclasses import dataclass

import orjson

from ponte.domain.metrica import Metrica, TipoMetrica
from ponte.store.db import Row, Tx


@dataclass(frozen=True, slots=True)
class AmostraGravada:
    """One sample as it was recorded, and when."""

    id: int
    gravada_em: int
    metrica: Metrica


async def recorded(tx: Tx, depois: tuple[int, int], limite: int) -> list[AmostraGravada]:
    """Return samples after a (time, id), the oldest first."""
    rows = await tx.fetch(
        "SELECT a.id, a.gravada_em, m.nome, m.tipo, a.valor, m.labels, a.em FROM amostras a"
        " JOIN metricas m ON m.id = a.metrica_id WHERE (a.gravada_em, a.id) > (?, ?)"
        " ORDER BY a.gravada_em, a.id LIMIT ?",
        (*depois, limite),
    )
    return [_recorded(row) for row in rows]


def _recorded(row: Row) -> AmostraGravada:
    metrica = Metrica(row[2], TipoMetrica(row[3]), row[4], orjson.loads(row[5]), row[6])
    return AmostraGravada(row[0], row[1], metrica)
