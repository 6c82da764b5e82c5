"""A group of orders may name more products than one statement of the engine takes."""

from ponte.domain.pedido import NovoItem, NovoPedido
from ponte.errors import DadosInvalidos
from ponte.pedidos import service
from ponte.pedidos.service import Pedida
from ponte.testing import Embedded

VARIAVEIS = 32_766  # documented: https://www.sqlite.org/limits.html, SQLITE_MAX_VARIABLE_NUMBER
LINHAS = 500  # SPEC §3: lines of an order


async def test_a_group_with_more_products_than_sqlite_has_variables_is_judged_order_by_order(
    ponte: Embedded,
) -> None:
    known = NovoItem(sku="CAFE-500G", quantidade=1)
    strangers = [
        Pedida(NovoPedido(itens=(known, *(NovoItem(f"{n}-{i}", 1) for i in range(LINHAS - 1)))))
        for n in range(VARIAVEIS // (LINHAS - 1) + 1)
    ]

    *refused, accepted = await ponte.ctx.db.transact(
        service.accept_many, [*strangers, Pedida(NovoPedido(itens=(known,)))]
    )

    assert all(isinstance(r, DadosInvalidos) for r in refused)
    assert {len(r.errors) for r in refused} == {LINHAS - 1}
    assert accepted.status == 202
