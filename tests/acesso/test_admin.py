"""The first admin key: given, or generated once into a file that only its owner reads."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.acesso import chaves
from ponte.acesso.admin import ensure_admin, key_file
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded


@pytest.fixture
async def sem_chave(data_dir: Path) -> AsyncIterator[Embedded]:
    async with embedded(data_dir, papeis=(), api_key=None) as running:
        yield running


async def can_administer(running: Embedded, chave: str) -> bool:
    answer = await running.http.get("/chaves", headers={"Authorization": f"Bearer {chave}"})
    return answer.status_code == 200


async def test_the_first_start_generates_a_key_that_administers(sem_chave: Embedded) -> None:
    chave = await ensure_admin(sem_chave.ctx)

    path = key_file(sem_chave.ctx.settings)
    assert chave is not None
    assert path.read_text().strip() == chave
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await can_administer(sem_chave, chave)


async def test_it_is_told_once(sem_chave: Embedded) -> None:
    first = await ensure_admin(sem_chave.ctx)

    again = await ensure_admin(sem_chave.ctx)

    assert (first is not None, again) == (True, None)


async def test_processes_that_start_at_once_agree_on_one_key(sem_chave: Embedded) -> None:
    told = await asyncio.gather(*(ensure_admin(sem_chave.ctx) for _ in range(8)))

    fresh = [chave for chave in told if chave is not None]
    assert len(fresh) == 1
    assert await can_administer(sem_chave, fresh[0])
    assert [f.name for f in sem_chave.ctx.settings.data_dir.glob("*admin.key*")] == ["admin.key"]


async def test_a_revoked_first_key_is_replaced_at_the_next_start(sem_chave: Embedded) -> None:
    first = await ensure_admin(sem_chave.ctx)
    ((stored,), _) = await sem_chave.ctx.db.read(_all)
    await sem_chave.ctx.db.transact(chaves.revoke, stored.id)

    second = await ensure_admin(sem_chave.ctx)

    assert first is not None
    assert second is not None
    assert not await can_administer(sem_chave, first)
    assert await can_administer(sem_chave, second)


async def test_the_key_that_lies_in_the_data_dir_opens_a_restored_copy_that_never_knew_it(
    sem_chave: Embedded,
) -> None:
    await sem_chave.ctx.db.transact(_another_installation)
    path = key_file(sem_chave.ctx.settings)
    own = chaves.new_key()
    path.write_text(own + "\n")

    told = await ensure_admin(sem_chave.ctx)

    assert told is None
    assert await can_administer(sem_chave, own)


async def test_a_revoked_key_stays_revoked_though_its_file_lies_there(sem_chave: Embedded) -> None:
    first = await ensure_admin(sem_chave.ctx)
    ((stored,), _) = await sem_chave.ctx.db.read(_all)
    await sem_chave.ctx.db.transact(_another_installation)
    await sem_chave.ctx.db.transact(chaves.revoke, stored.id)

    await ensure_admin(sem_chave.ctx)

    assert first is not None
    assert not await can_administer(sem_chave, first)


async def test_a_key_in_the_environment_needs_no_file(data_dir: Path) -> None:
    async with embedded(data_dir, papeis=()) as running:
        told = await ensure_admin(running.ctx)

        assert told is None
        assert not key_file(running.ctx.settings).exists()
        assert (await running.http.get("/chaves")).status_code == 200


async def _another_installation(tx: Tx) -> None:
    await chaves.create(tx, chaves.new_key(), nome="de outra", escopos=("admin",))


_all = chaves.list_all
