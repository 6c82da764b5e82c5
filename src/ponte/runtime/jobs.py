"""Jobs: what this installation does by the clock."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from ponte.alertas.retorno import watch_silences
from ponte.alertas.vigia import watch_orders
from ponte.canais import arquivos
from ponte.canais.espelho.varredura import sweep
from ponte.canais.hubs import HUBS, serving
from ponte.canais.medida import watch_numbers
from ponte.canais.recuperar import Recuperador
from ponte.canais.sessoes import renew_due
from ponte.canais.sonda import probe_hubs
from ponte.context import Context
from ponte.domain.alerta import Severidade
from ponte.domain.pedido import StatusPedido
from ponte.flow import STEPS
from ponte.mensagens import externas
from ponte.metricas.amostrador import sum_up
from ponte.runtime import scheduler
from ponte.runtime.readiness import queue_ages
from ponte.runtime.scheduler import Job, Run
from ponte.store import idempotency, inbox, outbox
from ponte.store.db import Tx
from ponte.webhooks import store

log = structlog.get_logger(__name__)
# The others are ends: nobody counts all orders of years every few seconds.
ABERTOS = (StatusPedido.RECEBIDO, StatusPedido.SEM_ESTOQUE, StatusPedido.ERRO)
INBOX_MS = 8 * 24 * 3_600_000  # one day longer than an idempotency key lives


def jobs(ctx: Context) -> list[Job]:
    """Return the jobs for the connectors that are on."""
    found = [
        Job("medir_filas", 10, measure_queues),
        Job("vigiar_pedidos", 15, watch_orders),
        Job("vigiar_silencios", 5, watch_silences),
        Job("resumir_metricas", 60, sum_up),
        Job("sondar_canais", 60, probe_hubs, at_start=True),
        Job("recuperar_canais", 15, Recuperador(ctx.now_ms()).run, at_start=True),
        Job("medir_canais", 60, watch_numbers),
        Job("renovar_sessoes", 60, renew_due),
        Job("limpar_videos", 3600, arquivos.clean),
        Job("limpar", 3600, clean),
    ]
    if ctx.helpdesk is not None:
        found.append(Job("varrer_espelho", 120, sweep, at_start=True))
    # Contract of Rappi §5: what a webhook may have missed is fetched every minute.
    found += [
        Job(f"conciliar_{nome}", 60, _reconcile(nome), at_start=True)
        for nome, ligado in ctx.ligados.items()
        if ligado.orders is not None
    ]
    return found


def _reconcile(nome: str) -> Run:
    async def reconcile(ctx: Context) -> None:
        source = ctx.source(nome)
        if source is None:
            return
        for evento, corpo in await source.pull():
            await store(ctx, nome, evento, corpo)

    return reconcile


async def measure_queues(ctx: Context) -> None:
    """Refresh the gauges that only the database knows."""
    ages = await ctx.db.read(queue_ages)
    counts = await ctx.db.read(_counts)
    _show(ctx, ages)
    if not ctx.broker.rows_are_the_queue:
        unsent, oldest_ms = await ctx.db.read(outbox.unsent_age)
        ctx.telemetry.unsent.set(unsent)
        ctx.telemetry.unsent_age.set(oldest_ms / 1000)
    for status in ABERTOS:
        ctx.telemetry.orders.labels(status.value).set(counts.get(status.value, 0))
    ctx.telemetry.database.set(await _database_bytes(ctx))
    ctx.telemetry.set_aside.set(counts["separado"])
    ctx.telemetry.low_stock.set(counts["estoque_baixo"])
    for hub in HUBS:
        if serving(ctx, hub):
            ctx.telemetry.silent.labels(hub).set(counts.get(f"silencioso:{hub}", 0))
    for severidade in Severidade:
        ctx.telemetry.alerts.labels(severidade.value).set(counts.get(severidade.value, 0))


def _show(ctx: Context, ages: Mapping[str, tuple[int, int]]) -> None:
    ctx.telemetry.queue.clear()
    ctx.telemetry.queue_age.clear()
    for fila, (waiting, oldest_ms) in ages.items():
        ctx.telemetry.queue.labels(fila).set(waiting)
        ctx.telemetry.queue_age.labels(fila).set(oldest_ms / 1000)


async def clean(ctx: Context) -> None:
    """Forget what no promise needs any more, a thousand rows a transaction."""
    while await ctx.db.transact(idempotency.prune):
        pass
    for passo in STEPS:
        while await ctx.db.transact(_prune_inbox, passo):
            pass
    while await ctx.db.transact(externas.prune):
        pass
    await scheduler.prune(ctx)


async def _prune_inbox(tx: Tx, passo: str) -> int:
    return await inbox.prune(tx, passo, older_ms=INBOX_MS)


async def _database_bytes(ctx: Context) -> int:
    if ctx.settings.database_url.get_secret_value():
        return int(await ctx.db.read(_server_bytes))
    return _file_bytes(ctx.settings.sqlite_path)


def _file_bytes(path: Path) -> int:
    parts = (path, path.with_name(f"{path.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


async def _server_bytes(tx: Tx) -> int:
    row = await tx.fetch_one("SELECT pg_database_size(current_database())")
    return int(row[0]) if row else 0


async def _counts(tx: Tx) -> dict[str, int]:
    """Count by status, severity and silent canal; one statement, since it is asked all day."""
    rows = await tx.fetch(
        "SELECT 'separado', COUNT(*) FROM falhas WHERE situacao = 'aberta'"
        " UNION ALL SELECT 'estoque_baixo', COUNT(*) FROM estoque WHERE quantidade < minimo"
        " UNION ALL SELECT status, COUNT(*) FROM pedidos WHERE status IN (?, ?, ?) GROUP BY status"
        " UNION ALL SELECT 'silencioso:' || canal, 1 FROM canais_estado"
        " WHERE silencioso_desde IS NOT NULL"
        " UNION ALL SELECT severidade, COUNT(*) FROM alertas WHERE resolvido_em IS NULL"
        " GROUP BY severidade",
        [status.value for status in ABERTOS],
    )
    return {row[0]: row[1] for row in rows}
