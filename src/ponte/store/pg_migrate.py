"""Pg_migrate: brings a PostgreSQL database up to date, once across all processes.

An advisory lock keeps processes that start together in line; each file is a transaction
of its own, with its line in the history, so a failure leaves the files before it.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from ponte.domain.valores import new_id
from ponte.errors import ArmazenamentoIndisponivel
from ponte.store import pg_con
from ponte.store.endereco import check_url
from ponte.store.migrate import HISTORY, Migracao, check, load

_LOCK = 7_665_578  # chosen: any number that nothing else in the database takes
ENGINE = "postgres"


async def pending(url: str) -> list[Migracao]:
    """Return what this database lacks, changing nothing.

    Raises:
        ArmazenamentoIndisponivel: the server does not answer or refuses.
        ConfiguracaoInvalida: an applied file was changed, or the database is newer than the code.
    """
    async with opened(url) as con:
        return check(await _applied(con), load(ENGINE))


async def migrate(url: str) -> list[str]:
    """Bring a database up to date; return the names of what was applied.

    Raises:
        ArmazenamentoIndisponivel: the server does not answer or refuses.
        ConfiguracaoInvalida: an applied file was changed, or the database is newer than the code.
    """
    async with opened(url) as con:
        return await bring_up(con)


async def bring_up(con: Any) -> list[str]:
    """Do the same on a connection, within its transaction where one is open.

    Raises:
        ConfiguracaoInvalida: an applied file was changed, or the database is newer than the code.
    """
    if not check(await _applied(con), load(ENGINE)):
        return []
    await con.execute("SELECT pg_advisory_lock($1)", _LOCK)
    await con.execute(HISTORY)
    done = []
    for migracao in check(await _applied(con), load(ENGINE)):
        async with con.transaction():
            await _apply(con, migracao)
        done.append(migracao.nome)
    return done


@contextlib.asynccontextmanager
async def opened(url: str, *, processo: str = "") -> AsyncIterator[Any]:
    """Lend a connection for work that takes as long as it takes.

    Raises:
        ArmazenamentoIndisponivel: the server does not answer or refuses.
        ConfiguracaoInvalida: it is no address of PostgreSQL.
    """
    con = await pg_con.connect(
        check_url(url),
        processo=processo,
        answer_s=None,
        lock_timeout="0",
        statement_timeout="0",
        idle_in_transaction_session_timeout="0",
    )
    try:
        yield con
    except pg_con.ERRORS as error:
        found = pg_con.mapped(error)
        if found is error:
            msg = f"PostgreSQL refused a migration: {type(error).__name__}: {error}"
            raise ArmazenamentoIndisponivel(msg) from error
        raise found from error
    finally:
        await con.close()


async def _applied(con: Any) -> dict[int, str]:
    if await con.fetchval("SELECT to_regclass('migracoes')") is None:
        return {}
    return dict(await con.fetch("SELECT numero, hash FROM migracoes"))


async def _apply(con: Any, migracao: Migracao) -> None:
    await con.execute(migracao.sql)
    await con.execute(
        "INSERT INTO migracoes VALUES ($1, $2, $3, to_char(now(), 'YYYY-MM-DD HH24:MI:SS'))",
        migracao.numero,
        migracao.nome,
        migracao.hash,
    )
    await con.execute(
        "INSERT INTO meta VALUES ('epoca', $1) ON CONFLICT DO NOTHING",
        new_id().replace("-", "")[-12:],
    )
