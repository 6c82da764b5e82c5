"""Migrate: numbered SQL files, forward only, each in a transaction of its own.

A file that landed is never edited; its hash is kept, and a changed one stops the
start with its name, since the database would no longer be what the code thinks.
"""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ponte.domain.valores import new_id
from ponte.errors import ConfiguracaoInvalida
from ponte.store.sqlite import connect

HISTORY = """CREATE TABLE IF NOT EXISTS migracoes (
    numero INTEGER PRIMARY KEY, nome TEXT NOT NULL, hash TEXT NOT NULL, em TEXT NOT NULL
)"""


@dataclass(frozen=True, slots=True)
class Migracao:
    """One numbered file."""

    numero: int
    nome: str
    sql: str

    @property
    def hash(self) -> str:
        """Return what identifies the file's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load(engine: str = "sqlite") -> list[Migracao]:
    """Return the migrations of an engine, in order."""
    folder = resources.files("ponte.store") / "migrations" / engine
    found = [
        Migracao(int(f.name.split("_", 1)[0]), f.name, f.read_text("utf-8"))
        for f in folder.iterdir()
        if f.name.endswith(".sql")
    ]
    return sorted(found, key=lambda m: m.numero)


def statements(sql: str) -> list[str]:
    """Split a script into complete statements; triggers keep their inner semicolons."""
    found, buffer = [], ""
    for line in sql.splitlines(keepends=True):
        buffer += line
        if sqlite3.complete_statement(buffer):
            found.append(buffer)
            buffer = ""
    return [s for s in found if s.strip()]


def pending(con: sqlite3.Connection) -> list[Migracao]:
    """Return what this database lacks.

    Raises:
        ConfiguracaoInvalida: an applied file was changed, or the database is newer than the code.
    """
    con.execute(HISTORY)
    return check(dict(con.execute("SELECT numero, hash FROM migracoes")), load())


def check(applied: Mapping[int, str], known: Sequence[Migracao]) -> list[Migracao]:
    """Return which of the known files are not applied yet.

    Args:
        applied: Numbers and hashes of the database's history.
        known: The files of this version, in order.

    Raises:
        ConfiguracaoInvalida: an applied file was changed, or the database is newer than the code.
    """
    if applied and max(applied) > known[-1].numero:
        msg = f"The database is at migration {max(applied)}, this Ponte knows {known[-1].numero}"
        raise ConfiguracaoInvalida(msg)
    for m in known:
        if m.numero in applied and applied[m.numero] != m.hash:
            msg = f"Migration {m.nome} was changed after it was applied"
            raise ConfiguracaoInvalida(msg)
    return [m for m in known if m.numero not in applied]


def migrate(path: Path) -> list[str]:
    """Bring a SQLite file up to date; return the names of what was applied."""
    path.parent.mkdir(parents=True, exist_ok=True)
    con = connect(path)
    try:
        done = []
        for m in pending(con):
            con.execute("BEGIN IMMEDIATE")
            if con.execute("SELECT 1 FROM migracoes WHERE numero = ?", (m.numero,)).fetchone():
                con.execute("ROLLBACK")  # another process was first
                continue
            for sql in statements(m.sql):
                con.execute(sql)
            con.execute(
                "INSERT INTO migracoes VALUES (?, ?, ?, datetime('now'))",
                (m.numero, m.nome, m.hash),
            )
            con.execute(
                "INSERT INTO meta VALUES ('epoca', ?) ON CONFLICT DO NOTHING",
                (new_id().replace("-", "")[-12:],),
            )
            con.execute("COMMIT")
            done.append(m.nome)
        return done
    finally:
        con.close()
