"""Fatos: the numbered facts as the database keeps them, for who comes back to a WebSocket.

The window of a socket lies in memory; these reads fill it after a start, and fill
its holes when another process committed first. The rule: what is returned has no
hole inside, or the reader can't tell a lost frame from one that never was.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from ponte.events import FatoGravado
from ponte.store.db import Database, Tx
from ponte.store.outbox import gravado

Coluna = Literal["seq", "seq_publico", "seq_estoque"]
Itens = Callable[[Tx], Awaitable[Sequence[dict[str, Any]]]]

DIA_MS = 24 * 60 * 60 * 1000  # promise P5
# Chosen: rows looked at in one step, so that rare facts do not make one read scan everything.
_PASSO = 20_000
_COLUNAS: tuple[Coluna, ...] = ("seq", "seq_publico", "seq_estoque")
_FACT = "pos, id, tipo, lane, em, dados, seq, seq_publico, seq_estoque, traceparent"


@dataclass(frozen=True, slots=True)
class FotoGravada:
    """The stock as a JSON array, and the newest numbers, of one snapshot."""

    itens: bytes
    seqs: dict[Coluna, int]


class HistoricoDoBanco:
    """Reads numbered facts. `itens` lists the stock as `GET /estoque` shows it."""

    def __init__(self, db: Database, *, itens: Itens) -> None:
        self._db = db
        self._itens = itens

    async def recentes(self, coluna: Coluna, *, limite: int) -> tuple[int, Sequence[FatoGravado]]:
        """Return the newest seq, and up to `limite` facts of the last 24 h, oldest first."""
        ultimo, fatos = await self._db.read(_recent, coluna, limite)
        return int(ultimo), list(fatos)

    async def faixa(self, coluna: Coluna, *, desde: int, ate: int) -> Sequence[FatoGravado]:
        """Return the facts whose seq is in [desde, ate], in order."""
        _ultimo, fatos = await self._db.read(_recent, coluna, ate - desde + 1, ate)
        return [f for f in fatos if getattr(f, coluna) >= desde]

    async def foto(self) -> FotoGravada:
        """Return the stock and the newest seqs, from one snapshot."""
        itens, seqs = await self._db.read(self._photograph)
        return FotoGravada(orjson.dumps(itens), seqs)

    async def _photograph(self, tx: Tx) -> tuple[Sequence[dict[str, Any]], dict[Coluna, int]]:
        row = await tx.fetch_one("SELECT seq, seq_publico, seq_estoque FROM contadores")
        return await self._itens(tx), dict(zip(_COLUNAS, row or (0, 0, 0), strict=True))


async def after(tx: Tx, pos: int, limite: int) -> list[FatoGravado]:
    """Return the facts after a position, in the order of their commits."""
    rows = await tx.fetch(
        f"SELECT {_FACT} FROM fatos WHERE pos > ? ORDER BY pos LIMIT ?",  # noqa: S608 - constants
        (pos, limite),
    )
    return [gravado(row) for row in rows]


async def _recent(
    tx: Tx, coluna: Coluna, limite: int, ate: int | None = None
) -> tuple[int, list[FatoGravado]]:
    """Return the newest seq, and the last `limite` facts up to `ate` of the last 24 h, in order."""
    row = await tx.fetch_one(f"SELECT pos, {coluna} FROM contadores")  # noqa: S608 - a constant
    topo, ultimo = row or (0, 0)
    corte = tx.now_ms - DIA_MS
    fatos: list[FatoGravado] = []
    while topo > 0 and len(fatos) < limite:
        rows = await tx.fetch(
            f"SELECT {_FACT} FROM fatos WHERE pos > ? AND pos <= ?"  # noqa: S608 - constants
            f" AND {coluna} <= ? ORDER BY pos DESC LIMIT ?",
            (topo - _PASSO, topo, ultimo if ate is None else ate, limite - len(fatos)),
        )
        fatos += [gravado(row) for row in rows]
        topo -= _PASSO
        oldest = await tx.fetch_one(
            "SELECT em FROM fatos WHERE pos > ? ORDER BY pos LIMIT 1", (topo,)
        )
        if oldest is not None and oldest[0] < corte:
            break
    novos = [f for f in fatos if f.em_ms >= corte]
    return ultimo, sorted(novos, key=lambda f: getattr(f, coluna))
