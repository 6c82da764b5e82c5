"""Consultas: reading messages, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ponte.domain.mensagem import Mensagem
from ponte.domain.valores import format_time
from ponte.mensagens.service import COLUNAS, from_row, get, view
from ponte.store.db import Tx


@dataclass(frozen=True, slots=True)
class Filtro:
    """Which messages are asked for; None means all. `contato` is the other side's address."""

    tipo: str | None = None
    status: str | None = None
    canal: str | None = None
    contato: str | None = None


async def list_messages(
    tx: Tx, filtro: Filtro, *, pular: int, limite: int, antes_de: str | None = None
) -> tuple[list[Mensagem], int]:
    """Return a page of messages and how many match; `antes_de` goes on below that id."""
    where, params = ["1 = 1"], list[Any]()
    for coluna in ("tipo", "status", "canal", "contato"):
        valor = getattr(filtro, coluna)
        if valor is not None:
            where.append(f"{coluna} = ?")
            params.append(valor)
    found = " AND ".join(where)
    total = await tx.fetch_one(f"SELECT COUNT(*) FROM mensagens WHERE {found}", params)  # noqa: S608
    if antes_de is not None:
        found, params = f"{found} AND id < ?", [*params, antes_de]
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM mensagens WHERE {found} ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608
        (*params, limite, pular),
    )
    return [from_row(row) for row in rows], int(total[0]) if total else 0


async def shown(tx: Tx, mensagem_id: str) -> dict[str, Any]:
    """Return one message as people see it; raises `NaoEncontrado` where there is none."""
    [found] = await with_notes(tx, [await get(tx, mensagem_id)])
    return found


async def with_notes(tx: Tx, mensagens: Sequence[Mensagem]) -> list[dict[str, Any]]:
    """Return messages as people see them: with what was done to each later, oldest first.

    A reaction that was taken back is none.
    """
    if not mensagens:  # PostgreSQL knows no empty list
        return []
    notes: dict[str, list[dict[str, Any]]] = {mensagem.id: [] for mensagem in mensagens}
    rows = await tx.fetch(
        "SELECT mensagem_id, tipo, autor, valor, em FROM anotacoes"  # noqa: S608
        f" WHERE mensagem_id IN ({', '.join('?' * len(notes))}) ORDER BY em, tipo, autor",
        tuple(notes),
    )
    for mensagem_id, anotacao, autor, valor, em in rows:
        if anotacao != "reacao" or valor:
            notes[str(mensagem_id)].append(
                {"anotacao": anotacao, "autor": autor, "valor": valor, "em": format_time(em)}
            )
    return [{**view(mensagem), "anotacoes": notes[mensagem.id]} for mensagem in mensagens]
