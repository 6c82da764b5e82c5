"""Worker: takes work in hand, runs its step, and ends each piece in exactly one way.

Done with its effects in one commit, back in the queue for a later try, or set
aside whole. The claim is committed before the handler runs, so a kill -9 counts as
a try. Only here is `Exception` caught: whatever a handler raises becomes a reason.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from ponte import rastro
from ponte.context import Context
from ponte.domain.valores import new_id
from ponte.errors import Adiado, ArmazenamentoIndisponivel, Encerrando, PonteError
from ponte.flow import STEPS, GiveUp, Kind, Step
from ponte.logs import mask
from ponte.runtime import passo
from ponte.store import inbox, outbox
from ponte.store.db import Tx
from ponte.store.outbox import Entrega, LeasePerdido

log = structlog.get_logger(__name__)
IDLE_S = 5.0  # chosen: how long a queue sleeps at most when nobody wakes it
TOLD_S = 60.0  # chosen: the same where the engine tells of every commit, in case a word was lost
AGAIN_S = 0.5  # chosen: how soon a database that could not store is asked again
SOON_S = 0.05  # chosen: work that comes due, or a database that is busy, is met this late at most
MAX_REASON = 2_000  # chosen: a few lines; a driver quotes whole statements
OUTSIDE_TIMEOUT_S = 60.0  # chosen: no handler outlives its lease unseen


@dataclass
class Worker:
    """Runs the steps of some queues for one process."""

    ctx: Context
    filas: Mapping[str, Kind]
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _leases: Counter[str] = field(default_factory=Counter)
    _looked: dict[str, int] = field(default_factory=dict)
    _doubtful: dict[str, float] = field(default_factory=dict)  # claims, and until when

    async def run(self) -> None:
        """Work until `stop`; returns when nothing is in hand."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._heartbeat(), name="heartbeat")
            for fila, kind in self.filas.items():
                run = self._run_many if kind == "many" else self._run_each
                group.create_task(run(fila), name=f"fila {fila}")

    def stop(self) -> None:
        """Take nothing more in hand."""
        self._stopping.set()
        self.ctx.broker.wake_all()

    # ------------------------------------------------------------ loops

    async def _run_many(self, fila: str) -> None:
        while not self._stopping.is_set():
            prompts = await self._receive(fila)
            while not self._stopping.is_set():
                entregas = await self._claim(fila, self.ctx.settings.worker.grupo)
                if not entregas:
                    break
                while entregas:
                    entregas = await self._handle_many(entregas)
            await self.ctx.broker.ack(prompts)

    async def _run_each(self, fila: str) -> None:
        slots = max(s.concurrency for s in STEPS.values() if fila.partition(".")[0] == s.fila)
        running: set[asyncio.Task[None]] = set()
        # A group, so that no call goes on when this loop is cancelled and its work given back.
        async with asyncio.TaskGroup() as group:
            while not self._stopping.is_set():
                prompts = await self._receive(fila)
                while not self._stopping.is_set():
                    if len(running) >= slots:
                        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                        running = {t for t in running if not t.done()}
                        continue
                    entregas = await self._claim(fila, slots - len(running))
                    for entrega in entregas:
                        running.add(group.create_task(self._handle_one(entrega, fila)))
                    if not entregas:
                        break
                await self.ctx.broker.ack(prompts)
                running = {t for t in running if not t.done()}

    async def _receive(self, fila: str) -> Sequence[Any]:
        told = self.ctx.db.announces and self.ctx.broker.rows_are_the_queue
        timeout_s = idle_s = TOLD_S if told else IDLE_S
        try:
            due = await self.ctx.db.read(_next_due, fila, self._looked.get(fila, 0))
        except ArmazenamentoIndisponivel:
            due = None
        if due is not None:
            timeout_s = min(idle_s, max(SOON_S, (due - self.ctx.now_ms()) / 1000))
        if self._stopping.is_set():
            return ()  # `stop` wakes those that wait; this one did not wait yet
        return await self.ctx.broker.receive(
            fila, limit=self.ctx.settings.worker.grupo, timeout_s=timeout_s
        )

    async def _claim(self, fila: str, limite: int) -> list[Entrega]:
        lease_ms = int(self.ctx.settings.worker.lease_s * 1000)
        self._looked[fila] = self.ctx.now_ms()
        lease = new_id()
        try:
            entregas: list[Entrega] = await self.ctx.db.transact(
                _claim, fila, limite, self.ctx.instancia, lease_ms, lease
            )
        except Encerrando:
            await asyncio.sleep(SOON_S)
            return []
        except ArmazenamentoIndisponivel:
            await self._undo(fila, lease)
            return []
        return self._hold(entregas)

    async def _undo(self, fila: str, lease: str) -> None:
        """Give back what a claim may hold whose outcome is unknown, and look again."""
        self._doubtful[lease] = time.monotonic() + self.ctx.settings.worker.lease_s
        await asyncio.sleep(SOON_S)
        await self._settle(_undo_claims, [lease])
        self.ctx.broker.wake((fila,))

    def _hold(self, entregas: list[Entrega]) -> list[Entrega]:
        if entregas:
            self._leases[entregas[0].lease] += len(entregas)
        return entregas

    async def _heartbeat(self) -> None:
        lease_s = self.ctx.settings.worker.lease_s
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), lease_s / 3)
            await self._extend(int(lease_s * 1000))
        while self._leases:
            await asyncio.sleep(lease_s / 10)
            await self._extend(int(lease_s * 1000))

    async def _extend(self, lease_ms: int) -> None:
        # A server may still commit what it was asked on a line that broke meanwhile.
        doubtful = tuple(self._doubtful)
        if not self._leases and not doubtful:
            return
        try:
            await self.ctx.db.transact(_extend, tuple(self._leases), lease_ms, doubtful)
        except (ArmazenamentoIndisponivel, Encerrando):
            return
        now = time.monotonic()
        self._doubtful = {k: until for k, until in self._doubtful.items() if until > now}

    # ------------------------------------------------------------ handling

    async def _handle_many(self, entregas: list[Entrega]) -> list[Entrega]:
        """Handle a group and return the next one, claimed in the commit that ended this one."""
        in_hand = entregas
        try:
            entregas = [e for e in entregas if not await self._set_aside_untried(e)]
            if entregas:
                return await self._together(STEPS[entregas[0].passo], entregas)
        finally:
            self._release(in_hand)
        return []

    async def _together(self, step: Step, entregas: list[Entrega]) -> list[Entrega]:
        start = time.perf_counter()
        vaos, entregas = passo.begin(self.ctx.rastreador, entregas)
        erro: str | None = "group"
        lease = new_id()
        try:
            following = await self.ctx.db.transact(self._apply_and_claim, entregas, lease)
        except LeasePerdido:
            self._count(entregas[0], "lease_perdido", len(entregas))
        except Exception as error:  # noqa: BLE001 - one bad fact must not sink its neighbours
            if isinstance(error, ArmazenamentoIndisponivel):
                await self._undo(entregas[0].fila, lease)
            for entrega in entregas:
                await self._alone(step, entrega)
        else:
            self.ctx.telemetry.step_seconds.labels(step.name).observe(time.perf_counter() - start)
            self._count(entregas[0], "ok", len(entregas))
            erro = None
            return self._hold(following)
        finally:
            passo.end(vaos, erro=erro)
        return []

    async def _apply_and_claim(
        self, tx: Tx, entregas: Sequence[Entrega], lease: str
    ) -> list[Entrega]:
        await self._apply_many(tx, entregas)
        if self._stopping.is_set():
            return []
        worker = self.ctx.settings.worker
        lease_ms = int(worker.lease_s * 1000)
        fila, dono = entregas[0].fila, self.ctx.instancia
        return await _claim(tx, fila, worker.grupo, dono, lease_ms, lease)

    async def _alone(self, step: Step, entrega: Entrega) -> None:
        with passo.trying(self.ctx, entrega) as traced:
            try:
                await self.ctx.db.transact(self._apply_many, [traced])
                self._count(entrega, "ok")
            except LeasePerdido:
                self._count(entrega, "lease_perdido")
            except Exception as error:  # noqa: BLE001 - it becomes the reason in the history
                await self._failed(step, traced, error)

    async def _apply_many(self, tx: Tx, entregas: Sequence[Entrega]) -> None:
        step = STEPS[entregas[0].passo]
        new = await inbox.first_time(tx, step.name, [e.fato.id for e in entregas])
        fatos = [e.fato for e in entregas if e.fato.id in new]
        if fatos:
            if step.kind == "many":
                await step.handler(self.ctx, tx, fatos)
            else:
                await step.handler(self.ctx, tx, fatos[0])
        await outbox.finish(tx, entregas)

    async def _handle_one(self, entrega: Entrega, fila: str) -> None:
        try:
            with passo.trying(self.ctx, entrega) as traced:
                if not await self._set_aside_untried(traced):
                    await self._try(STEPS[entrega.passo], traced)
        finally:
            self._release([entrega])
            self.ctx.broker.wake((fila,))

    async def _try(self, step: Step, entrega: Entrega) -> None:
        try:
            if step.kind == "outside":
                await self._timed(step, self._outside(step, entrega))
            else:
                await self._timed(step, self.ctx.db.transact(self._apply_many, [entrega]))
            self._count(entrega, "ok")
        except LeasePerdido:
            self._count(entrega, "lease_perdido")
        except Exception as error:  # noqa: BLE001 - it becomes the reason in the history
            await self._failed(step, entrega, error)

    def _release(self, entregas: Sequence[Entrega]) -> None:
        for entrega in entregas:
            self._leases[entrega.lease] -= 1
            if self._leases[entrega.lease] <= 0:
                del self._leases[entrega.lease]

    async def _outside(self, step: Step, entrega: Entrega) -> None:
        async with asyncio.timeout(OUTSIDE_TIMEOUT_S):
            effect = await step.handler(self.ctx, entrega.fato)
        await self.ctx.db.transact(_finish_outside, entrega, effect)

    async def _timed(self, step: Step, work: Any) -> None:
        start = time.perf_counter()
        await work
        self.ctx.telemetry.step_seconds.labels(step.name).observe(time.perf_counter() - start)

    def _count(self, entrega: Entrega, resultado: str, n: int = 1) -> None:
        self.ctx.telemetry.handled.labels(entrega.passo, entrega.fila, resultado).inc(n)

    # ------------------------------------------------------------ failing

    async def _set_aside_untried(self, entrega: Entrega) -> bool:
        """Set aside what killed its workers, and what only another version can handle."""
        if entrega.passo not in STEPS:
            erro = f"This version has no step {entrega.passo}"
        elif entrega.mortes >= outbox.MAX_MORTES:
            erro = f"In hand when a worker died, {entrega.mortes} times"
        else:
            return False
        await self._set_aside(entrega, erro)
        return True

    async def _failed(self, step: Step, entrega: Entrega, error: Exception) -> None:
        erro = _reason(error)
        rastro.fail(type(error).__name__)
        schedule = step.schedule_for(entrega.fila)
        if isinstance(error, Adiado | ArmazenamentoIndisponivel | Encerrando):
            self._count(entrega, "adiado")
            depois = int((error.retry_after_s or 1.0) * 1000)
            await self._settle(_give_back, entrega, depois)
            return
        deliberate = isinstance(error, PonteError) and not error.retry
        if deliberate or schedule.is_final(entrega.tentativas):
            await self._set_aside(entrega, erro)
            return
        self._count(entrega, "erro")
        log.warning(
            "step failed, will try again",
            passo=step.name,
            fila=entrega.fila,
            tentativa=entrega.tentativas,
            erro=erro,
        )
        retry_after = error.retry_after_s if isinstance(error, PonteError) else None
        depois = int(schedule.delay_s(entrega.tentativas, retry_after) * 1000)
        await self._settle(_try_again, entrega, erro, depois)

    async def _set_aside(self, entrega: Entrega, erro: str) -> None:
        self._count(entrega, "separado")
        log.error("work set aside", passo=entrega.passo, fila=entrega.fila, erro=erro)
        step = STEPS.get(entrega.passo)
        if step is not None and step.give_up is not None:
            try:
                await self.ctx.db.transact(self._give_up, step.give_up, entrega, erro)
            except (ArmazenamentoIndisponivel, Encerrando):
                log.info("could not set work aside yet; its lease will run out")
                return
            except Exception:
                log.exception("giving up failed; the work is set aside without it")
            else:
                return
        await self._settle(_set_aside, entrega, erro)

    async def _give_up(self, tx: Tx, give_up: GiveUp, entrega: Entrega, erro: str) -> None:
        if await outbox.set_aside(tx, entrega, erro=erro):
            await give_up(self.ctx, tx, entrega.fato, erro)

    async def _settle(self, service: Any, *args: Any) -> None:
        """Write the end of a piece of work; when that fails for long, its lease runs out."""
        until = time.monotonic() + self.ctx.settings.worker.lease_s
        while True:
            try:
                await self.ctx.db.transact(service, *args)
            except ArmazenamentoIndisponivel:
                if time.monotonic() < until and not self._stopping.is_set():
                    await asyncio.sleep(AGAIN_S)
                    continue
                log.warning("could not settle work; its lease will run out")
            except Encerrando:
                log.info("ending; what is in hand is given back")
            except Exception:
                log.exception("could not settle work; its lease will run out")
            return


def _reason(error: Exception) -> str:
    # A library's words may quote a URL with its token, or whom a message was for; what is
    # kept of them stays for months and is shown to whoever reads the failures.
    return mask(f"{type(error).__name__}: {error}")[:MAX_REASON]


async def _claim(
    tx: Tx, fila: str, limite: int, dono: str, lease_ms: int, lease: str
) -> list[Entrega]:
    return await outbox.claim(tx, fila, limite=limite, dono=dono, lease_ms=lease_ms, lease=lease)


async def _undo_claims(tx: Tx, leases: Sequence[str]) -> None:
    await outbox.undo_claims(tx, leases)


async def _next_due(tx: Tx, fila: str, depois: int) -> int | None:
    return await outbox.next_due(tx, fila, depois=depois)


async def _extend(tx: Tx, leases: Sequence[str], lease_ms: int, doubtful: Sequence[str]) -> None:
    await outbox.undo_claims(tx, doubtful)
    await outbox.extend(tx, leases, lease_ms=lease_ms)


async def _give_back(tx: Tx, entrega: Entrega, depois_ms: int) -> None:
    await outbox.give_back(tx, entrega, depois_ms=depois_ms)


async def _try_again(tx: Tx, entrega: Entrega, erro: str, depois_ms: int) -> None:
    await outbox.try_again(tx, entrega, erro=erro, depois_ms=depois_ms)


async def _finish_outside(tx: Tx, entrega: Entrega, effect: Any) -> None:
    if entrega.fato.id in await inbox.first_time(tx, entrega.passo, [entrega.fato.id]) and effect:
        await effect(tx)
    await outbox.finish(tx, [entrega])


async def _set_aside(tx: Tx, entrega: Entrega, erro: str) -> None:
    await outbox.set_aside(tx, entrega, erro=erro)
