"""Life on a server: who lives and what is whose, by the server's clock and connections."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from ponte.errors import ArmazenamentoIndisponivel
from ponte.events import MensagemPublicada
from ponte.runtime import leases
from ponte.runtime.instances import BeatingInstance
from ponte.store import outbox
from ponte.store.db import Database, Tx
from tests.espera import until
from tests.postgres import Cluster
from tests.store.motores import Process, opened

pytestmark = pytest.mark.postgres


async def _put(tx: Tx, texto: str = "x") -> None:
    tx.put(MensagemPublicada(de="x", texto=texto))


async def _claim(tx: Tx, dono: str, lease_ms: int = 60_000) -> list[outbox.Entrega]:
    return await outbox.claim(tx, "f", limite=5, dono=dono, lease_ms=lease_ms)


async def _served(db: Database) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await db.transact(_put)
            except ArmazenamentoIndisponivel:
                await asyncio.sleep(0.05)
            else:
                return


async def _processo(tx: Tx) -> str:
    return str((await tx.fetch("SELECT current_setting('ponte.processo')"))[0][0])


async def _age(tx: Tx, instancia: str, idade_s: int) -> None:
    now, now_ms = tx.instant(-idade_s * 1000)
    await tx.execute(
        f"UPDATE instancias SET batimento_em = {now} WHERE id = ?",  # noqa: S608
        (now_ms, instancia),
    )


async def _free(tx: Tx) -> int:
    return await outbox.release_dead(tx, mortos=[])


async def _extend(tx: Tx, lease: str) -> None:
    await outbox.extend(tx, [lease], lease_ms=60_000)


async def _take_lease(tx: Tx, dono: str) -> int | None:
    return await leases.acquire(tx, "l", dono=dono, ttl_ms=30_000)


@pytest.mark.parametrize("ahead_ms", [60_000, -60_000])
async def test_a_machine_whose_clock_is_wrong_frees_no_work_and_takes_nobody_for_dead(
    db: Database, engine: str, ahead_ms: int
) -> None:
    there = BeatingInstance(await db.read(_processo))
    await db.transact(there.register, "worker")
    await db.transact(_put)
    [held] = await db.transact(_claim, there.id)
    token = await db.transact(_take_lease, there.id)

    async with opened(
        engine, Path(), rotas=lambda _: [], now_ms=lambda: time.time_ns() // 1_000_000 + ahead_ms
    ) as wrong:
        freed = await wrong.transact(_free)
        dead = await wrong.transact(BeatingInstance("other").dead)
        stolen = await wrong.transact(_take_lease, "other")
        await wrong.transact(_extend, held.lease)
    freed += await db.transact(_free)

    assert (freed, dead, stolen) == (0, [], None)
    assert await db.transact(_take_lease, there.id) == token
    await db.transact(outbox.finish, [held])


async def test_who_has_no_connection_is_dead_soon_and_who_has_one_may_beat_late(
    db: Database, process: Process
) -> None:
    me = BeatingInstance(await db.read(_processo))
    async with process() as busy:
        late = BeatingInstance(await busy.read(_processo))
        async with process() as killed:
            gone = BeatingInstance(await killed.read(_processo))
        for each in (me, late, gone):
            await db.transact(each.register, "worker")

        async def dead() -> list[str]:
            # Each beat is as old as one may be that was not the last.
            for each, age_s in ((late, 12), (gone, 6)):
                await db.transact(_age, each.id, age_s)
            return list(await db.read(me.dead))

        assert await until(dead) == [gone.id]


async def test_after_all_connections_were_cut_nobody_is_dead_before_he_could_come_back(
    db: Database, cluster: Cluster
) -> None:
    me, other = BeatingInstance(await db.read(_processo)), BeatingInstance("other")
    for each in (me, other):
        await db.transact(each.register, "worker")
        await db.transact(_age, each.id, 60)

    async def dead() -> list[str]:
        return list(await db.read(me.dead))

    await until(dead)
    await asyncio.to_thread(cluster.kill)
    await asyncio.to_thread(cluster.start, new=False)
    await _served(db)
    at_once = await dead()

    assert at_once == []
    assert await until(dead) == ["other"]


async def test_what_a_machine_whose_clock_is_ahead_took_is_freed_when_its_lease_ran_out(
    db: Database, engine: str
) -> None:
    await db.transact(_put)

    async with opened(
        engine, Path(), rotas=lambda _: [], now_ms=lambda: time.time_ns() // 1_000_000 + 60_000
    ) as wrong:
        await wrong.transact(_claim, "ahead", 1)

    async def freed() -> Any:
        return await db.transact(_free)

    assert await until(freed) == 1
