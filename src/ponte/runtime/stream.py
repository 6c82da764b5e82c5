"""Stream: publishes every fact for other systems, in the order of its commit.

One process at a time does it, by a lease with a fencing token; how far it came lies
in the database and moves only after the stream confirmed. So a crash at any moment
repeats at most what was in flight and skips nothing; a receiver knows a repeat by
its id. What leaves is the fact, and Ponte puts no personal data in one (decision 0008).
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import orjson
import structlog

from ponte import events
from ponte.context import Context
from ponte.errors import PonteError
from ponte.events import MENSAGENS, FatoGravado
from ponte.ports import Registro, Stream
from ponte.runtime import leases
from ponte.store import fatos
from ponte.store.db import Commit, Tx
from ponte.store.outbox import LeasePerdido

log = structlog.get_logger(__name__)
LEASE = "stream"
LEASE_MS = 15_000  # chosen: as a worker's
RENEW_S = 5.0
LOOK_S = 0.5  # chosen: a fact of another process leaves within this where nobody tells
PAGE = 500  # chosen: what a crash may repeat
RETRY_S = 1.0  # chosen: how soon a stream that refused is asked again


@dataclass
class Streamer:
    """One a process; those without the lease wait for it."""

    ctx: Context
    stream: Stream
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _refused: bool = False

    def start(self) -> None:
        """Listen to the commits of this process, and of others where the engine tells them."""
        self.ctx.db.on_commit(self._committed)
        self.ctx.db.on_foreign(self._news.set)

    async def run(self) -> None:
        """Publish, or wait for the lease, until cancelled."""
        while True:
            wait_s = RENEW_S
            try:
                held = await self.ctx.db.transact(_take, self._place, self.ctx.instancia)
                if held is not None:
                    await self._publish_on(*held)
            except LeasePerdido:
                log.info("another process publishes the stream now")
            except PonteError as error:
                if not self._refused:
                    log.warning("the stream refused, facts wait", erro=str(error))
                self._refused = True
                wait_s = RETRY_S
            await asyncio.sleep(wait_s)

    @property
    def _place(self) -> str:
        return f"stream.{self.stream.name}"

    async def _publish_on(self, token: int, pos: int) -> None:
        """Publish until the lease is lost or the stream refuses; both are raised."""
        kept = time.monotonic()
        while True:
            page = await self.ctx.db.read(fatos.after, pos, PAGE)
            if page:
                await self.stream.publish([registro(fato) for fato in page])
                pos = page[-1].pos
                if self._refused:
                    log.info("the stream takes facts again")
                self._refused = False
            if page or time.monotonic() - kept > RENEW_S:
                await self.ctx.db.transact(_advance, self._place, pos, self.ctx.instancia, token)
                kept = time.monotonic()
            if len(page) < PAGE:
                await self._told()

    async def _told(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._news.wait()
        self._news.clear()

    def _committed(self, commit: Commit) -> None:
        if commit.fatos:
            self._news.set()


def registro(fato: FatoGravado) -> Registro:
    """Return a fact as other systems get it."""
    envelope = fato.envelope()
    atributos = {nome: str(valor) for nome, valor in envelope.items() if nome != "data"}
    return Registro(topico(fato), fato.lane, orjson.dumps(envelope), atributos)


def topico(fato: FatoGravado) -> str:
    """Return the topic of a fact: its noun, and for a message its kind as well."""
    found = events.topico(fato.tipo)
    if found != MENSAGENS:
        return found
    return found.format(tipo=orjson.loads(fato.dados).get("tipo_mensagem", "texto"))


async def _take(tx: Tx, place: str, dono: str) -> tuple[int, int] | None:
    """Take the lease; return its token and the position, or None while another has it."""
    token = await leases.acquire(tx, LEASE, dono=dono, ttl_ms=LEASE_MS)
    if token is None:
        return None
    row = await tx.fetch_one("SELECT valor FROM meta WHERE chave = ?", (place,))
    return token, int(row[0]) if row else 0


async def _advance(tx: Tx, place: str, pos: int, dono: str, token: int) -> None:
    if not await leases.holds(tx, LEASE, dono=dono, token=token):
        msg = "The lease of the stream was lost"
        raise LeasePerdido(msg)
    await leases.acquire(tx, LEASE, dono=dono, ttl_ms=LEASE_MS)
    await tx.execute(
        "INSERT INTO meta (chave, valor) VALUES (?, ?)"
        " ON CONFLICT (chave) DO UPDATE SET valor = excluded.valor",
        (place, str(pos)),
    )
