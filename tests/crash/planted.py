"""Ponte with one bug: a launcher that replaces a function and then runs the command line.

    python tests/crash/planted.py BUG up --port 8123

Each bug is one that a refactoring could bring in and that no test of a running
system would show until a process dies, or until two requests meet.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ponte.pedidos import service as pedidos
from ponte.store import idempotency, outbox
from ponte.store.db import Commit, Tx
from ponte.store.group_commit import settle
from ponte.store.sqlite import SqliteDatabase
from ponte.store.sqlite_tx import SqliteTx

# How long each bug stays open: wide, so that a handful of kills falls inside.
WINDOW_S = 0.1


def answer_before_commit() -> None:
    """Give each order its answer when its rows are written, and commit a moment later."""
    run_group, flush = SqliteDatabase._run_group, SqliteTx.flush

    def run_and_answer(
        self: SqliteDatabase, tx: SqliteTx, group: list[Any], *, savepoint: bool
    ) -> None:
        run_group(self, tx, group, savepoint=savepoint)
        if group[0].many:
            self._loop.call_soon_threadsafe(settle, group, Commit(), self._listeners)

    def flush_late(self: SqliteTx) -> Commit:
        time.sleep(WINDOW_S)
        return flush(self)

    SqliteDatabase._run_group = run_and_answer  # type: ignore[method-assign]
    SqliteTx.flush = flush_late  # type: ignore[method-assign]


def handled_before_effect() -> None:
    """Take work out of the queue when it is claimed, before its effects are committed."""
    claim = outbox.claim

    async def claim_and_forget(tx: Tx, fila: str, **kwargs: Any) -> list[outbox.Entrega]:
        entregas = await claim(tx, fila, **kwargs)
        for entrega in entregas:
            await tx.execute("DELETE FROM fila WHERE id = ?", (entrega.id,))
        return entregas

    async def finish_nothing(_tx: Tx, _entregas: Sequence[outbox.Entrega]) -> None:
        # Runs in the writer thread, where a handler that takes long would.
        time.sleep(WINDOW_S)  # noqa: ASYNC251

    outbox.claim = claim_and_forget
    vars(outbox)["finish"] = finish_nothing


def check_then_act() -> None:
    """Look the key up first, accept afterwards, and store the key without its constraint."""
    accept_many, batch = pedidos.accept_many, SqliteDatabase.batch

    async def look_first(self: SqliteDatabase, service: Callable[..., Any], item: Any) -> Any:
        if isinstance(item, pedidos.Pedida):
            earlier = await self.read(pedidos._earlier, item)
            if earlier is not None:
                return earlier
            await asyncio.sleep(WINDOW_S)
        return await batch(self, service, item)

    async def accept_blindly(tx: Tx, pedidas: Sequence[pedidos.Pedida]) -> Sequence[Any]:
        earlier, pedidos._earlier = pedidos._earlier, _by_externo_alone
        try:
            return await accept_many(tx, pedidas)
        finally:
            pedidos._earlier = earlier

    look_up = pedidos._earlier

    async def _by_externo_alone(tx: Tx, pedida: pedidos.Pedida) -> Any:
        return await look_up(tx, pedidos.Pedida(pedida.novo))

    vars(idempotency)["remember"] = _remember_again
    SqliteDatabase.batch = look_first  # type: ignore[method-assign]
    pedidos.accept_many = accept_blindly


async def _remember_again(tx: Tx, keys: list[tuple[Any, Any]]) -> int:
    for key, answer in keys:
        await tx.execute(
            "INSERT OR REPLACE INTO idempotencia (dono, chave, impressao, status, local, corpo, em)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key.dono, key.chave, key.impressao, answer.status, answer.local,
             answer.corpo.decode(), tx.now_ms),
        )  # fmt: skip
    return len(keys)


BUGS: dict[str, Callable[[], None]] = {
    "answer_before_commit": answer_before_commit,
    "handled_before_effect": handled_before_effect,
    "check_then_act": check_then_act,
}


def launcher(bug: str) -> list[str]:
    """Return the command that stands in place of `ponte`."""
    return [sys.executable, str(Path(__file__)), bug]


if __name__ == "__main__":
    name = sys.argv.pop(1)
    BUGS[name]()

    from ponte.cli import main

    main()
