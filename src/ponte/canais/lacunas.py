"""Lacunas: how far the past of each connector was read, and who wants it read again.

What a platform told while nobody listened is fetched from where this row ends. The one
rule: it moves forward only when all that was fetched is stored, so a process that dies in
between leaves no gap, and what comes twice is known by its id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from ponte.context import Ligado
from ponte.ports import History
from ponte.store.db import Row, Tx

_COLUNAS = "conector, canal, ate_em, puxada_em, tentada_em, pedida_em, pedida_desde, novas, erro"
OCUPADA_MS = 300_000  # chosen: a pull may take two minutes, storing what it found the rest
DE_NOVO_MS = 60_000  # chosen: how soon a platform that did not tell is asked again


@dataclass(frozen=True, slots=True)
class Lacuna:
    """One connector's row; times in epoch milliseconds, None where it never happened."""

    conector: str
    canal: str
    ate_em: int
    puxada_em: int | None
    tentada_em: int | None
    pedida_em: int | None
    pedida_desde: int | None
    novas: int
    erro: str | None


def history(ligado: Ligado) -> History | None:
    """Return the door to a connector's past, None where it has none."""
    pull = getattr(ligado.channel, "pull", None)
    return cast("History", ligado.channel) if callable(pull) else None


async def begin(tx: Tx, conectores: Mapping[str, str]) -> None:
    """Make the rows that are missing, by connector and its canal: from now on there is a gap."""
    await tx.insert_many(
        "recuperacoes (conector, canal, ate_em)",
        [(conector, canal, tx.now_ms) for conector, canal in sorted(conectores.items())],
        conflict="ON CONFLICT (conector) DO NOTHING",
    )


async def ask(tx: Tx, canal: str, *, desde_ms: int | None = None) -> bool:
    """Want a canal's past read soon, by default from where it ends; False where none is read."""
    asked = await tx.execute(
        "UPDATE recuperacoes SET pedida_em = ? WHERE canal = ?", (tx.now_ms, canal)
    )
    if desde_ms is not None:
        await tx.execute(
            "UPDATE recuperacoes SET pedida_desde = ?"
            " WHERE canal = ? AND (pedida_desde IS NULL OR pedida_desde > ?)",
            (desde_ms, canal, desde_ms),
        )
    return bool(asked)


async def known(tx: Tx) -> dict[str, Lacuna]:
    """Return every row, by connector."""
    return {row[0]: Lacuna(*row) for row in await tx.fetch(f"SELECT {_COLUNAS} FROM recuperacoes")}  # noqa: S608


async def take(tx: Tx, conector: str, *, cada_ms: int, partida_ms: int) -> Lacuna | None:
    """Take a connector's past in hand if its time has come; None while another has it.

    Args:
        tx: The caller's transaction.
        conector: Whose past.
        cada_ms: How long after one pull the next is due; 0: when asked for alone.
        partida_ms: Since when this process keeps time; what was missed before is due.
    """
    row = await tx.fetch_one(
        f"SELECT {_COLUNAS}, ocupada_ate FROM recuperacoes WHERE conector = ?{tx.lock()}",  # noqa: S608
        (conector,),
    )
    if row is None or (row[-1] or 0) > tx.now_ms:
        return None
    lacuna = _from_row(row)
    if not _is_due(lacuna, tx.now_ms, cada_ms=cada_ms, partida_ms=partida_ms):
        return None
    await tx.execute(
        "UPDATE recuperacoes SET ocupada_ate = ?, tentada_em = ? WHERE conector = ?",
        (tx.now_ms + OCUPADA_MS, tx.now_ms, conector),
    )
    return lacuna


async def close(tx: Tx, lacuna: Lacuna, *, ate_ms: int, novas: int) -> None:
    """Record that all until then is here; who asked meanwhile is still owed a pull."""
    await tx.execute(
        "UPDATE recuperacoes SET puxada_em = ?, ocupada_ate = NULL, novas = ?, erro = NULL,"
        " ate_em = CASE WHEN ate_em > ? THEN ate_em ELSE ? END WHERE conector = ?",
        (tx.now_ms, novas, ate_ms, ate_ms, lacuna.conector),
    )
    if lacuna.pedida_em is not None:
        await tx.execute(
            "UPDATE recuperacoes SET pedida_em = NULL, pedida_desde = NULL"
            " WHERE conector = ? AND pedida_em = ?",
            (lacuna.conector, lacuna.pedida_em),
        )


async def leave(tx: Tx, lacuna: Lacuna, *, erro: str) -> None:
    """Record that the platform did not tell; the gap stays as it was."""
    await tx.execute(
        "UPDATE recuperacoes SET ocupada_ate = NULL, erro = ? WHERE conector = ?",
        (erro, lacuna.conector),
    )


def _is_due(lacuna: Lacuna, now_ms: int, *, cada_ms: int, partida_ms: int) -> bool:
    tentada, puxada = lacuna.tentada_em or 0, lacuna.puxada_em or 0
    if lacuna.erro is not None and tentada <= now_ms < tentada + DE_NOVO_MS:
        return False
    if lacuna.pedida_em is not None or lacuna.erro is not None or puxada < partida_ms:
        return True
    # A clock that went back makes it due, or it would rest until the clock is there again.
    return cada_ms > 0 and not puxada <= now_ms < puxada + cada_ms


def _from_row(row: Row) -> Lacuna:
    return Lacuna(*row[:9])
