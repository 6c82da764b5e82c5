"""Silencios: what people chose not to be told of for a while, and why.

A silence hides the notice, never the record: the alert opens, counts and shows as
any other. The one rule: nothing here tells anybody. What a silence hid and is
still open when it ends is told by `retorno`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from ponte.acesso import auditoria
from ponte.domain.valores import format_time, new_id
from ponte.errors import ConflitoDeEstado, NaoEncontrado
from ponte.events import SilencioCriado, SilencioEncerrado
from ponte.store.db import Row, Tx

MAX_ATIVOS = 500  # chosen: each firing is held against all of them
POR_SI = "ponte"  # who ends what ran out
COLUNAS = "id, autor, motivo, nome, labels, criado_em, ate, encerrado_em, encerrado_por"


class MuitosSilencios(ConflitoDeEstado):
    """As many silences are in force as are allowed at once; none was added."""

    code = "muitos_silencios"


@dataclass(frozen=True, slots=True)
class Silencio:
    """One silence; times in epoch ms. It catches what has its nome and all of its labels."""

    autor: str
    motivo: str
    ate: int
    nome: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    criado_em: int = 0
    encerrado_em: int | None = None
    encerrado_por: str | None = None

    def catches(self, nome: str, labels: Mapping[str, str]) -> bool:
        """Tell whether an alert of this name and these labels is hidden."""
        named = self.nome in (None, nome)
        return named and all(labels.get(k) == v for k, v in self.labels.items())


async def hides(tx: Tx, nome: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a silence in force catches an alert."""
    return any(s.catches(nome, labels) for s in await in_force(tx))


async def in_force(tx: Tx) -> list[Silencio]:
    """Return the silences that hide now."""
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM silencios WHERE encerrado_em IS NULL AND ate > ?",  # noqa: S608
        (tx.now_ms,),
    )
    return [_from_row(row) for row in rows]


async def create(tx: Tx, novo: Silencio, *, quem_id: str) -> Silencio:
    """Put a silence in force and write it to the audit.

    Raises:
        MuitosSilencios: there are too many in force.
    """
    if len(await in_force(tx)) >= MAX_ATIVOS:
        raise MuitosSilencios(f"At most {MAX_ATIVOS} silences are in force at once")
    silencio_id = new_id()
    labels = dict(sorted(novo.labels.items()))
    await tx.insert_many(
        "silencios (id, autor, motivo, nome, labels, criado_em, ate)",
        [
            (silencio_id, novo.autor, novo.motivo, novo.nome, orjson.dumps(labels).decode(),
             tx.now_ms, novo.ate)
        ],
    )  # fmt: skip
    tx.put(
        SilencioCriado(
            silencio_id=silencio_id,
            nome=novo.nome,
            labels=labels,
            autor=novo.autor,
            ate=format_time(novo.ate),
        )
    )
    dados = {"nome": novo.nome, "labels": labels, "motivo": novo.motivo, "ate": novo.ate}
    await auditoria.record(tx, autor=quem_id, acao="silencio.criado", alvo=silencio_id, dados=dados)
    return await get(tx, silencio_id)


async def end(tx: Tx, silencio_id: str, *, por: str, quem_id: str) -> None:
    """End a silence before its time.

    Raises:
        NaoEncontrado: no such silence.
        ConflitoDeEstado: it ended already.
    """
    silencio = await get(tx, silencio_id)
    ended = is_in_force(silencio, tx.now_ms) and await _end(tx, silencio, em=tx.now_ms, por=por)
    if not ended:
        raise ConflitoDeEstado("The silence ended already")
    await auditoria.record(tx, autor=quem_id, acao="silencio.encerrado", alvo=silencio_id)


async def end_due(tx: Tx) -> int:
    """Write down the end of every silence whose time is over; return how many."""
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM silencios WHERE encerrado_em IS NULL AND ate <= ?",  # noqa: S608
        (tx.now_ms,),
    )
    for silencio in map(_from_row, rows):
        await _end(tx, silencio, em=silencio.ate, por=POR_SI)
    return len(rows)


async def get(tx: Tx, silencio_id: str) -> Silencio:
    """Return one silence.

    Raises:
        NaoEncontrado: no such silence.
    """
    row = await tx.fetch_one(
        f"SELECT {COLUNAS} FROM silencios WHERE id = ?",  # noqa: S608
        (silencio_id,),
    )
    if row is None:
        raise NaoEncontrado("Silêncio", silencio_id)
    return _from_row(row)


async def list_all(
    tx: Tx, *, ativo: bool | None, pular: int, limite: int, antes_de: str | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of silences, newest first, and how many match."""
    where, params = "1 = 1", list[Any]()
    if ativo is not None:
        force = "encerrado_em IS NULL AND ate > ?"
        where, params = (force if ativo else f"NOT ({force})"), [tx.now_ms]
    total = await tx.fetch_one(f"SELECT COUNT(*) FROM silencios WHERE {where}", params)  # noqa: S608
    if antes_de is not None:
        where, params = f"{where} AND id < ?", [*params, antes_de]
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM silencios WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608
        (*params, limite, pular),
    )
    return [view(_from_row(r), now_ms=tx.now_ms) for r in rows], int(total[0]) if total else 0


def is_in_force(silencio: Silencio, now_ms: int) -> bool:
    """Tell whether a silence hides at that moment."""
    return silencio.encerrado_em is None and silencio.ate > now_ms


def view(silencio: Silencio, *, now_ms: int) -> dict[str, Any]:
    """Return the wire form of a silence."""
    return {
        "id": silencio.id,
        "autor": silencio.autor,
        "motivo": silencio.motivo,
        "nome": silencio.nome,
        "labels": dict(silencio.labels),
        "criado_em": format_time(silencio.criado_em),
        "ate": format_time(silencio.ate),
        "ativo": is_in_force(silencio, now_ms),
        "encerrado_em": None
        if silencio.encerrado_em is None
        else format_time(silencio.encerrado_em),
        "encerrado_por": silencio.encerrado_por,
    }


async def _end(tx: Tx, silencio: Silencio, *, em: int, por: str) -> bool:
    """Write down an end; False when somebody else was first."""
    mine = await tx.execute(
        "UPDATE silencios SET encerrado_em = ?, encerrado_por = ?"
        " WHERE id = ? AND encerrado_em IS NULL",
        (em, por, silencio.id),
    )
    if mine:
        tx.put(SilencioEncerrado(silencio_id=silencio.id, nome=silencio.nome, por=por))
    return bool(mine)


def _from_row(row: Row) -> Silencio:
    values: Sequence[Any] = row
    return Silencio(
        id=values[0],
        autor=values[1],
        motivo=values[2],
        nome=values[3],
        labels=orjson.loads(values[4]),
        criado_em=values[5],
        ate=values[6],
        encerrado_em=values[7],
        encerrado_por=values[8],
    )
