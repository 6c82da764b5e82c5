"""Monitor: watches all the time for stock that was changed behind Ponte's back.

Somebody who edits the table by hand, or restores a row, leaves a quantity that
its ledger does not explain. The difference becomes a movement of its own, so the
ledger adds up again, sockets see it, and a product that fell low alerts like any
other. A look costs next to nothing while nobody else wrote.
"""

import asyncio

import structlog

from ponte.context import Context
from ponte.estoque.livro import EXTERNO, Livro, Movimento
from ponte.store.db import Row, Tx

log = structlog.get_logger(__name__)
LOOK_S = 1.0  # chosen: SPEC §4 gives a second from the change to the stock
MOTIVO = "alterado fora do Ponte"

_DIVERGENT = """SELECT * FROM (SELECT e.produto_id, e.filial_id, e.quantidade, COALESCE((
    SELECT m.saldo FROM movimentos m
    WHERE m.produto_id = e.produto_id AND m.filial_id = e.filial_id ORDER BY m.id DESC LIMIT 1
), 0) AS saldo FROM estoque e JOIN produtos p ON p.produto_id = e.produto_id) d
WHERE d.quantidade <> d.saldo ORDER BY d.produto_id, d.filial_id"""


async def watch(ctx: Context) -> None:
    """Look until cancelled; the first look covers the time when Ponte was away."""
    behind = True
    while True:
        # Looked at beside the writer: with a process for each role, every commit is another's.
        if behind and await ctx.db.read(_divergent):
            await ctx.db.transact(reconcile)
        await asyncio.sleep(LOOK_S)
        behind = await ctx.db.changed_behind()


async def reconcile(tx: Tx) -> int:
    """Explain every unexplained quantity by a movement; return how many there were."""
    chaves = [(row[0], row[1]) for row in await _divergent(tx)]
    if not chaves:
        return 0
    await Livro.open(tx, chaves)  # locked; what a sale changed meanwhile is looked at again
    rows = [row for row in await _divergent(tx) if (row[0], row[1]) in chaves]
    for produto_id, filial_id, _quantidade, saldo in rows:
        await tx.execute(
            "UPDATE estoque SET quantidade = ? WHERE produto_id = ? AND filial_id = ?",
            (saldo, produto_id, filial_id),
        )
    livro = await Livro.open(tx, [(row[0], row[1]) for row in rows])
    for produto_id, filial_id, quantidade, saldo in rows:
        chave = (produto_id, filial_id)
        livro.move(Movimento(chave, quantidade - saldo, EXTERNO, motivo=MOTIVO, autor="monitor"))
        log.warning("stock changed behind Ponte", produto_id=produto_id, filial_id=filial_id)
    await livro.write(tx)
    return len(rows)


async def _divergent(tx: Tx) -> list[Row]:
    return await tx.fetch(_DIVERGENT)
