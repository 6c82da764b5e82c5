"""A start that fails leaves nothing open behind it."""

from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from ponte.errors import ConfiguracaoInvalida
from ponte.runtime.build import build
from ponte.settings import Settings
from tests.espera import until


@pytest.mark.postgres
async def test_a_start_that_fails_leaves_no_connection_on_the_server(
    tmp_path: Path, engine: str
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path / "dados", master_key=SecretStr("no key"))

    with pytest.raises(ConfiguracaoInvalida, match="PONTE_MASTER_KEY"):
        await build(settings, env={})

    con = await asyncpg.connect(engine)

    async def alone() -> bool:
        others = await con.fetchval(
            "SELECT COUNT(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return bool(others == 0)

    await until(alone)
    await con.close()
