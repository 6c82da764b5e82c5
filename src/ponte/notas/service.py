"""Notas: at most one a pedido, no number skipped and none used twice.

The numbers are taken last in the transaction of the orders, because the row of
the series is the one that every fulfilment needs. A rollback gives them back.
"""

from collections.abc import Sequence

from ponte.domain.nota import Nota, PedidoDaNota, new_codigo
from ponte.notas.emissor import CANCELADA
from ponte.ports import FiscalIssuer
from ponte.store.db import Tx

_RESERVE = """INSERT INTO series (cnpj, modelo, serie, ultimo) VALUES (?, ?, ?, ?)
ON CONFLICT (cnpj, modelo, serie) DO UPDATE SET ultimo = series.ultimo + excluded.ultimo
RETURNING ultimo"""


async def issue_many(
    tx: Tx, issuer: FiscalIssuer, *, pedidos: Sequence[tuple[int, PedidoDaNota]]
) -> list[Nota]:
    """Give each (pedido_numero, pedido) the next nota, in order, and store them."""
    if not pedidos:
        return []
    row = await tx.fetch_one(_RESERVE, (issuer.cnpj, issuer.modelo, issuer.serie, len(pedidos)))
    first = int(row[0]) - len(pedidos) + 1 if row else 1
    notas = [
        issuer.build(pedido, numero=n, em_ms=tx.now_ms, codigo=new_codigo(n))
        for n, (_, pedido) in enumerate(pedidos, first)
    ]
    await tx.insert_many(
        "notas (pedido_numero, cnpj, modelo, serie, numero, codigo, chave, situacao, emitida_em)",
        [
            (numero, issuer.cnpj, n.modelo, n.serie, n.numero, n.codigo, n.chave, n.situacao,
             n.emitida_em)
            for (numero, _), n in zip(pedidos, notas, strict=True)
        ],
    )  # fmt: skip
    return notas


async def cancel(tx: Tx, pedido_numero: int) -> None:
    """Mark the nota of a cancelled pedido; its number stays used."""
    await tx.execute(
        "UPDATE notas SET situacao = ? WHERE pedido_numero = ?", (CANCELADA, pedido_numero)
    )
