"""Corrida: one month of a shop, from the first message to the last queue that runs dry."""

import asyncio
import gc
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ponte import rastro
from ponte.canais import medida, sessoes, sonda
from ponte.errors import Encerrando
from ponte.runtime.jobs import clean
from ponte.simulators.caos import of_level
from ponte.store.db import Tx
from ponte.store.group_commit import Job, settle
from ponte.store.sqlite import SqliteDatabase
from ponte.testing import ADMIN_KEY, Embedded, embedded
from tests.mes.cidade import WHATSAPP, Cidade, Praca, open_city
from tests.mes.episodios import EPISODIOS, Palco, replay
from tests.mes.juiz import Juiz
from tests.mes.rede import Rede
from tests.mes.relogio import Relogio

HORA_S = 3600
CADA_H = 3  # chosen: people come in eight hours of a day; in the others time alone passes
# Chosen: a call that hangs outlives Ponte's ten seconds, a 429 a step's first wait.
DEFEITO_S = 12.0
SEM_FIM = 10**6
REST_S = 60  # chosen: what is delayed comes within twelve seconds
VOLTAS = 40  # chosen: ten simulated minutes each, until the queues must be empty


@dataclass(frozen=True)
class Pedido:
    """How long, how many messages both ways, on what, how bad, and by which dice.

    After so many real `minutos` the month ends with the day.
    """

    dias: int
    mensagens: int
    canais: list[str]
    nivel: str = "medio"
    seed: int = 1
    minutos: float = float("inf")


@dataclass
class Mes:
    """The month as it goes."""

    pedido: Pedido
    relogio: Relogio
    palco: Palco
    juiz: Juiz
    memoria_mb: list[float] = field(default_factory=list)
    _began: float = field(default_factory=time.perf_counter)

    async def run(self) -> None:
        """Let every hour come, then everything come to rest."""
        horas = self.pedido.dias * 24
        done = 0
        for hora in range(0, horas, CADA_H):
            due = (hora + CADA_H) * self.pedido.mensagens // (2 * horas)
            await self._hour(hora, due - done)
            done = due
            if hora % 24 == 24 - CADA_H:
                await self._evening()
                if time.perf_counter() - self._began > self.pedido.minutos * 60:
                    break
            await self._rest()
            self.relogio.jump((hora + CADA_H) * HORA_S)
        await self._drain()

    async def _hour(self, hora: int, conversas: int) -> None:
        await sessoes.renew_due(self.palco.ctx)
        episodio = EPISODIOS.get(hora % 24)
        busy = asyncio.create_task(self.palco.cidade.hour(conversas))
        if episodio is not None:
            pracas = list(self.palco.cidade.pracas.values())
            own = [p for p in pracas if hora % 24 != 21 or p.jeito.esquecer is not None]
            await episodio(self.palco, own[hora // 24 % len(own)])
        await busy
        await sonda.probe_hubs(self.palco.ctx)
        await medida.watch_numbers(self.palco.ctx)

    async def _rest(self) -> None:
        """Wait until nothing is on its way or in hand: a lease is not to run out by a jump."""
        for _ in range(REST_S):
            await asyncio.sleep(1)
            if not self.juiz.rede.busy and not await self.palco.ctx.db.read(_in_hand):
                return

    async def _evening(self) -> None:
        await asyncio.sleep(5)
        await replay(self.palco)
        await asyncio.sleep(5)
        await self.juiz.day()
        await clean(self.palco.ctx)
        gc.collect()
        self.memoria_mb.append(_rss_mb())
        lived = f"day {len(self.memoria_mb)}, {time.perf_counter() - self._began:.0f} s"
        print(lived, self.memoria_mb[-1], self.juiz.placar.violacoes, file=sys.stderr)  # noqa: T201

    async def _drain(self) -> None:
        for praca in self.palco.cidade.pracas.values():
            praca.calm(of_level("calmo"))
        for _ in range(VOLTAS):
            await asyncio.sleep(20)
            await replay(self.palco)
            await asyncio.sleep(10)
            await self.juiz.day()
            waiting, aside = await self.palco.ctx.db.read(_left)
            if not self.juiz.open_work and not waiting and not aside:
                break
            await self._rest()
            self.relogio.jump(self.relogio.s + 600)
        self.juiz.finish()
        for wrong, count in (("rows wait in a queue", waiting), ("are set aside", aside)):
            if count:
                self.juiz.placar.wrong(f"at the end {count} {wrong}")


async def live(pedido: Pedido, relogio: Relogio, folder: Path) -> dict[str, Any]:
    """Live a month and return the result."""
    began = time.perf_counter()
    rede = Rede()
    rede.install()
    _write_in_the_loop()
    env: dict[str, str] = {}
    cidade: Cidade | None = None
    cidade = open_city(pedido.canais, _client(rede), seed=pedido.seed)
    for nome, praca in cidade.pracas.items():
        rede.apps[f"{nome}.simulador"] = praca.simulador.app
        praca.simulador.aim(f"http://ponte.test/webhooks/{nome}")
        env |= praca.simulador.env(f"http://{nome}.simulador")
    env.pop("PONTE_TELEGRAM__CHAT_ID", None)  # alertas stay inside: what is counted is people's
    env |= {"PONTE_TELEGRAM__POLLING": "false", "PONTE_LOG__ENABLED": "false"}
    clock: Any = relogio.now_ms
    async with embedded(folder, env=env, clock=clock, rate_limit_key=SEM_FIM) as ponte:
        rede.apps["ponte.test"] = ponte.app
        _settle_memory()
        mes = _month(pedido, relogio, ponte, cidade=cidade, rede=rede)
        await mes.run()
        counts = await ponte.ctx.db.read(_counts)
    await cidade.http.aclose()
    return _result(mes, counts, lasted_s=time.perf_counter() - began)


def _settle_memory() -> None:
    """Collect as a serving Ponte does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _month(pedido: Pedido, relogio: Relogio, ponte: Embedded, *, cidade: Cidade, rede: Rede) -> Mes:
    juiz = Juiz(cidade, ponte.ctx.db, rede)
    ponte.ctx.hub.hear(juiz.heard)

    def calm(praca: Praca) -> None:
        seed = pedido.seed + sum(praca.nome.encode()) + int(relogio.s)
        praca.calm(of_level(pedido.nivel, semente=seed, segundos=DEFEITO_S))

    palco = Palco(ponte.ctx, cidade, juiz.placar, calm)
    for praca in cidade.pracas.values():
        calm(praca)
    return Mes(pedido, relogio, palco, juiz)


def _client(rede: Rede) -> Any:
    import httpx2  # noqa: PLC0415 - after the clock

    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    return httpx2.AsyncClient(transport=rede, base_url="http://ponte.test", headers=headers)


def _write_in_the_loop() -> None:
    """Commit what one turn of the loop wants stored, together, where the writer would."""

    def enqueue(
        self: Any, service: Any, args: tuple[Any, ...], *, many: bool
    ) -> asyncio.Future[Any]:
        if self._closed:
            raise Encerrando
        future: asyncio.Future[Any] = self._loop.create_future()
        waiting = self.__dict__.setdefault("_waiting", [])
        if not waiting:
            self._loop.call_soon(commit, self)
        waiting.append(Job(service, args, future, many, None if many else rastro.current()))
        return future

    def commit(self: Any) -> None:
        jobs = self.__dict__.pop("_waiting")
        settle(jobs, self._commit(jobs), self._listeners)

    setattr(SqliteDatabase, "_enqueue", enqueue)  # noqa: B010 - mypy knows methods as final


def _result(mes: Mes, counts: dict[str, int], *, lasted_s: float) -> dict[str, Any]:
    placar, palco = mes.juiz.placar, mes.palco
    warm = mes.memoria_mb[min(4, len(mes.memoria_mb) - 1)]
    return {
        "days": len(mes.memoria_mb),
        "seed": mes.pedido.seed,
        "level": mes.pedido.nivel,
        "canais": mes.pedido.canais,
        "lasted_s": round(lasted_s, 1),
        "messages_in": dict(placar.entradas),
        "messages_out": dict(placar.saidas),
        "messages": sum(placar.entradas.values()) + sum(placar.saidas.values()),
        "lost": sum("never" in v or "not inside" in v for v in placar.violacoes),
        "doubled": dict(placar.dobradas),
        "never_told_by_the_platform": placar.sem_aviso,
        "refused_window_closed": palco.cidade.recusadas,
        "changes_of_delivery": placar.recibos,
        "episodes": dict(palco.feitos),
        "breakers": dict(sorted(placar.disjuntores.items())),
        "alerts": counts,
        "rss_mb": {
            "warm": warm,
            "end": mes.memoria_mb[-1],
            "by_day": mes.memoria_mb,
        },
        "violations": placar.violacoes,
        "clean": not placar.violacoes,
    }


def _rss_mb() -> float:
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


async def _left(tx: Tx) -> tuple[int, int]:
    waiting = await tx.fetch_one("SELECT COUNT(*) FROM fila")
    aside = await tx.fetch_one("SELECT COUNT(*) FROM falhas WHERE situacao = 'aberta'")
    return int(waiting[0]) if waiting else 0, int(aside[0]) if aside else 0


async def _in_hand(tx: Tx) -> int:
    row = await tx.fetch_one("SELECT COUNT(*) FROM fila WHERE lease IS NOT NULL")
    return int(row[0]) if row else 0


async def _counts(tx: Tx) -> dict[str, int]:
    rows = await tx.fetch("SELECT nome, COUNT(*) FROM alertas GROUP BY nome ORDER BY nome")
    return {row[0]: row[1] for row in rows}


__all__ = ["WHATSAPP", "Pedido", "live"]
