"""Estoque against a dict: whatever is bought, cancelled, counted or cut off, the shelf is right.

Hypothesis invents the day of a shop (P2). The model is a number for each product
and the moves since its last count; Ponte is the real one, with its database, its
queue and its worker. After every step the shelf, the ledger and the status of
every order must be what the model says.
"""

import asyncio
import itertools
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ponte.domain.pedido import NovoItem, NovoPedido
from ponte.errors import ConflitoDeEstado, DadosInvalidos, EstoqueInsuficiente
from ponte.estoque import planilha
from ponte.estoque import service as estoque
from ponte.pedidos import service as pedidos
from ponte.runtime.worker import Worker
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta
from ponte.testing import Embedded, FrozenClock, embedded

T = TypeVar("T")
PRODUTOS = ("ARROZ-5KG", "CAFE-500G", "LEITE-1L")
FILIAL = "1"
MINIMO = 5
# A rush buys a whole shelf unit by unit; a larger one teaches nothing more.
LARGEST_RUSH = 15
# The clock stands still, so work that failed would wait for its next try for ever.
SERVED_WITHIN_S = 10.0

produto_ids = st.sampled_from(PRODUTOS)
units = st.integers(0, 12)
bought = st.integers(1, 4)
carts = st.lists(st.tuples(produto_ids, bought), min_size=1, max_size=3)


@dataclass
class Prateleira:
    """The model of one product: what was last counted and what moved since, by its time."""

    quantidade: int
    contado_em: int
    moves: list[tuple[int, int]] = field(default_factory=list)

    def move(self, delta: int, em: int) -> None:
        self.quantidade += delta
        self.moves.append((em, delta))

    def count(self, contado: int, medido_em: int) -> None:
        """Believe the count, but for what moved after it was made."""
        if medido_em >= self.contado_em:
            depois = sum(delta for em, delta in self.moves if em > medido_em)
            self.quantidade = max(0, contado + depois)
            self.contado_em = medido_em


@dataclass
class Comprado:
    """The model of one order."""

    id: str
    externo: str
    itens: list[tuple[str, int]]
    status: str = "recebido"

    @property
    def needs(self) -> Counter[str]:
        needs: Counter[str] = Counter()
        for produto_id, quantidade in self.itens:
            needs[produto_id] += quantidade
        return needs


class Loja(RuleBasedStateMachine):
    """A shop's day; each rule is something a person, a buyer or a power cut does."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FrozenClock()
        self.dir = Path(tempfile.mkdtemp(prefix="ponte-estoque-"))
        self.numbers = itertools.count(1)
        self.shelves: dict[str, Prateleira] = {}
        self.orders: list[Comprado] = []
        self.waiting: list[Comprado] = []
        self.moments: list[int] = []
        self.open()

    # ------------------------------------------------------------ the shop's doors

    def open(self) -> None:
        # No worker of its own: `work` runs one when the day says so.
        self.manager = embedded(self.dir / "dados", papeis=(), clock=self.clock)
        self.ponte: Embedded = self.runner.run(self.manager.__aenter__())

    def close(self) -> None:
        self.runner.run(self.manager.__aexit__(None, None, None))

    def teardown(self) -> None:
        self.close()
        self.runner.close()
        shutil.rmtree(self.dir)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def now(self) -> int:
        """Move on and return the time, so that no two steps share a moment."""
        self.clock.advance(0.01)
        self.moments.append(self.clock.ms)
        return self.clock.ms

    # ------------------------------------------------------------ steps

    @initialize(first=st.tuples(units, units))
    def opening(self, first: tuple[int, int]) -> None:
        for produto_id, quantidade in zip(PRODUTOS, first, strict=False):
            self.count(produto_id, quantidade, back=0)

    @rule(produto_id=produto_ids, contado=units, back=st.integers(0, 6))
    def count(self, produto_id: str, contado: int, back: int) -> None:
        """Count a shelf now, or hand in a count made just after one of the last steps."""
        now = self.now()
        medido = None if back == 0 or back >= len(self.moments) else self.moments[-1 - back] + 5
        contagem = _contagem(produto_id, contado, medido)

        self.run(self.ponte.ctx.db.transact(_count, [contagem]))

        self._counted(produto_id, contado, now if medido is None else medido)

    @rule(rows=st.dictionaries(produto_ids, units, min_size=1), broken=st.booleans())
    def import_csv(self, rows: dict[str, int], broken: bool) -> None:
        """Import a spreadsheet: all rows, or none when one is broken."""
        now = self.now()
        linhas = [f"{p};Produto {p};9,90;{n}" for p, n in rows.items()]
        if broken:
            linhas.append("ARROZ-1KG;Arroz;9,90;muitos")
        corpo = "\n".join(["produto_id;nome;preco;quantidade", *linhas]).encode()

        if broken:
            with pytest.raises(DadosInvalidos):
                planilha.read(corpo)
            return
        self.run(self.ponte.ctx.db.transact(_count, planilha.read(corpo)))

        for produto_id, contado in rows.items():
            self._counted(produto_id, contado, now)

    @rule(produto_id=produto_ids, delta=st.integers(-8, 8).filter(bool))
    def adjust(self, produto_id: str, delta: int) -> None:
        """Add or take units by hand; refused where they are not there."""
        if produto_id not in self.shelves:
            return
        now, shelf = self.now(), self.shelves[produto_id]

        if shelf.quantidade + delta < 0:
            with pytest.raises(EstoqueInsuficiente):
                self.run(self.ponte.ctx.db.transact(_adjust, produto_id, delta))
            return
        self.run(self.ponte.ctx.db.transact(_adjust, produto_id, delta))

        shelf.move(delta, now)

    @rule(itens=carts)
    def buy(self, itens: list[tuple[str, int]]) -> None:
        """Accept an order; the worker will see to it later."""
        itens = [(p, n) for p, n in itens if p in self.shelves]
        if itens:
            self.now()
            order = self._order(itens)
            answer = self.run(self.ponte.ctx.db.transact(pedidos.accept, _novo(order)))
            self._accepted([order], [answer])

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def buy_again(self, data: st.DataObject) -> None:
        """The same order comes a second time: it is answered and has no second effect."""
        order = data.draw(st.sampled_from(self.orders))

        again = self.run(self.ponte.ctx.db.transact(pedidos.accept, _novo(order)))

        assert (again.status, orjson.loads(again.corpo)["id"]) == (200, order.id)

    @rule()
    def work(self) -> None:
        """Let a worker see to all that waits."""
        self.run(self._work(self.now()))

    @precondition(lambda self: self.shelves)
    @rule(data=st.data(), extra=st.integers(0, 5))
    def rush(self, data: st.DataObject, extra: int) -> None:
        """More buyers than units, at once: exactly as many are served as there are units."""
        produto_id = data.draw(st.sampled_from(sorted(self.shelves)))
        self.work()
        left = self.shelves[produto_id].quantidade
        if left > LARGEST_RUSH:
            return
        self.now()
        buyers = self.run(self._rush(produto_id, left + extra))
        self.run(self._work(self.now(), outcome_known=False))

        served = [b for b in buyers if b.status == "concluido"]
        assert len(served) == left
        assert self.shelves[produto_id].quantidade == 0

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Cancel any order, served or not; its units come back once."""
        order = data.draw(st.sampled_from(self.orders))
        now = self.now()

        if order.status == "cancelado":
            with pytest.raises(ConflitoDeEstado):
                self.run(self.ponte.ctx.db.transact(_cancel, order.id))
            return
        self.run(self.ponte.ctx.db.transact(_cancel, order.id))

        if order.status == "concluido":
            for produto_id, quantidade in order.needs.items():
                self.shelves[produto_id].move(quantidade, now)
        order.status = "cancelado"

    @precondition(lambda self: any(o.status == "sem_estoque" for o in self.orders))
    @rule(data=st.data())
    def reprocess(self, data: st.DataObject) -> None:
        """Try an order again that lacked stock."""
        order = data.draw(st.sampled_from([o for o in self.orders if o.status == "sem_estoque"]))
        self.now()

        self.run(self.ponte.ctx.db.transact(pedidos.reprocess, order.id))

        order.status = "recebido"
        self.waiting.append(order)

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    # ------------------------------------------------------------ what must hold

    @invariant()
    def ponte_agrees_with_the_model(self) -> None:
        shelves, statuses = self.run(self.ponte.ctx.db.read(_books))

        assert shelves == {p: (s.quantidade, s.quantidade) for p, s in self.shelves.items()}
        assert statuses == {o.id: o.status for o in self.orders}
        assert all(quantidade >= 0 for quantidade, _ in shelves.values())

    # ------------------------------------------------------------ both sides of a step

    def _counted(self, produto_id: str, contado: int, medido_em: int) -> None:
        shelf = self.shelves.get(produto_id)
        if shelf is None:
            self.shelves[produto_id] = Prateleira(contado, medido_em)
        else:
            shelf.count(contado, medido_em)

    def _order(self, itens: list[tuple[str, int]]) -> Comprado:
        return Comprado("", f"X-{next(self.numbers)}", itens)

    def _accepted(self, orders: list[Comprado], answers: Sequence[Resposta]) -> None:
        for order, answer in zip(orders, answers, strict=True):
            assert answer.status == 202
            order.id = orjson.loads(answer.corpo)["id"]
        self.orders += orders
        self.waiting += orders

    async def _rush(self, produto_id: str, buyers: int) -> list[Comprado]:
        orders = [self._order([(produto_id, 1)]) for _ in range(buyers)]
        batch = self.ponte.ctx.db.batch
        answers = await asyncio.gather(
            *(batch(pedidos.accept_many, pedidos.Pedida(_novo(order))) for order in orders)
        )
        self._accepted(orders, answers)
        return orders

    async def _work(self, now: int, *, outcome_known: bool = True) -> None:
        if not await self.ponte.ctx.db.read(_unserved):
            self.waiting.clear()
            return
        worker = Worker(self.ponte.ctx, {"pedidos": "many"})
        task = asyncio.create_task(worker.run())
        async with asyncio.timeout(SERVED_WITHIN_S):
            while await self.ponte.ctx.db.read(_unserved):  # noqa: ASYNC110 - it is in the database
                await asyncio.sleep(0.001)
        worker.stop()
        await task
        _, statuses = await self.ponte.ctx.db.read(_books)
        for order in self.waiting:
            self._served(order, now, said=None if outcome_known else statuses[order.id])
        self.waiting.clear()

    def _served(self, order: Comprado, now: int, *, said: str | None) -> None:
        """Serve in the model; where buyers came at once, `said` tells who was first."""
        if order.status != "recebido":
            return
        enough = all(self.shelves[p].quantidade >= n for p, n in order.needs.items())
        if not enough or said == "sem_estoque":
            order.status = "sem_estoque"
            return
        order.status = "concluido"
        for produto_id, quantidade in order.needs.items():
            self.shelves[produto_id].move(-quantidade, now)


def _novo(order: Comprado) -> NovoPedido:
    itens = tuple(NovoItem(produto_id, quantidade) for produto_id, quantidade in order.itens)
    return NovoPedido(itens, pedido_externo=order.externo)


def _contagem(produto_id: str, contado: int, medido_em: int | None) -> estoque.Contagem:
    return estoque.Contagem(
        produto_id,
        FILIAL,
        contado,
        "contagem",
        medido_em=medido_em,
        nome=f"Produto {produto_id}",
        preco_centavos=990,
    )


async def _count(tx: Tx, contagens: list[estoque.Contagem]) -> None:
    await estoque.count_many(tx, contagens, minimo=MINIMO, autor="teste")


async def _adjust(tx: Tx, produto_id: str, delta: int) -> None:
    await estoque.adjust(tx, (produto_id, FILIAL), delta=delta, motivo="quebra", autor="teste")


async def _cancel(tx: Tx, pedido_id: str) -> None:
    await pedidos.cancel(tx, pedido_id, motivo="desistência")


async def _unserved(tx: Tx) -> int:
    row = await tx.fetch_one("SELECT COUNT(*) FROM pedidos WHERE status = 'recebido'")
    return int(row[0]) if row else 0


async def _books(tx: Tx) -> tuple[dict[str, tuple[int, int]], dict[str, str]]:
    """Return (quantity, sum of the ledger) by product, and the status of each order."""
    shelves = await tx.fetch(
        "SELECT e.produto_id, e.quantidade, (SELECT SUM(m.delta) FROM movimentos m"
        " WHERE m.produto_id = e.produto_id AND m.filial_id = e.filial_id) FROM estoque e"
    )
    statuses = await tx.fetch("SELECT id, status FROM pedidos")
    return {row[0]: (row[1], row[2]) for row in shelves}, {row[0]: row[1] for row in statuses}


@pytest.mark.timeout(180)  # a day that goes wrong is shortened before it is shown
def test_the_shelf_is_what_was_counted_less_what_was_sold_whatever_happens() -> None:
    run_state_machine_as_test(
        Loja,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        ),
    )


async def test_two_counts_that_come_in_late_correct_the_shelf_once(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, papeis=(), clock=clock) as ponte:
        await ponte.ctx.db.transact(_count, [_contagem("ARROZ-5KG", 10, None)])
        opened = clock.ms
        clock.advance(60)

        for medido_em in (opened + 1_000, opened + 2_000):
            await ponte.ctx.db.transact(_count, [_contagem("ARROZ-5KG", 8, medido_em)])
        shelves, _ = await ponte.ctx.db.read(_books)

    assert shelves == {"ARROZ-5KG": (8, 8)}
