"""Banco: the SQLite file itself, for commands that care for it with or without a process."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ponte.cli.saida import FALHOU, USO, Parada
from ponte.errors import ConfiguracaoInvalida
from ponte.settings import Settings
from ponte.store import migrate as migracoes


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database so that nothing can be changed by it.

    Raises:
        Parada: there is none, or it is no database.
    """
    if not path.is_file():
        raise Parada(
            "Não há banco",
            causa=f"{path} não existe",
            tente="PONTE_DATA_DIR=… , ou começar com `ponte up`",
            codigo=USO,
        )
    try:
        con = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise broken(path, error) from error
    try:
        con.execute("PRAGMA busy_timeout = 5000")
        yield con
    except sqlite3.DatabaseError as error:
        raise broken(path, error) from error
    finally:
        con.close()


def broken(path: Path, error: sqlite3.Error) -> Parada:
    """Return what to say of a database that can't be read."""
    return Parada(
        "O banco não pode ser lido",
        causa=f"{path}: {error}",
        tente="ponte restore CÓPIA",
        codigo=FALHOU,
    )


def path_of(settings: Settings, arquivo: Path | None) -> Path:
    """Return the database a command means: a file that was named, or the installation's."""
    return settings.sqlite_path if arquivo is None else arquivo


def pending(path: Path) -> list[str]:
    """Return the names of the migrations that a database lacks, changing nothing.

    Raises:
        Parada: an applied file was changed, or the database is newer than this Ponte.
    """
    if not path.is_file():
        return [m.nome for m in migracoes.load()]
    with reading(path) as con:
        if con.execute("SELECT 1 FROM sqlite_master WHERE name = 'migracoes'").fetchone() is None:
            return [m.nome for m in migracoes.load()]
        try:
            return [m.nome for m in migracoes.pending(con)]
        except ConfiguracaoInvalida as error:
            raise _foreign(path, error) from error


def migrate(path: Path) -> list[str]:
    """Bring a database up to date; return the names of what was applied.

    Raises:
        Parada: it can't be written, or is not this Ponte's.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return migracoes.migrate(path)
    except ConfiguracaoInvalida as error:
        raise _foreign(path, error) from error
    except (OSError, sqlite3.Error) as error:
        raise Parada(
            "O banco não pode ser escrito",
            causa=f"{path}: {error}",
            tente="conferir dono e permissões da pasta, ou PONTE_DATA_DIR",
            codigo=USO,
        ) from error


def _foreign(path: Path, error: ConfiguracaoInvalida) -> Parada:
    return Parada(
        "O banco não é desta versão",
        causa=f"{path}: {error}",
        tente="usar o Ponte que o escreveu, ou mais novo",
        codigo=USO,
    )
