"""Falhas: work set aside whole. A person replays it with the same id, or discards it.

Replaying puts the row back in its queue as if it had never been tried; what it
did before, its step's inbox knows, so nothing is done twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ponte.acesso import auditoria
from ponte.domain.valores import format_time
from ponte.errors import ConflitoDeEstado, NaoEncontrado
from ponte.events import FalhaDescartada, FalhaReprocessada
from ponte.store.db import Row, Tx

ABERTA, REPROCESSADA, DESCARTADA = "aberta", "reprocessada", "descartada"
MAX_LOTE = 1000  # chosen: one transaction; a larger set is replayed in several calls
_COLUNAS = (
    "a.id, a.passo, a.fila, a.lane, a.tentativas, a.causa, a.erro, a.historia, a.vezes,"
    " a.situacao, a.motivo, a.criada_em, a.atualizada_em, f.tipo, f.dados, a.fila_id, a.pos"
)
_FROM = "FROM falhas a JOIN fatos f ON f.pos = a.pos"


@dataclass(frozen=True, slots=True)
class Filtro:
    """Which failures; None means all."""

    situacao: str | None = ABERTA
    fila: str | None = None
    causa: str | None = None
    ids: Sequence[str] | None = None


def view(row: Row) -> dict[str, Any]:
    """Return the wire form of one failure."""
    return {
        "id": row[0],
        "passo": row[1],
        "fila": row[2],
        "lane": row[3],
        "tentativas": row[4],
        "causa": row[5],
        "erro": row[6],
        "historia": orjson.loads(row[7]),
        "vezes": row[8],
        "situacao": row[9],
        "motivo": row[10],
        "criada_em": format_time(row[11]),
        "atualizada_em": format_time(row[12]),
        "fato": {"tipo": row[13], "dados": orjson.loads(row[14])},
    }


async def list_failures(
    tx: Tx, filtro: Filtro, *, pular: int, limite: int, antes_de: str | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of failures, newest first, and how many match.

    `antes_de` goes on below that id, whatever was set aside meanwhile.
    """
    where, params = _where(filtro)
    total = await tx.fetch_one(f"SELECT COUNT(*) {_FROM} WHERE {where}", params)
    if antes_de is not None:
        where, params = f"{where} AND a.id < ?", [*params, antes_de]
    rows = await tx.fetch(
        f"SELECT {_COLUNAS} {_FROM} WHERE {where} ORDER BY a.id DESC LIMIT ? OFFSET ?",
        (*params, limite, pular),
    )
    return [view(row) for row in rows], int(total[0]) if total else 0


async def causes(tx: Tx) -> list[dict[str, Any]]:
    """Return the open failures grouped by cause, the most frequent first."""
    rows = await tx.fetch(
        "SELECT causa, passo, COUNT(*), MIN(criada_em), MAX(atualizada_em), MAX(erro), MAX(id)"
        " FROM falhas WHERE situacao = ? GROUP BY causa, passo ORDER BY COUNT(*) DESC",
        (ABERTA,),
    )
    return [
        {
            "causa": r[0],
            "passo": r[1],
            "quantidade": r[2],
            "primeira_em": format_time(r[3]),
            "ultima_em": format_time(r[4]),
            "exemplo": {"id": r[6], "erro": r[5]},
        }
        for r in rows
    ]


async def get(tx: Tx, falha_id: str) -> dict[str, Any]:
    """Return one failure whole.

    Raises:
        NaoEncontrado: no such failure.
    """
    return view(await _load(tx, falha_id))


async def replay(tx: Tx, falha_id: str, *, autor: str) -> None:
    """Put one failure back in its queue, with the same id.

    Raises:
        NaoEncontrado: no such failure.
        ConflitoDeEstado: it is not open.
    """
    row = await _open(tx, falha_id)
    await tx.insert_many(
        "fila (id, pos, passo, fila, lane, disponivel_em, historia)",
        [(row[15], row[16], row[1], row[2], row[3], tx.now_ms, row[7])],
    )
    tx.feed(row[2])
    await _set(tx, falha_id, REPROCESSADA, None)
    await auditoria.record(tx, autor=autor, acao="falha.reprocessada", alvo=falha_id)
    tx.put(FalhaReprocessada(falha_id=falha_id, fila=row[2], causa=row[5]))


async def discard(tx: Tx, falha_id: str, *, motivo: str, autor: str) -> None:
    """Decide that a failure is not to be done; it stays on record.

    Raises:
        NaoEncontrado: no such failure.
        ConflitoDeEstado: it is not open.
    """
    row = await _open(tx, falha_id)
    await _set(tx, falha_id, DESCARTADA, motivo)
    await auditoria.record(
        tx, autor=autor, acao="falha.descartada", alvo=falha_id, dados={"motivo": motivo}
    )
    tx.put(FalhaDescartada(falha_id=falha_id, fila=row[2], causa=row[5], motivo=motivo))


async def matching(tx: Tx, filtro: Filtro) -> list[str]:
    """Return the ids of up to `MAX_LOTE` open failures that match, oldest first."""
    where, params = _where(filtro)
    rows = await tx.fetch(
        f"SELECT a.id {_FROM} WHERE {where} ORDER BY a.criada_em, a.id LIMIT ?",
        (*params, MAX_LOTE),
    )
    return [row[0] for row in rows]


def _where(filtro: Filtro) -> tuple[str, list[Any]]:
    where, params = ["1 = 1"], list[Any]()
    for column, value in (
        ("a.situacao", filtro.situacao),
        ("a.fila", filtro.fila),
        ("a.causa", filtro.causa),
    ):
        if value is not None:
            where.append(f"{column} = ?")
            params.append(value)
    if filtro.ids is not None:
        where.append(f"a.id IN ({','.join('?' * len(filtro.ids))})")
        params += filtro.ids
    return " AND ".join(where), params


async def _load(tx: Tx, falha_id: str, lock: str = "") -> Row:
    row = await tx.fetch_one(f"SELECT {_COLUNAS} {_FROM} WHERE a.id = ?{lock}", (falha_id,))
    if row is None:
        raise NaoEncontrado("Falha", falha_id)
    return row


async def _open(tx: Tx, falha_id: str) -> Row:
    row = await _load(tx, falha_id, tx.lock("a"))
    if row[9] != ABERTA:
        msg = f"The failure is {row[9]}, not open"
        raise ConflitoDeEstado(msg)
    return row


async def _set(tx: Tx, falha_id: str, situacao: str, motivo: str | None) -> None:
    await tx.execute(
        "UPDATE falhas SET situacao = ?, motivo = ?, atualizada_em = ? WHERE id = ?",
        (situacao, motivo, tx.now_ms, falha_id),
    )
