"""Consultas: reading alerts and the notices sent of them."""

from dataclasses import dataclass
from typing import Any

from ponte.alertas import service
from ponte.domain.valores import format_time
from ponte.errors import DadosInvalidos, Problema
from ponte.listas import Pagina, cut
from ponte.store.db import Tx

MAX_MS = 2**63  # what every engine keeps as a whole number


@dataclass(frozen=True, slots=True)
class Filtro:
    """Which alerts are asked for; None means all. Times in epoch ms, `ate` exclusive."""

    severidade: str | None = None
    resolvido: bool | None = None
    desde: int | None = None
    ate: int | None = None


async def list_alerts(
    tx: Tx, filtro: Filtro, pagina: Pagina
) -> tuple[list[dict[str, Any]], int, str | None]:
    """Return a page of alerts, newest first, how many match, and the next page's cursor.

    Raises:
        DadosInvalidos: the cursor is another list's.
    """
    where, params = _where(filtro)
    total = await tx.fetch_one(f"SELECT COUNT(*) FROM alertas WHERE {where}", params)  # noqa: S608
    depois = _after(pagina)
    if depois is not None:
        where, params = f"{where} AND (criado_em, id) < (?, ?)", [*params, *depois]
    rows = await tx.fetch(
        f"SELECT {service.COLUNAS} FROM alertas WHERE {where}"  # noqa: S608 - own text
        " ORDER BY criado_em DESC, id DESC LIMIT ? OFFSET ?",
        (*params, pagina.limite + 1, pagina.pular),
    )
    read = [service.from_row(r) for r in rows]
    alertas, proximo = cut(read, pagina.limite, lambda a: (a.criado_em, a.id))
    return [service.view(a) for a in alertas], int(total[0]) if total else 0, proximo


def _after(pagina: Pagina) -> tuple[int, str] | None:
    match pagina.depois:
        case None:
            return None
        case [int(criado_em), str(alerta_id)] if 0 <= criado_em < MAX_MS:
            return criado_em, alerta_id
    raise DadosInvalidos(Problema("cursor", "a value of proximo expected"))


async def get_alert(tx: Tx, alerta_id: str) -> dict[str, Any]:
    """Return one alert with its notices, oldest first.

    Raises:
        NaoEncontrado: no such alert.
    """
    alerta = await service.get(tx, alerta_id)
    rows = await tx.fetch(
        "SELECT destino, motivo, situacao, tentativas, erro, pedida_em, terminada_em"
        " FROM notificacoes WHERE alerta_id = ? ORDER BY id",
        (alerta_id,),
    )
    avisos = [
        {
            "destino": r[0],
            "motivo": r[1],
            "situacao": r[2],
            "tentativas": r[3],
            "erro": r[4],
            "pedida_em": format_time(r[5]),
            "terminada_em": None if r[6] is None else format_time(r[6]),
        }
        for r in rows
    ]
    return {**service.view(alerta), "notificacoes": avisos}


def _where(filtro: Filtro) -> tuple[str, list[Any]]:
    where, params = ["1 = 1"], list[Any]()
    if filtro.severidade is not None:
        where.append("severidade = ?")
        params.append(filtro.severidade)
    if filtro.resolvido is not None:
        where.append(f"resolvido_em IS {'NOT ' if filtro.resolvido else ''}NULL")
    if filtro.desde is not None:
        where.append("criado_em >= ?")
        params.append(filtro.desde)
    if filtro.ate is not None:
        where.append("criado_em < ?")
        params.append(filtro.ate)
    return " AND ".join(where), params
