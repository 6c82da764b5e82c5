"""PostgreSQL: many processes at once, a server that goes away, and words between them."""

import asyncio
import time
from typing import Any

import asyncpg
import pytest

from ponte.domain.pedido import NovoItem, NovoPedido
from ponte.errors import ArmazenamentoIndisponivel, ConfiguracaoInvalida
from ponte.estoque import service as estoque
from ponte.estoque.livro import Livro
from ponte.estoque.service import Contagem
from ponte.events import EntregaPedida, MensagemPublicada
from ponte.pedidos import service as pedidos
from ponte.pedidos.service import Pedida
from ponte.store import idempotency, outbox, pg_migrate
from ponte.store.db import Database, Tx
from ponte.store.pg_tx import SegundaPergunta
from tests.espera import until
from tests.postgres import Cluster
from tests.store.motores import Process

pytestmark = pytest.mark.postgres


async def _put(tx: Tx, texto: str = "x") -> None:
    tx.put(MensagemPublicada(de="x", texto=texto))


async def _set(tx: Tx, *chaves: str) -> None:
    """Touch rows one after the other, slowly enough that another transaction comes between."""
    for chave in chaves:
        await tx.execute("UPDATE meta SET valor = valor || '.' WHERE chave = ?", (chave,))
        await tx.fetch("SELECT pg_sleep(0.3)")


async def _touch(tx: Tx) -> int:
    return await tx.execute("UPDATE meta SET valor = valor || '.' WHERE chave = 'a'")


async def _touch_twice(tx: Tx) -> int:
    return await _touch(tx) + await _touch(tx)


async def _meta(tx: Tx, *chaves: str) -> None:
    await tx.insert_many("meta (chave, valor)", [(chave, "") for chave in chaves])


async def _values(tx: Tx) -> list[Any]:
    return await tx.fetch("SELECT valor FROM meta WHERE chave IN ('a', 'b') ORDER BY chave")


async def test_two_that_wait_for_each_other_both_get_through(
    db: Database, process: Process
) -> None:
    await db.transact(_meta, "a", "b")

    async with process() as other:
        await asyncio.gather(db.transact(_set, "a", "b"), other.transact(_set, "b", "a"))

    assert await db.read(_values) == [("..",), ("..",)]


async def test_callers_of_one_process_that_lock_the_same_rows_never_wait_for_each_other_in_a_ring(
    db: Database,
) -> None:
    await db.transact(_count, "A", "B")
    ran: list[str] = []

    async def lock(tx: Tx, produto: str) -> None:
        ran.append(produto)
        await Livro.open(tx, [(produto, "1")])
        await tx.fetch("SELECT pg_sleep(0.1)")

    async def callers(*produtos: str) -> None:
        await asyncio.gather(*(db.transact(lock, produto) for produto in produtos))

    one = asyncio.create_task(callers("A", "B"))
    await asyncio.sleep(0.05)
    await callers("B", "A")
    await one

    assert sorted(ran) == ["A", "A", "B", "B"]  # whoever gives way runs again


async def test_one_key_in_two_processes_at_once_is_one_order(
    db: Database, process: Process
) -> None:
    await db.transact(_count, "A")
    chave = idempotency.Pedido("dono", "chave", "impressao")
    pedida = Pedida(_order("A", None), chave)

    async with process() as other:
        answers = await asyncio.gather(
            *(d.batch(pedidos.accept_many, pedida) for d in (db, other) * 10)
        )

    assert len({(a.status, a.corpo) for a in answers}) == 1
    assert await db.read(_orders) == 1


async def test_one_external_order_in_two_processes_at_once_is_one_order(
    db: Database, process: Process
) -> None:
    await db.transact(_count, "A")

    async with process() as other:
        answers = await asyncio.gather(
            *(d.batch(pedidos.accept_many, Pedida(_order("A", "ext"))) for d in (db, other) * 10)
        )

    assert sorted(a.status for a in answers) == [200] * 19 + [202]
    assert await db.read(_orders) == 1


async def test_a_cancellation_beside_its_order_leaves_the_order_cancelled(
    db: Database, process: Process
) -> None:
    await db.transact(_count, "A")

    async def cancel(tx: Tx, pedido_externo: str) -> None:
        await pedidos.cancel_external(tx, "rappi", pedido_externo=pedido_externo, motivo="x")

    async with process() as other:
        for n in range(20):
            await asyncio.gather(
                db.transact(pedidos.accept, _order("A", f"r{n}", canal="rappi")),
                other.transact(cancel, f"r{n}"),
            )

    assert await db.read(_statuses) == [("cancelado", 20)]


async def test_two_first_counts_at_once_leave_a_ledger_that_adds_up(
    db: Database, process: Process
) -> None:
    async with process() as other:
        for n in range(10):
            await asyncio.gather(
                *(d.transact(_count, f"P{n}", f"Q{n}") for d in (db, other, db, other))
            )

    assert await db.read(_unexplained) == []


async def test_work_is_claimed_once_by_many_and_each_lane_in_its_order(
    db: Database, process: Process
) -> None:
    async def put(tx: Tx) -> None:
        for n in range(120):
            tx.put(EntregaPedida(alerta_id=f"lane{n % 12}", destino="d", motivo="m"))

    await db.transact(put)
    done: list[tuple[str, int]] = []

    async def work(database: Database, dono: str) -> None:
        while True:
            claimed = await database.transact(_claim, dono)
            if not claimed and len(done) == 120:
                return
            assert len(claimed) <= 5
            done.extend((e.lane, e.id) for e in claimed)
            await database.transact(outbox.finish, claimed)

    async with process() as other, asyncio.timeout(30):
        await asyncio.gather(*(work(d, f"w{i}") for i, d in enumerate((db, other, db, other))))

    assert sorted(i for _, i in done) == list(range(1, 121))
    for lane in {lane for lane, _ in done}:
        ids = [i for name, i in done if name == lane]
        assert ids == sorted(ids)


async def test_a_group_that_lost_its_connection_is_said_to_be_unknown_and_the_next_one_works(
    db: Database,
) -> None:
    async def killed(tx: Tx) -> None:
        await _put(tx)
        await tx.fetch("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(ArmazenamentoIndisponivel):
        await db.transact(killed)
    await db.transact(_put)

    assert await db.read(_positions) == [1]


async def test_while_the_server_is_away_callers_hear_so_and_are_served_when_it_is_back(
    db: Database, process: Process, cluster: Cluster
) -> None:
    await db.transact(_put)
    await asyncio.to_thread(cluster.kill)

    began = time.monotonic()
    for work in (db.transact, db.read):
        with pytest.raises(ArmazenamentoIndisponivel):
            await work(_positions)
    took_s = time.monotonic() - began
    await asyncio.to_thread(cluster.start, new=False)
    await _served(db)

    assert took_s < 5
    assert await db.read(_positions) == [1, 2]
    change = await _told(db)
    assert change.filas is None  # what was said meanwhile nobody heard: look everywhere
    async with process() as other:
        await other.transact(_put)
        assert (await _told(db)).filas == {"f"}


async def test_a_connection_that_broke_while_nobody_used_it_is_nobody_s_error(
    db: Database, cluster: Cluster
) -> None:
    await asyncio.gather(*(db.transact(_put) for _ in range(20)))
    await db.read(_positions)
    await asyncio.to_thread(cluster.kill)
    await asyncio.to_thread(cluster.start, new=False)

    await db.transact(_put)

    assert len(await db.read(_positions)) == 21


async def test_stock_changed_by_hand_is_noticed_and_what_ponte_writes_is_not(
    db: Database, engine: str
) -> None:
    await db.transact(_count, "A")
    await asyncio.sleep(0.2)
    own = await db.changed_behind()

    await _asked(engine, "UPDATE estoque SET quantidade = 3")

    await until(db.changed_behind)
    assert not own
    assert not await db.changed_behind()


async def test_a_reader_that_asks_twice_sees_one_moment_and_none_writes(
    db: Database, process: Process
) -> None:
    async with process() as other:

        async def twice(tx: Tx, between: bool) -> list[int]:
            first = len(await tx.fetch("SELECT pos FROM fatos"))
            if between:
                await tx.fetch("SELECT pg_sleep(0.3)")
            return [first, len(await tx.fetch("SELECT pos FROM fatos"))]

        reading = [asyncio.create_task(db.read(twice, True)) for _ in range(2)]
        await asyncio.sleep(0.1)
        await other.transact(_put)
        seen = [await each for each in reading]

        for one_statement in (_touch, _touch_twice):
            with pytest.raises(ArmazenamentoIndisponivel):
                await db.read(one_statement)

    assert all(first == second for first, second in seen)
    assert await db.read(twice, False) == [1, 1]


async def test_a_single_statement_is_stored_and_a_second_one_is_not_asked(db: Database) -> None:
    await db.transact(_meta, "a")

    changed = await db.single(_touch)
    with pytest.raises(SegundaPergunta):
        await db.single(_touch_twice)

    assert changed == 1
    assert await db.read(_values) == [("..",)]


async def test_a_password_is_in_no_error(engine: str, cluster: Cluster) -> None:
    wrong = engine.replace(cluster.password, "canary-password")

    for address in (wrong, "postgresql://u:canary-password@127.0.0.1:1/x"):
        with pytest.raises(ArmazenamentoIndisponivel) as refused:
            await pg_migrate.migrate(address)
        assert "canary" not in str(refused.value)
    for address in ("mysql://u:canary-password@h/x", "postgresql://u:canary-password@h:x/y"):
        with pytest.raises(ConfiguracaoInvalida) as invalid:
            await pg_migrate.migrate(address)
        assert "canary" not in str(invalid.value)


# ---------------------------------------------------------------- what the tests ask


def _order(produto: str, externo: str | None, *, canal: str = "api") -> NovoPedido:
    return NovoPedido(
        itens=(NovoItem(sku=produto, quantidade=1),),
        canal=canal,
        pedido_externo=externo,
        marketplace=canal != "api",
    )


async def _count(tx: Tx, *produtos: str) -> None:
    contagens = [Contagem(p, "1", 100, "abertura", nome=p, preco_centavos=100) for p in produtos]
    await estoque.count_many(tx, contagens, minimo=5, autor="teste")


async def _claim(tx: Tx, dono: str) -> list[outbox.Entrega]:
    return await outbox.claim(tx, "f", limite=5, dono=dono, lease_ms=60_000)


async def _positions(tx: Tx) -> list[int]:
    return [row[0] for row in await tx.fetch("SELECT pos FROM fatos ORDER BY pos")]


async def _orders(tx: Tx) -> Any:
    return (await tx.fetch("SELECT COUNT(*) FROM pedidos"))[0][0]


async def _statuses(tx: Tx) -> list[Any]:
    return await tx.fetch("SELECT status, COUNT(*) FROM pedidos GROUP BY status")


async def _unexplained(tx: Tx) -> list[Any]:
    return await tx.fetch(
        "SELECT e.produto_id FROM estoque e LEFT JOIN (SELECT produto_id, SUM(delta) AS soma"
        " FROM movimentos GROUP BY produto_id) m ON m.produto_id = e.produto_id"
        " WHERE m.soma IS NULL OR m.soma <> e.quantidade"
    )


async def _served(db: Database) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await db.transact(_put)
            except ArmazenamentoIndisponivel:
                await asyncio.sleep(0.05)
            else:
                return


async def _told(db: Database) -> Any:
    async def change() -> Any:
        return db.foreign_change()

    return await until(change)


async def _asked(engine: str, sql: str) -> Any:
    """Ask as any other program would."""
    con = await asyncpg.connect(engine)
    try:
        return await con.fetchval(sql)
    finally:
        await con.close()
