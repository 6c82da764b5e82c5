"""Estoque, handled by the worker: tell each marketplace what its shops can sell.

Marketplaces of food know no quantity: an item is on or off, and never returns by
itself. What each shop should show is a row; many changes of one shop become one
call with the latest state, and a call that is repeated changes nothing.
"""

from collections.abc import Awaitable, Callable, Sequence

from ponte.context import Context
from ponte.errors import Permanente
from ponte.events import DisponibilidadePedida, EstoqueEsgotou, EstoqueVoltou, FatoGravado
from ponte.store.db import Tx

Effect = Callable[[Tx], Awaitable[None]]


async def mark_availability(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Note the wish of every shop that sells from this filial and ask for a call to each."""
    mudou = fato.fato()
    if not isinstance(mudou, EstoqueEsgotou | EstoqueVoltou):
        return
    for conector, ligado in ctx.ligados.items():
        lojas = ligado.orders.lojas() if ligado.orders is not None else {}
        for loja, filial in lojas.items():
            if filial != mudou.filial_id:
                continue
            # A changed wish is told even where it is what was told last: a call in between may
            # have reached the shop though its answer was lost.
            await tx.execute(
                "INSERT INTO disponibilidade (conector, loja, produto_id, desejado, em)"
                " SELECT ?, ?, ?, CASE WHEN quantidade > 0 THEN 1 ELSE 0 END, ? FROM estoque"
                " WHERE produto_id = ? AND filial_id = ?"
                " ON CONFLICT (conector, loja, produto_id)"
                " DO UPDATE SET desejado = excluded.desejado, em = excluded.em, enviado = CASE"
                " WHEN disponibilidade.desejado = excluded.desejado THEN disponibilidade.enviado"
                " END",
                (conector, loja, mudou.produto_id, tx.now_ms, mudou.produto_id, filial),
            )
            tx.put(DisponibilidadePedida(conector=conector, loja=loja))


async def push_availability(ctx: Context, fato: FatoGravado) -> Effect | None:
    """Send what a shop was not told yet; nothing to send is a success."""
    pedida = fato.fato()
    if not isinstance(pedida, DisponibilidadePedida):
        return None
    source = ctx.source(pedida.conector)
    if source is None:
        msg = f"The connector {pedida.conector} is off"
        raise Permanente(msg)
    dirty = await ctx.db.read(_dirty, pedida.conector, pedida.loja)
    if not dirty:
        return None
    await source.switch(
        loja=pedida.loja,
        on=[p for p, desejado in dirty if desejado],
        off=[p for p, desejado in dirty if not desejado],
    )

    async def remember(tx: Tx) -> None:
        for produto_id, desejado in dirty:
            await tx.execute(
                "UPDATE disponibilidade SET enviado = ?"
                " WHERE conector = ? AND loja = ? AND produto_id = ?",
                (desejado, pedida.conector, pedida.loja, produto_id),
            )

    return remember


async def _dirty(tx: Tx, conector: str, loja: str) -> Sequence[tuple[str, bool]]:
    rows = await tx.fetch(
        "SELECT produto_id, desejado FROM disponibilidade WHERE conector = ? AND loja = ?"
        " AND (enviado IS NULL OR enviado <> desejado) ORDER BY produto_id",
        (conector, loja),
    )
    return [(row[0], bool(row[1])) for row in rows]
