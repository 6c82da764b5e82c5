"""Vigia: raises what no fact announces. An order that nobody handles makes no event.

Only the absence of progress shows it, so it is looked for by the clock. The alert
ends by itself when the oldest order moved on.
"""

from ponte.alertas import service
from ponte.alertas.handlers import politica
from ponte.alertas.service import Disparo, Politica
from ponte.context import Context
from ponte.domain.alerta import Severidade
from ponte.domain.pedido import StatusPedido
from ponte.store.db import Tx

PARADO_MS = 60_000  # chosen: a healthy order takes milliseconds; a restart a few seconds
NOME = "pedido_parado"


async def watch_orders(ctx: Context) -> None:
    """Raise or end the alert about the oldest order that is still `recebido`."""
    await ctx.db.transact(_watch, politica(ctx))


async def _watch(tx: Tx, quem_avisar: Politica) -> None:
    row = await tx.fetch_one(
        "SELECT numero, atualizado_em FROM pedidos WHERE status = ? AND atualizado_em < ?"
        " ORDER BY numero LIMIT 1",
        (StatusPedido.RECEBIDO.value, tx.now_ms - PARADO_MS),
    )
    if row is None:
        await service.resolve_fingerprint(
            tx, _disparo(0, 0).impressao, por="ponte", destinos=quem_avisar.destinos
        )
        return
    disparo = _disparo(row[0], (tx.now_ms - row[1]) // 1000)
    if not await service.is_open(tx, disparo.impressao):
        await service.raise_alert(tx, disparo, politica=quem_avisar)


def _disparo(numero: int, idade_s: int) -> Disparo:
    return Disparo(
        nome=NOME,
        titulo="Pedido parado",
        texto=f"O pedido #{numero} espera há {idade_s} s. Há algum worker rodando? "
        "Veja com: ponte doctor",
        severidade=Severidade.CRITICO,
        origem="pedidos",
    )
