"""Supervisor: the life of one process, from its first task to its clean end.

A task that fails is logged and started again; the process goes on. At SIGTERM it
stops being ready, takes nothing more in hand, finishes or gives back what it
holds, closes the sockets with 1012 and is out within twenty seconds.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from ponte import flow
from ponte.alertas import service as alertas
from ponte.canais.disjuntores import Vigia
from ponte.context import Context
from ponte.errors import ArmazenamentoIndisponivel, Encerrando
from ponte.estoque.monitor import watch
from ponte.mensagens.carteiro import Carteiro
from ponte.metricas.amostrador import Amostrador
from ponte.runtime import instances, leases, recebedor
from ponte.runtime.build import Built
from ponte.runtime.instances import Instance
from ponte.runtime.publisher import Publisher
from ponte.runtime.readiness import judge
from ponte.runtime.relay import Relay
from ponte.runtime.scheduler import Job, Scheduler
from ponte.runtime.stream import Streamer
from ponte.runtime.worker import Worker
from ponte.store import outbox
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
RESTART_S = (0.1, 0.5, 1, 2, 5)  # chosen: a broken task may not spin
GRACE_S = 15.0  # promise P12: out within 20 s, five of them for the sockets and the database
CLOCK_BACK_MS = 1000  # chosen: ntpd slews less than half a second and steps the rest
Role = str
Start = Callable[[], Awaitable[None]]


@dataclass
class Supervisor:
    """Runs roles until told to stop."""

    built: Built
    papeis: Sequence[Role]
    jobs: Sequence[Job] = ()
    pronto: bool = False
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _relay: Relay | None = None
    _worker: Worker | None = None
    _worker_task: asyncio.Task[None] | None = None
    _receiving: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def ctx(self) -> Context:
        """Return the inside."""
        return self.built.ctx

    async def start(self) -> None:
        """Free what dead instances held, then start the tasks of the roles."""
        await self.ctx.db.transact(self.built.instance.register, ",".join(self.papeis))
        if self.ctx.now_ms() < await self.ctx.db.read(outbox.newest_ms) - outbox.SKEW_MS:
            await self._go_back()
        await self.sweep()
        relay = self._relay = Relay(self.ctx)
        await relay.start()
        carteiro = Carteiro(self.ctx)
        self.ctx.hub.hear(carteiro.heard)
        self.keep("carteiro", carteiro.run)
        vigia = Vigia(self.ctx)
        vigia.start()
        self.keep("disjuntores dos canais", vigia.run)
        self.keep("amostrador", Amostrador(self.ctx).run)
        self.keep("relay", relay.follow)
        if not self.ctx.broker.rows_are_the_queue:
            publisher = Publisher(self.ctx)
            publisher.start()
            self.keep("publish", publisher.run)
        if self.built.stream is not None:
            streamer = Streamer(self.ctx, self.built.stream)
            streamer.start()
            self.keep("stream", streamer.run)
        if self.built.ajuda is not None:
            for nome, task in self.built.ajuda.tasks(self.ctx, relay).items():
                self.keep(nome, task)
        if self.built.instance.beats:
            self.keep("batimento", self._beat_for_ever)
        if "worker" in self.papeis:
            self._worker = Worker(self.ctx, flow.filas(self.ctx.destinos_de_filas()))
            self._worker_task = self.keep("worker", self._worker.run)
            self.keep("sweep", self._sweep_for_ever)
            self.keep("monitor", lambda: watch(self.ctx))
        if "scheduler" in self.papeis:
            self.keep("scheduler", Scheduler(self.ctx, self.jobs).run)
            receiving = recebedor.tasks(self.ctx).items()
            self._receiving = [self.keep(nome, task) for nome, task in receiving]
        self.pronto = True

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Tell whether this process can take and do work, and why not, part by part."""
        verdict = await judge(
            self.ctx,
            serving=self.pronto,
            worker="worker" in self.papeis,
            relayed=None if self._relay is None else self._relay.relayed,
        )
        return verdict.pronto, verdict.partes

    def keep(self, name: str, start: Start) -> asyncio.Task[None]:
        """Run a task and start it again whenever it fails."""
        task = asyncio.create_task(self._kept(name, start), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def stop_at_signals(self) -> None:
        """Stop at SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)

    def stop(self) -> None:
        """Begin the end."""
        self.pronto = False
        self._stop.set()
        for task in self._receiving:
            task.cancel()  # what was not stored is not confirmed either
        if self._worker is not None:
            self._worker.stop()

    async def wait(self) -> None:
        """Return when somebody called `stop`."""
        await self._stop.wait()

    async def close(self, grace_s: float = GRACE_S) -> None:
        """Finish or give back what is in hand, for so many seconds, then close everything."""
        self.stop()
        if self._worker_task is not None:
            await asyncio.wait({self._worker_task}, timeout=grace_s)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(ArmazenamentoIndisponivel, Encerrando):
            await self.ctx.db.transact(_leave, self.ctx.instancia)
        await self.built.close()

    async def sweep(self) -> None:
        """Free the work of dead instances and of leases that ran out."""
        instance = self.built.instance
        if instance.beats and await self.ctx.db.read(instance.quiet):
            return
        freed, dead = await self.ctx.db.transact(_sweep, instance)
        for instance_id in dead:
            instance.forget(instance_id)
        if freed:
            self.ctx.telemetry.freed.inc(freed)
            log.warning("work of a dead worker freed", quantidade=freed)
            self.ctx.broker.wake_all()

    async def _go_back(self) -> None:
        await self.ctx.db.transact(_wait_no_more)
        log.warning("the clock went back; what waits is due now")
        self.ctx.broker.wake_all()

    async def _sweep_for_ever(self) -> None:
        latest = self.ctx.now_ms()
        while True:
            await asyncio.sleep(self.ctx.settings.worker.sweep_s)
            with contextlib.suppress(ArmazenamentoIndisponivel):
                if self.ctx.now_ms() < latest - CLOCK_BACK_MS:
                    await self._go_back()
                latest = self.ctx.now_ms()
                await self.sweep()

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(instances.BEAT_S)
            with contextlib.suppress(ArmazenamentoIndisponivel):
                await self.ctx.db.single(self.built.instance.beat)

    async def _kept(self, name: str, start: Start) -> None:
        for attempt in range(10**9):
            try:
                await start()
            except Exception:
                self.ctx.telemetry.restarts.labels(name).inc()
                log.exception("task failed, starting it again", tarefa=name)
            else:
                return
            await asyncio.sleep(RESTART_S[min(attempt, len(RESTART_S) - 1)])


async def _sweep(tx: Tx, instance: Instance) -> tuple[int, list[str]]:
    dead = await instance.dead(tx)
    freed = await outbox.release_dead(tx, mortos=dead)
    await leases.release_dead(tx, dead)
    await instances.remove(tx, dead)
    return freed, dead


async def _wait_no_more(tx: Tx) -> None:
    await outbox.wait_no_more(tx)
    await alertas.wait_no_more(tx)


async def _leave(tx: Tx, instancia: str) -> None:
    await outbox.release_own(tx, instancia)
    await leases.release_dead(tx, [instancia])
    await instances.remove(tx, [instancia])
