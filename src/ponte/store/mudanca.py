"""Mudanca: a whole installation out of a SQLite file into an empty PostgreSQL database.

The file's write lock is held from the first row to the last, so nothing is missed; it is
only read. All that is written on the server is one transaction: killed half way, the
database is as empty as before. The rule: nothing is committed before every row was read
back and found to be what it was.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from ponte.errors import PonteError
from ponte.store import migrate, pg_migrate
from ponte.store.pg_copia import FREE

ROWS = 1_000  # chosen: a batch in memory; a webhook's body in each is a few MB
# The history is the server's own; who ran is known by locks in the folder left behind.
STAY = frozenset({"migracoes", "instancias"})
# Rows that a migration writes by itself.
BORN = ("meta", "contadores")
# What a value that is not of its column's kind leads to, here or on the server.
_UNFIT = (TypeError, ValueError, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
_COLUMNS = """SELECT table_name, column_name, is_identity FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"""
_MASK = (1 << 128) - 1


class DestinoOcupado(PonteError):
    """The server's database holds something already; nothing was changed."""

    def __init__(self, tabela: str) -> None:
        super().__init__(f"{tabela} is not empty")
        self.tabela = tabela


class OrigemOcupada(PonteError):
    """Somebody writes to the file; nothing was changed."""


class OrigemAtrasada(PonteError):
    """The file lacks migrations; nothing was changed."""


class MudancaFalhou(PonteError):
    """A table can't be taken over as it is; nothing was changed."""

    def __init__(self, tabela: str, motivo: str) -> None:
        super().__init__(f"{tabela}: {motivo}")


@dataclass(frozen=True, slots=True)
class Soma:
    """How many rows, and a sum over all that stands in them, whatever their order."""

    linhas: int = 0
    soma: int = 0

    def plus(self, rows: Sequence[Sequence[Any]]) -> "Soma":
        """Return the sum with more rows."""
        soma = self.soma
        for row in rows:
            digest = hashlib.blake2b(repr(tuple(row)).encode(), digest_size=16).digest()
            soma += int.from_bytes(digest, "big")
        return Soma(self.linhas + len(rows), soma & _MASK)


@dataclass(frozen=True, slots=True)
class Tabela:
    """A table on the server: its columns in order, and the one it numbers by itself."""

    nome: str
    colunas: Sequence[str]
    identidade: str | None

    @property
    def select(self) -> str:
        """Return the statement that reads all of it, the same on both engines."""
        return f"SELECT {', '.join(self.colunas)} FROM {self.nome}"  # noqa: S608 - own names


async def move(path: Path, url: str) -> dict[str, int]:
    """Take everything over; return how many rows of each table.

    Raises:
        OrigemOcupada: somebody writes to the file.
        OrigemAtrasada: the file lacks migrations.
        DestinoOcupado: the server's database holds something already.
        MudancaFalhou: a table can't be taken over as it is.
        ConfiguracaoInvalida: one of them is of a newer Ponte.
        ArmazenamentoIndisponivel: the server does not answer or refuses.
        sqlite3.Error: the file can't be read.
    """
    with _held(path) as con:
        # A process that names itself: the triggers tell nobody of stock that came along.
        async with pg_migrate.opened(url, processo="mudanca") as pg:
            async with pg.transaction():
                tabelas = await _prepare(con, pg)
                somas = {t.nome: await _copy(con, pg, tabela=t) for t in tabelas}
                for tabela in tabelas:
                    await _compare(pg, tabela, somas[tabela.nome])
                await _go_on(con, pg, tabelas=tabelas)
            await pg.execute("ANALYZE")
    return {nome: soma.linhas for nome, soma in sorted(somas.items())}


@contextmanager
def _held(path: Path) -> Iterator[sqlite3.Connection]:
    """Lend a file that nobody can write to meanwhile."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as con:
        con.isolation_level = None
        try:
            con.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OrigemOcupada(str(error)) from error
        try:
            yield con
        finally:
            if con.in_transaction:  # a broken file ends it by itself
                con.execute("ROLLBACK")


async def _prepare(con: sqlite3.Connection, pg: Any) -> list[Tabela]:
    applied = dict(con.execute("SELECT numero, hash FROM migracoes"))
    if migrate.check(applied, migrate.load()):
        msg = "The file lacks migrations"
        raise OrigemAtrasada(msg)
    await pg_migrate.bring_up(pg)
    tabelas = await _tables(con, pg)
    names = ", ".join(t.nome for t in tabelas)
    await pg.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
    for nome in (t.nome for t in tabelas if t.nome not in BORN):
        if await pg.fetchval(f"SELECT EXISTS (SELECT 1 FROM {nome})"):  # noqa: S608 - own names
            raise DestinoOcupado(nome)
    if await pg.fetchval("SELECT pos FROM contadores"):
        raise DestinoOcupado("contadores")
    for nome in BORN:
        await pg.execute(f"DELETE FROM {nome}")  # noqa: S608 - own names
    return tabelas


async def _tables(con: sqlite3.Connection, pg: Any) -> list[Tabela]:
    there: dict[str, list[tuple[str, bool]]] = {}
    for nome, coluna, identity in await pg.fetch(_COLUMNS):
        there.setdefault(nome, []).append((coluna, identity == "YES"))
    found = []
    for nome in sorted({row[0] for row in con.execute(_TABLES)} - STAY):
        here = {row[1] for row in con.execute(f"PRAGMA table_info({nome})")}
        # The number of a pedido is a sequence there.
        here -= {"pedido_numero"} if nome == "contadores" else set()
        columns = there.get(nome, [])
        if here != {coluna for coluna, _ in columns}:
            raise MudancaFalhou(nome, "other columns")
        own = [coluna for coluna, identity in columns if identity]
        found.append(Tabela(nome, [c for c, _ in columns], own[0] if own else None))
    return found


async def _copy(con: sqlite3.Connection, pg: Any, *, tabela: Tabela) -> Soma:
    soma = Soma()
    cursor = con.execute(tabela.select)
    while rows := cursor.fetchmany(ROWS):
        soma = soma.plus(rows)
        try:
            await pg.copy_records_to_table(tabela.nome, records=rows, columns=tabela.colunas)
        except _UNFIT as error:
            raise MudancaFalhou(tabela.nome, str(error)) from error
    return soma


async def _compare(pg: Any, tabela: Tabela, soma: Soma) -> None:
    there, rows = Soma(), []
    async for row in pg.cursor(tabela.select, prefetch=ROWS):
        rows.append(row)
        if len(rows) == ROWS:
            there, rows = there.plus(rows), []
    there = there.plus(rows)
    if there != soma:
        raise MudancaFalhou(tabela.nome, f"{there.linhas} of {soma.linhas} rows arrived as sent")


async def _go_on(con: sqlite3.Connection, pg: Any, *, tabelas: Sequence[Tabela]) -> None:
    """Let numbers go on where they were, and nobody have work in hand."""
    ultimo = con.execute("SELECT pedido_numero FROM contadores").fetchone()[0]
    await pg.execute("SELECT setval('pedidos_numero', $1)", ultimo)
    given: Mapping[str, int] = dict(con.execute("SELECT name, seq FROM sqlite_sequence"))
    for tabela in tabelas:
        if tabela.identidade is None:
            continue
        last = f"SELECT MAX({tabela.identidade}) FROM {tabela.nome}"  # noqa: S608 - own names
        top = max(await pg.fetchval(last) or 0, given.get(tabela.nome, 0))
        if top:
            serial = (tabela.nome, tabela.identidade)
            await pg.execute("SELECT setval(pg_get_serial_sequence($1, $2), $3)", *serial, top)
    for sql in FREE:
        await pg.execute(sql)
