"""Queue rows: claimed by one, in the order of their lane, fenced, and never dropped."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ponte.events import EntregaPedida, Fato
from ponte.store import inbox, outbox
from ponte.store.db import Database, Rota, Tx
from ponte.store.outbox import Entrega, LeasePerdido
from tests.store.motores import opened


@dataclass
class Clock:
    ms: int = 1_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def relogio() -> Clock:
    return Clock()


@pytest.fixture
async def db(engine: str, tmp_path: Path, relogio: Clock) -> AsyncIterator[Database]:
    async with opened(engine, tmp_path / "ponte.db", rotas=_rotas, now_ms=relogio) as database:
        yield database


def _rotas(fato: Fato) -> list[Rota]:
    return [Rota("passo", "fila")] if isinstance(fato, EntregaPedida) else []


async def _put(tx: Tx, *lanes: str) -> None:
    for lane in lanes:
        tx.put(EntregaPedida(alerta_id=lane, destino="d", motivo="m"))


async def _claim(tx: Tx, limite: int = 10, dono: str = "eu") -> list[Entrega]:
    return await outbox.claim(tx, "fila", limite=limite, dono=dono, lease_ms=1000)


async def _claim_and_be_late(tx: Tx) -> list[Entrega]:
    return await outbox.claim(tx, "fila", limite=10, dono="eu", lease_ms=-1)


async def _sweep(tx: Tx) -> int:
    return await outbox.release_dead(tx, mortos=[])


async def _rows(tx: Tx) -> list[Any]:
    return await tx.fetch("SELECT id, lane, tentativas, mortes, lease FROM fila ORDER BY id")


async def test_only_the_head_of_a_lane_is_taken_and_lanes_do_not_wait_for_each_other(
    db: Database,
) -> None:
    await db.transact(_put, "a", "a", "b", "a", "c")

    first = await db.transact(_claim)
    second = await db.transact(_claim)
    await db.transact(outbox.finish, first)
    third = await db.transact(_claim)

    assert [e.lane for e in first] == ["a", "b", "c"]
    assert second == []
    assert [e.id for e in third] == [2]


async def test_a_lane_waits_for_its_head_even_while_the_head_waits_for_its_next_try(
    db: Database, relogio: Clock
) -> None:
    await db.transact(_put, "a", "a")
    [head] = await db.transact(_claim)

    async def fail(tx: Tx) -> None:
        await outbox.try_again(tx, head, erro="no", depois_ms=5000)

    await db.transact(fail)

    assert await db.transact(_claim) == []
    relogio.ms += 5000
    [again] = await db.transact(_claim)
    assert (again.id, again.tentativas) == (head.id, 2)


async def test_a_claim_counts_as_a_try_before_anything_runs(db: Database) -> None:
    await db.transact(_put, "a")

    [entrega] = await db.transact(_claim)

    assert entrega.tentativas == 1
    assert (await db.read(_rows))[0][2] == 1


async def test_a_worker_that_lost_its_lease_changes_nothing(db: Database) -> None:
    await db.transact(_put, "a")
    [stale] = await db.transact(_claim_and_be_late)

    freed = await db.transact(_sweep)
    [fresh] = await db.transact(_claim, 10, "outro")

    async def late(tx: Tx) -> None:
        await tx.execute("INSERT INTO meta VALUES ('effect', 'x')")
        await outbox.finish(tx, [stale])

    with pytest.raises(LeasePerdido):
        await db.transact(late)

    async def effect(tx: Tx) -> Any:
        return await tx.fetch_one("SELECT 1 FROM meta WHERE chave = 'effect'")

    assert freed == 1
    assert await db.read(effect) is None
    assert fresh.mortes == 1
    await db.transact(outbox.finish, [fresh])


async def test_work_of_a_dead_worker_is_taken_alone(db: Database) -> None:
    await db.transact(_put, "a", "b", "c")
    await db.transact(_claim)

    async def bury(tx: Tx) -> int:
        return await outbox.release_dead(tx, mortos=["eu"])

    await db.transact(bury)
    await db.transact(_put, "d")

    assert [e.lane for e in await db.transact(_claim)] == ["a"]
    assert [e.lane for e in await db.transact(_claim)] == ["b"]
    assert [e.lane for e in await db.transact(_claim)] == ["c"]
    assert [e.lane for e in await db.transact(_claim)] == ["d"]


async def test_a_clean_end_gives_work_back_without_counting_the_try(db: Database) -> None:
    await db.transact(_put, "a")
    await db.transact(_claim)

    await db.transact(outbox.release_own, "eu")

    assert (await db.read(_rows))[0][2:] == (0, 0, None)


async def test_set_aside_keeps_the_fact_the_reason_and_every_try(
    db: Database, relogio: Clock
) -> None:
    await db.transact(_put, "a", "a")
    for number in range(1, 4):
        [entrega] = await db.transact(_claim)

        async def fail(tx: Tx, entrega: Entrega = entrega, number: int = number) -> None:
            await outbox.try_again(tx, entrega, erro=f"try {number}", depois_ms=1)

        await db.transact(fail)
        relogio.ms += 10
    [last] = await db.transact(_claim)

    async def aside(tx: Tx) -> str | None:
        return await outbox.set_aside(tx, last, erro="ValueError: 42 is bad")

    falha_id = await db.transact(aside)

    async def falha(tx: Tx) -> Any:
        return await tx.fetch_one("SELECT id, pos, tentativas, erro, historia FROM falhas")

    row = await db.read(falha)
    assert row[0] == falha_id
    assert (row[1], row[2], row[3]) == (1, 4, "ValueError: 42 is bad")
    assert row[4].count("tentativa") == 4
    [next_of_lane] = await db.transact(_claim)
    assert next_of_lane.id == 2


async def test_the_same_error_with_other_numbers_is_one_cause() -> None:
    one = outbox.cause("passo", "pedido 12 of 01a21013-3133-7000-9d94-84b0538505ce failed")
    two = outbox.cause("passo", "pedido 99 of 01a21013-9999-7000-9d94-84b0538505ff failed")
    other = outbox.cause("passo", "nota 12 failed")

    assert one == two != other


async def test_what_a_broker_confirmed_and_nobody_handled_is_published_again(
    db: Database, relogio: Clock
) -> None:
    await db.transact(outbox.index_unsent)
    await db.transact(outbox.index_unsent)
    await db.transact(_put, "a", "b")

    async def unsent(tx: Tx) -> list[Any]:
        return await outbox.unsent(tx, "fila", limite=10)

    rows = await db.read(unsent)
    await db.transact(outbox.mark_sent, [row[0] for row in rows])
    nothing = await db.read(unsent)
    relogio.ms += 61_000

    async def sweep(tx: Tx) -> int:
        filas = await outbox.forgotten(tx, older_ms=60_000)
        return sum([await outbox.resend_forgotten(tx, f, older_ms=60_000) for f in filas])

    assert await db.transact(sweep) == 2
    assert nothing == []
    assert await db.read(unsent) == rows


async def test_a_fact_is_new_to_a_step_once(db: Database) -> None:
    assert await db.transact(inbox.first_time, "p", ["1", "2"]) == {"1", "2"}
    assert await db.transact(inbox.first_time, "p", ["2", "3"]) == {"3"}
    assert await db.transact(inbox.first_time, "p", ["3"]) == set()
    assert await db.transact(inbox.first_time, "other", ["3"]) == {"3"}
