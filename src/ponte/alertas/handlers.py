"""Alertas, handled by the worker: what raises an alert, and how a sink is told."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from ponte.alertas import service, silencios
from ponte.alertas.service import Disparo, Politica
from ponte.context import Context
from ponte.domain.alerta import Alerta, Severidade
from ponte.errors import Permanente
from ponte.events import (
    AlertaEntregue,
    AlertaNaoEntregue,
    EntregaPedida,
    EstoqueBaixou,
    EstoqueNormalizou,
    FalhaCriada,
    FatoGravado,
    LinhaSemProduto,
    PedidoCancelado,
    PedidoReprocessado,
    PedidoSemEstoque,
)
from ponte.store import outbox
from ponte.store.db import Tx

Effect = Callable[[Tx], Awaitable[None]]
DoPedido = PedidoSemEstoque | PedidoCancelado | PedidoReprocessado
ESTOQUE_BAIXO, FALHA = "estoque_baixo", "falha"
ENTREGAS = "alertas."  # the queues of the sinks


def politica(ctx: Context) -> Politica:
    """Return who is told and how often in this installation."""
    return Politica(tuple(ctx.sinks()), ctx.settings.alertas)


async def raise_estoque_baixo(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Alert that a product fell below its minimum."""
    baixou = fato.fato()
    if isinstance(baixou, EstoqueBaixou):
        await service.raise_alert(tx, _estoque_baixo(baixou), politica=politica(ctx))


async def resolve_estoque_baixo(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Close that alert when the product is back at its minimum."""
    normal = fato.fato()
    if isinstance(normal, EstoqueNormalizou):
        await service.resolve_fingerprint(
            tx, _estoque_baixo(normal).impressao, por="ponte", destinos=tuple(ctx.sinks())
        )


async def raise_sem_estoque(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Alert that a sale could not be served, one alert a product and channel."""
    sem = fato.fato()
    if not isinstance(sem, PedidoSemEstoque):
        return
    for falta in sem.faltas:
        texto = (
            f"Pedido #{sem.numero} ({sem.canal}): {falta['produto_id']} pede {falta['pedido']} un."
            f" e a filial {sem.filial_id} tem {falta['disponivel']}."
        )
        disparo = sem_estoque_disparo(sem, falta["produto_id"], texto=texto)
        await service.raise_alert(tx, disparo, politica=politica(ctx))


async def raise_linha_sem_produto(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Alert that a marketplace sold something that this shop does not know."""
    linha = fato.fato()
    if not isinstance(linha, LinhaSemProduto):
        return
    disparo = Disparo(
        nome="linha_sem_produto",
        titulo="Item sem produto correspondente",
        texto=f"Pedido #{linha.numero} ({linha.canal}): {', '.join(linha.linhas)}. "
        "O pedido foi mantido; nenhum estoque foi movido por esses itens.",
        severidade=Severidade.AVISO,
        origem="pedidos",
        labels={"canal": linha.canal, "itens": ",".join(sorted(linha.linhas))[:200]},
    )
    await service.raise_alert(tx, disparo, politica=politica(ctx))


async def raise_falha(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Alert that work was set aside.

    A delivery that failed is told to the other sinks only. When what failed was
    already such a notice, it is recorded and told to nobody: two dead sinks would
    tell each other of their end for ever.
    """
    falha = fato.fato()
    if not isinstance(falha, FalhaCriada) or falha.fato_tipo == FalhaCriada.tipo:
        return
    texto = f"Fila {falha.fila}: {falha.fato_tipo} ({falha.fato_lane}). Veja com: ponte falhas list"
    disparo = falha_disparo(falha.fila, falha.causa, texto=texto)
    quem = replace(politica(ctx), destinos=await _who_hears(tx, falha, ctx.sinks()))
    await service.raise_alert(tx, disparo, politica=quem)


async def _who_hears(tx: Tx, falha: FalhaCriada, destinos: Iterable[str]) -> list[str]:
    """Return the sinks that are told of a failure: never the one that failed."""
    if not falha.fila.startswith(ENTREGAS):
        return list(destinos)
    alerta = await service.get(tx, str(falha.dados_do_fato["alerta_id"]))
    if alerta.nome == FALHA and alerta.labels.get("fila", "").startswith(ENTREGAS):
        return []
    return [d for d in destinos if d != falha.fila.removeprefix(ENTREGAS)]


async def deliver(ctx: Context, fato: FatoGravado) -> Effect | None:
    """Tell one sink of one alert; what it answered is written with the step's end."""
    pedida = fato.fato()
    if not isinstance(pedida, EntregaPedida):
        return None
    sink = ctx.sinks().get(pedida.destino)
    if sink is None:
        msg = f"The sink {pedida.destino} is off"
        raise Permanente(msg)
    alerta: Alerta = await ctx.db.read(service.get, pedida.alerta_id)
    if pedida.motivo == service.REAVISO and alerta.resolvido:
        return None  # it ended before its turn came
    if pedida.motivo != service.FIM and await ctx.db.read(
        silencios.hides, alerta.nome, alerta.labels
    ):
        return lambda tx: service.hide_or_ask_again(tx, alerta, pedida)
    await sink.deliver(alerta, fim=pedida.motivo == service.FIM)

    async def record(tx: Tx) -> None:
        tentativas = await outbox.tries(tx, ENTREGAS + pedida.destino, fato)
        await _finish(tx, pedida, situacao=service.ENTREGUE, tentativas=tentativas)
        tx.put(
            AlertaEntregue(
                alerta_id=alerta.id,
                nome=alerta.nome,
                severidade=alerta.severidade.value,
                titulo=alerta.titulo,
                destino=pedida.destino,
                motivo=pedida.motivo,
                tentativa=tentativas,
            )
        )

    return record


async def give_up(_ctx: Context, tx: Tx, fato: FatoGravado, erro: str) -> None:
    """Record that a sink did not take a notice after its tries."""
    pedida = fato.fato()
    if not isinstance(pedida, EntregaPedida):
        return
    alerta = await service.get(tx, pedida.alerta_id)
    tentativas = await outbox.tries(tx, ENTREGAS + pedida.destino, fato)
    await _finish(tx, pedida, situacao=service.FALHOU, tentativas=tentativas, erro=erro)
    tx.put(
        AlertaNaoEntregue(
            alerta_id=alerta.id,
            nome=alerta.nome,
            severidade=alerta.severidade.value,
            titulo=alerta.titulo,
            destino=pedida.destino,
            erro=erro,
        )
    )


def sem_estoque_disparo(pedido: DoPedido, produto_id: str, *, texto: str = "") -> Disparo:
    """Return the firing about one product that orders of a channel and filial wait for."""
    return Disparo(
        nome="pedido_sem_estoque",
        titulo="Pedido sem estoque",
        texto=texto,
        severidade=Severidade.CRITICO if pedido.canal != "api" else Severidade.AVISO,
        origem="pedidos",
        labels={
            "produto_id": produto_id,
            "filial_id": pedido.filial_id,
            "canal": pedido.canal,
        },
    )


def falha_disparo(fila: str, causa: str, *, texto: str) -> Disparo:
    """Return the firing about work of one cause that was set aside."""
    return Disparo(
        nome=FALHA,
        titulo="Trabalho separado após as tentativas",
        texto=texto,
        severidade=Severidade.CRITICO,
        origem="falhas",
        labels={"fila": fila, "causa": causa},
    )


def _estoque_baixo(fato: EstoqueBaixou | EstoqueNormalizou) -> Disparo:
    return Disparo(
        nome=ESTOQUE_BAIXO,
        titulo="Estoque baixo",
        texto=f"{fato.nome} ({fato.produto_id}): {fato.quantidade} un. na filial "
        f"{fato.filial_id}, mínimo {fato.minimo}.",
        severidade=Severidade.CRITICO if fato.quantidade == 0 else Severidade.AVISO,
        origem="estoque",
        labels={"produto_id": fato.produto_id, "filial_id": fato.filial_id},
    )


async def _finish(
    tx: Tx, pedida: EntregaPedida, *, situacao: str, tentativas: int, erro: str | None = None
) -> None:
    row = await tx.fetch_one(
        "SELECT id FROM notificacoes WHERE alerta_id = ? AND destino = ?"
        # One that failed before is here again when a person replayed it.
        " AND motivo = ? AND situacao IN (?, ?) ORDER BY situacao = ?, id LIMIT 1",
        (pedida.alerta_id, pedida.destino, pedida.motivo, service.PEDIDA, service.FALHOU,
         service.FALHOU),
    )  # fmt: skip
    if row is not None:
        await tx.execute(
            "UPDATE notificacoes SET situacao = ?, erro = ?, tentativas = ?, terminada_em = ?"
            " WHERE id = ?",
            (situacao, erro, tentativas, tx.now_ms, row[0]),
        )
