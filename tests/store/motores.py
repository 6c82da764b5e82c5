"""Both engines behind the one door, for the tests of the store."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from ponte.store import pg_migrate
from ponte.store.db import Database, Rotas
from ponte.store.migrate import migrate
from ponte.store.postgres import PostgresDatabase
from ponte.store.sqlite import SqliteDatabase

Process = Callable[[], contextlib.AbstractAsyncContextManager[Database]]


@contextlib.asynccontextmanager
async def opened(
    engine: str, path: Path, *, rotas: Rotas, now_ms: Callable[[], int]
) -> AsyncIterator[Database]:
    """Open a process's database: on the server whose address `engine` is, or on a file."""
    if engine:
        await pg_migrate.migrate(engine)
        server = PostgresDatabase(engine, rotas=rotas, now_ms=now_ms)
        await server.start()
        database: Database = server
    else:
        migrate(path)
        database = SqliteDatabase(path, rotas=rotas, now_ms=now_ms)
    try:
        yield database
    finally:
        await database.close()
