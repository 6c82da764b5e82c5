"""Recebedor: asks a platform for what it keeps, where nobody told it an address.

One process asks, by a lease. What comes is stored as a webhook's body would be, and
confirmed by the next question alone: a crash in between brings it again, and what was
stored before is known. So the first questions after an outage bring what was missed. The
one rule: while the platform posts to an address, nobody asks.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from ponte import rastro
from ponte.context import Context, Ligado
from ponte.errors import Adiado, ConflitoDeEstado, PonteError
from ponte.mensagens import estado
from ponte.ports import Reception
from ponte.resilience.classes import Classe, OutsideError
from ponte.runtime import leases
from ponte.store.db import Tx
from ponte.webhooks import CANAL, Entregue, store_many

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ritmo:
    """How long each thing takes, in seconds; only tests have others.

    Args:
        espera: How long the platform holds its answer while nothing comes.
        vez: How often to look whether the process that asks is gone.
        outro: After it became known that the platform posts, or that somebody else asks.
        recusa: After the key was refused.
        falha: After any other failure, or an empty answer that was not held back at all;
            doubled with each in a row, up to `outro`.
    """

    espera: float = 25.0  # chosen: well below what proxies on the way cut
    vez: float = 10.0  # chosen
    outro: float = 60.0  # chosen: a webhook that was removed is noticed within a minute
    recusa: float = 60.0  # chosen
    falha: float = 1.0  # chosen


@dataclass
class Recebedor:
    """Asks for one connector until cancelled."""

    ctx: Context
    ligado: Ligado
    reception: Reception
    ritmo: Ritmo = Ritmo()
    _desde: int | None = None
    _looked: bool = False
    _told: str = ""
    _failures: int = 0

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            wait_s = await self._round() if await self._is_mine() else self.ritmo.vez
            if wait_s > 0:
                await asyncio.sleep(wait_s)

    async def _is_mine(self) -> bool:
        """Tell whether this process asks; it stays so until it ends or is dead."""
        ttl_s = 2 * (self.ritmo.espera + self.ritmo.outro)
        try:
            token = await self.ctx.db.transact(_acquire, self._nome, self.ctx.instancia, ttl_s)
        except PonteError:  # the database is away: nothing could be stored either
            return False
        return token is not None

    async def _round(self) -> float:
        """Ask once and store what came; return how long to wait before the next question."""
        try:
            return await self._asked()
        except ConflitoDeEstado as error:
            self._looked = False
            self._say("nothing is fetched, the platform tells somebody else", str(error))
            return self.ritmo.outro
        except Adiado as error:
            return error.retry_after_s or self.ritmo.falha
        except PonteError as error:
            if isinstance(error, OutsideError) and error.classe is Classe.AUTH:
                return await self._refused(error)
            return self._failed(error)

    async def _asked(self) -> float:
        if not self._looked:
            inscricao = await self.reception.subscription()
            if inscricao.url is not None:
                return self.ritmo.outro
            self._looked = True
        began = time.monotonic()
        found = await self.reception.fetch(desde=self._desde, espera_s=self.ritmo.espera)
        if found:
            await self._store([corpo for _, corpo in found])
            self._desde = max(numero for numero, _ in found) + 1
        self._say("", "")
        if not found and time.monotonic() - began < min(1.0, self.ritmo.espera):
            return self._again_s()
        self._failures = 0
        return 0.0

    async def _store(self, corpos: list[bytes]) -> None:
        trace = rastro.current()
        entregues = [Entregue(self._conector, "", corpo, trace, CANAL) for corpo in corpos]
        await self.ctx.db.transact(store_many, entregues)

    async def _refused(self, error: OutsideError) -> float:
        """Stop the canal, once the platform said of the key itself that it is refused."""
        self._say("nothing is fetched, the key is refused", str(error))
        motivo = await self._key_refused()
        if motivo is not None:
            await self.ctx.db.transact(_stop, self.ligado.canal, motivo)
        return self.ritmo.recusa

    async def _key_refused(self) -> str | None:
        try:
            if self.ligado.probe is not None:
                await self.ligado.probe()
        except OutsideError as error:
            return str(error) if error.classe is Classe.AUTH else None
        except Adiado:
            pass  # asked again in a while
        return None

    def _failed(self, error: PonteError) -> float:
        return max(self._again_s(), error.retry_after_s or 0.0)

    def _again_s(self) -> float:
        self._failures += 1
        return min(self.ritmo.falha * 2.0 ** min(self._failures - 1, 10), self.ritmo.outro)

    def _say(self, what: str, motivo: str) -> None:
        """Log once when asking stops, and once when it goes on."""
        if what == self._told:
            return
        if what:
            log.warning(what, conector=self._conector, motivo=motivo)
        else:
            log.info("what waits at the platform is fetched again", conector=self._conector)
        self._told = what

    @property
    def _conector(self) -> str:
        return self.ligado.connector.name

    @property
    def _nome(self) -> str:
        return f"recepcao.{self._conector}"


def tasks(ctx: Context) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return what asks each platform that keeps what comes, by the task's name."""
    return {
        f"receber {nome}": Recebedor(ctx, ligado, ligado.reception).run
        for nome, ligado in ctx.ligados.items()
        if ligado.reception is not None and ligado.reception.asks
    }


async def _acquire(tx: Tx, nome: str, dono: str, ttl_s: float) -> int | None:
    return await leases.acquire(tx, nome, dono=dono, ttl_ms=int(ttl_s * 1000))


async def _stop(tx: Tx, canal: str, motivo: str) -> None:
    await estado.stop(tx, canal, motivo=motivo)
