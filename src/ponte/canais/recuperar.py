"""Recuperar: what was written while nobody listened is fetched from the platform.

A webhook that was never delivered is told by nobody. So a canal whose past can be read is
asked for it at the start, when it is well again after an outage, when a telephone connects
again, and every few minutes. What comes goes the way of any message, where a repeat is
known by the platform's own id. The one rule: it is stored however old it is, and answered
only while it is fresh.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from ponte.canais import hubs, lacunas
from ponte.canais.lacunas import Lacuna
from ponte.context import Context, Ligado
from ponte.domain.evento import EventoDeCanal
from ponte.errors import ConflitoDeEstado, PonteError
from ponte.logs import mask
from ponte.mensagens import recebidas
from ponte.ports import History
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
PRAZO_S = 120.0  # chosen: forty pages of each telephone, at a call's usual pace
AGORA_S = 20.0  # chosen: a request takes 30 s at most
# Chosen: clocks differ, and a server writes a message down some time after it was written.
FOLGA_MS = 5 * 60_000
MAX_ATRAS_MS = 7 * 24 * 3_600_000  # chosen: who was away longer asks for more by name
LOTE = 100  # chosen: messages a transaction, so that no order waits for them
MAX_ERRO = 200  # chosen: a reason is a line


@dataclass
class Recuperador:
    """The job of one process that keeps time, since `partida_ms`."""

    partida_ms: int

    async def run(self, ctx: Context) -> None:
        """Fetch what every canal owes whose time has come; one that fails holds up no other."""
        found = readable(ctx)
        conectores = {nome: hubs.hub_of(ligado) for nome, (ligado, _) in found.items()}
        if not found:
            return
        await ctx.db.transact(lacunas.begin, conectores)
        await asyncio.gather(*(self._one(ctx, nome, door) for nome, (_, door) in found.items()))
        for nome, lacuna in (await ctx.db.read(lacunas.known)).items():
            if nome in found and lacuna.puxada_em is not None:
                age_s = max(0, ctx.now_ms() - lacuna.puxada_em) / 1000
                ctx.telemetry.pull_age.labels(lacuna.canal).set(age_s)

    async def _one(self, ctx: Context, conector: str, door: History) -> None:
        cada_ms = int(ctx.settings.canais.recuperar_s * 1000)
        lacuna = await ctx.db.transact(_take, conector, cada_ms, self.partida_ms)
        if lacuna is not None:
            await recover(ctx, lacuna, door)


def readable(ctx: Context) -> dict[str, tuple[Ligado, History]]:
    """Return the connectors that are on and whose past can be read, by name."""
    doors = ((nome, ligado, lacunas.history(ligado)) for nome, ligado in ctx.ligados.items())
    return {nome: (ligado, door) for nome, ligado, door in doors if door is not None}


async def ask(ctx: Context, tx: Tx, hub: str, *, desde_ms: int | None = None) -> None:
    """Want a hub's past read soon.

    Raises:
        ConflitoDeEstado: it is off, or its past can't be read.
    """
    conectores = {
        nome: hub for nome, (ligado, _) in readable(ctx).items() if hubs.hub_of(ligado) == hub
    }
    if not conectores:
        msg = f"{hub} is off, or its past can't be read"
        raise ConflitoDeEstado(msg)
    await lacunas.begin(tx, conectores)
    await lacunas.ask(tx, hub, desde_ms=desde_ms)


async def fetch_now(ctx: Context, hub: str) -> None:
    """Fetch what a hub owes while somebody waits; what takes longer is left to the job."""
    for nome, (ligado, door) in readable(ctx).items():
        if hubs.hub_of(ligado) == hub:
            lacuna = await ctx.db.transact(_take, nome, 0, 0)
            if lacuna is not None:
                await recover(ctx, lacuna, door, prazo_s=AGORA_S)


async def recover(ctx: Context, lacuna: Lacuna, door: History, *, prazo_s: float = PRAZO_S) -> None:
    """Fetch and store what one connector missed; a failure is written down and tried again."""
    agora = ctx.now_ms()
    try:
        async with asyncio.timeout(prazo_s):
            eventos = await door.pull(desde_ms=_since(lacuna, agora))
    except PonteError as error:
        await _failed(ctx, lacuna, mask(str(error))[:MAX_ERRO])
        return
    except TimeoutError:
        await _failed(ctx, lacuna, f"{lacuna.conector}: no end in {prazo_s:.0f} s")
        return
    novas = 0
    for lote in _batches(eventos):
        novas += await ctx.db.transact(_store, lacuna.conector, lote)
    await ctx.db.transact(_close, lacuna, agora, novas)
    ctx.telemetry.pulls.labels(lacuna.canal, "ok").inc()
    ctx.telemetry.recovered.labels(lacuna.canal).inc(novas)
    if novas:
        log.warning(
            "messages recovered that no webhook brought", canal=lacuna.canal, quantidade=novas
        )


async def _failed(ctx: Context, lacuna: Lacuna, erro: str) -> None:
    await ctx.db.transact(_leave, lacuna, erro)
    ctx.telemetry.pulls.labels(lacuna.canal, "erro").inc()
    if lacuna.erro is None:
        log.warning("past of a canal not read, tried again", canal=lacuna.canal, erro=erro)


def _since(lacuna: Lacuna, now_ms: int) -> int:
    usual = max(lacuna.ate_em - FOLGA_MS, now_ms - MAX_ATRAS_MS)
    return usual if lacuna.pedida_desde is None else min(usual, lacuna.pedida_desde)


def _batches(eventos: Sequence[EventoDeCanal]) -> Iterator[Sequence[EventoDeCanal]]:
    for i in range(0, len(eventos), LOTE):
        yield eventos[i : i + LOTE]


async def _store(tx: Tx, conector: str, lote: Sequence[EventoDeCanal]) -> int:
    """Store what is new of some events; return how many messages were."""
    found = [await recebidas.receive(tx, e, conector=conector, historia=True) for e in lote]
    return sum(mensagem_id is not None for mensagem_id in found)


async def _take(tx: Tx, conector: str, cada_ms: int, partida_ms: int) -> Lacuna | None:
    return await lacunas.take(tx, conector, cada_ms=cada_ms, partida_ms=partida_ms)


async def _close(tx: Tx, lacuna: Lacuna, ate_ms: int, novas: int) -> None:
    await lacunas.close(tx, lacuna, ate_ms=ate_ms, novas=novas)


async def _leave(tx: Tx, lacuna: Lacuna, erro: str) -> None:
    await lacunas.leave(tx, lacuna, erro=erro)
