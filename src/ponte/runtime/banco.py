"""Banco: from the settings to the database that is meant, brought up to date and open.

Without PONTE_DATABASE_URL it is the SQLite file in the data directory. The driver of a
server is imported only when one is named.
"""

from collections.abc import Callable

from ponte.errors import ConfiguracaoInvalida
from ponte.runtime.instances import BeatingInstance, Instance, LockedInstance
from ponte.settings import Settings
from ponte.store.db import Database, Rotas
from ponte.store.migrate import migrate
from ponte.store.sqlite import SqliteDatabase


async def open_database(
    settings: Settings, *, rotas: Rotas, now_ms: Callable[[], int]
) -> tuple[Database, Instance]:
    """Bring the database up to date and open it; return it with this process's life on it.

    Raises:
        ConfiguracaoInvalida: the address is wrong, the driver is missing, or the database is
            not of this version.
        ArmazenamentoIndisponivel: the server does not answer or refuses.
    """
    url = settings.database_url.get_secret_value()
    if url:
        return await _open_server(url, rotas=rotas, now_ms=now_ms)
    migrate(settings.sqlite_path)
    instance = LockedInstance(settings.data_dir)
    return SqliteDatabase(settings.sqlite_path, rotas=rotas, now_ms=now_ms), instance


async def _open_server(
    url: str, *, rotas: Rotas, now_ms: Callable[[], int]
) -> tuple[Database, Instance]:
    check_driver()
    from ponte.store import pg_migrate  # noqa: PLC0415 - the driver is an extra
    from ponte.store.postgres import PostgresDatabase  # noqa: PLC0415

    await pg_migrate.migrate(url)
    db = PostgresDatabase(url, rotas=rotas, now_ms=now_ms)
    try:
        await db.start()
    except BaseException:
        await db.close()
        raise
    return db, BeatingInstance(db.processo)


def check_driver() -> None:
    """Make sure that PostgreSQL can be spoken to.

    Raises:
        ConfiguracaoInvalida: its driver is missing.
    """
    try:
        import asyncpg  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        msg = "PONTE_DATABASE_URL: PostgreSQL needs a driver: pip install 'ponte[postgres]'"
        raise ConfiguracaoInvalida(msg) from error
