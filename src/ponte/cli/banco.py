"""Banco: the database itself, for commands that care for it with or without a process.

Without PONTE_DATABASE_URL it is a SQLite file, otherwise a server's. A command names the
file or the address; what is done to either stands here.
"""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ponte.cli.saida import FALHOU, INALCANCAVEL, USO, Parada
from ponte.errors import ArmazenamentoIndisponivel, ConfiguracaoInvalida
from ponte.runtime.banco import check_driver
from ponte.runtime.instances import living
from ponte.settings import Settings
from ponte.store import migrate as migracoes
from ponte.store import provas
from ponte.store.db import Service
from ponte.store.endereco import check_url, place
from ponte.store.sqlite_tx import SqliteTx, step


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


def server_of(settings: Settings) -> str:
    """Return the address of the installation's server, empty where it stores in a file."""
    return settings.database_url.get_secret_value()


def shown(settings: Settings) -> str:
    """Return where the database is, without user and password."""
    url = server_of(settings)
    return place(url) if url else str(settings.sqlite_path)


def exists(settings: Settings) -> bool:
    """Tell whether there is a database to look at, without asking a server."""
    return bool(server_of(settings)) or settings.sqlite_path.is_file()


def check_nobody_runs(settings: Settings) -> None:
    """Refuse to go on while a process uses the data folder.

    Raises:
        Parada: one does.
    """
    vivos = living(settings.data_dir)
    if vivos:
        raise Parada(
            "Ponte está rodando",
            causa=f"{len(vivos)} processo(s) usam {settings.data_dir}",
            tente="parar todos (Ctrl-C ou SIGTERM) e repetir",
            codigo=USO,
        )


def prove(settings: Settings, arquivo: Path | None) -> list[provas.Resultado]:
    """Run every proof over the file that was named, or the installation's database.

    Raises:
        Parada: there is none, it does not answer, or it is no database.
    """
    url = server_of(settings)
    if url and arquivo is None:
        return list(asyncio.run(ask(url, provas.prove, "postgres")))
    return prove_file(settings.sqlite_path if arquivo is None else arquivo)


def prove_file(path: Path) -> list[provas.Resultado]:
    """Run every proof over a file.

    Raises:
        Parada: there is none, or it is no database.
    """
    with reading(path) as con:
        return list(read(con, provas.prove, "sqlite"))


def read(con: sqlite3.Connection, service: Service, *args: Any) -> Any:
    """Run a service that only reads, on one snapshot of a file."""
    con.execute("BEGIN")
    try:
        return step(service(SqliteTx(con, lambda _: (), now_ms=time.time_ns() // 1_000_000), *args))
    finally:
        con.execute("ROLLBACK")


async def ask(url: str, service: Service, *args: Any) -> Any:
    """Run a service that only reads, on one snapshot of a server's database.

    Raises:
        Parada: it does not answer, refuses, or the address is wrong.
    """
    with explained(url):
        check_driver()
        from ponte.store.postgres import PostgresDatabase  # noqa: PLC0415 - the driver is an extra

        db = PostgresDatabase(
            check_url(url), rotas=lambda _: (), now_ms=lambda: time.time_ns() // 1_000_000
        )
        try:
            await db.start()
            return await db.read(service, *args)
        finally:
            await db.close()


def pending(settings: Settings) -> list[str]:
    """Return the names of the migrations that the database lacks, changing nothing.

    Raises:
        Parada: an applied file was changed, or the database is newer than this Ponte.
    """
    url = server_of(settings)
    return asyncio.run(server_pending(url)) if url else file_pending(settings.sqlite_path)


async def server_pending(url: str) -> list[str]:
    """Return the same of a server's database."""
    with explained(url):
        check_driver()
        from ponte.store import pg_migrate  # noqa: PLC0415 - the driver is an extra

        return [m.nome for m in await pg_migrate.pending(url)]


def migrate(settings: Settings) -> list[str]:
    """Bring the database up to date; return the names of what was applied.

    Raises:
        Parada: it can't be written, or is not this Ponte's.
    """
    url = server_of(settings)
    return asyncio.run(server_migrate(url)) if url else file_migrate(settings.sqlite_path)


async def server_migrate(url: str) -> list[str]:
    """Do the same to a server's database."""
    with explained(url):
        check_driver()
        from ponte.store import pg_migrate  # noqa: PLC0415 - the driver is an extra

        return await pg_migrate.migrate(url)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Say in our words why a server can't be used.

    Raises:
        Parada: it does not answer, refuses, is of another version, or the address is wrong.
    """
    try:
        yield
    except ConfiguracaoInvalida as error:
        if "igration" in str(error):
            raise _foreign(place(url), error) from error
        raise Parada(
            "O endereço do banco não serve",
            causa=str(error),
            tente="PONTE_DATABASE_URL",
            codigo=USO,
        ) from error
    except ArmazenamentoIndisponivel as error:
        raise Parada(
            "O banco não responde",
            causa=f"{place(url)}: {error}",
            tente="conferir o servidor, o usuário e a senha de PONTE_DATABASE_URL",
            codigo=INALCANCAVEL,
        ) from error


def file_pending(path: Path) -> list[str]:
    """Return the names of the migrations that a file lacks, changing nothing.

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


def file_migrate(path: Path) -> list[str]:
    """Bring a file up to date; return the names of what was applied.

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


def _foreign(path: Path | str, error: ConfiguracaoInvalida) -> Parada:
    return Parada(
        "O banco não é desta versão",
        causa=f"{path}: {error}",
        tente="usar o Ponte que o escreveu, ou mais novo",
        codigo=USO,
    )
