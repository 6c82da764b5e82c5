"""Copias: messages, alerts and samples for whoever reads the helper instead of the API.

One process at a time copies what all of them commit, in the order of the facts, so that a
copy is never older than the one it replaces. How far it came lies beside the copies, and a
flush forgets both together. The rule: Ponte writes copies and never reads them.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import orjson

from ponte.alertas import service as alertas
from ponte.context import Context
from ponte.errors import PonteError
from ponte.mensagens import service as mensagens
from ponte.mensagens.consultas import with_notes
from ponte.metricas import service as metricas
from ponte.metricas.gravadas import AmostraGravada, recorded
from ponte.ports import Ajudante, AmostraCopiada
from ponte.store.db import Commit, Row, Tx, padded

TTL_MS = 3_600_000  # SPEC §6: what is older has no copy, so it needs no new one
LEAD_S = 10.0  # chosen: how long a process that died keeps the others from copying
WAIT_S = 2.0  # chosen: how often one that does not copy asks whether it should
LOOK_S, TOLD_S = 1.0, 10.0  # chosen: how often to look where commits of others are told, or not
SAMPLES_S = 2.0  # chosen: no fact tells of a sample, so they are looked for
GAP_S = 0.02  # chosen: what changed together is copied together
PAGE = 100  # a message may have 64 KiB
SAMPLES = 1000
# Chosen: longer than a transaction takes, from its time to its commit.
OVERLAP_MS = 5_000
MENSAGENS = (
    "mensagem.aceita", "mensagem.recebida", "mensagem.ecoada", "mensagem.enviada",
    "mensagem.entregue", "mensagem.lida", "mensagem.nao_entregue", "mensagem.anotada",
)  # fmt: skip
ALERTAS = ("alerta.criado", "alerta.reconhecido", "alerta.resolvido")
TIPOS = (*MENSAGENS, *ALERTAS)


class _Ids(msgspec.Struct):
    mensagem_id: str | None = None
    alerta_id: str | None = None


@dataclass(frozen=True, slots=True)
class Mudancas:
    """The copies to write, up to which fact they are true, and whether there is more."""

    copias: Mapping[str, bytes | None]
    ate: int
    mais: bool


@dataclass
class Copias:
    """One a process; those that do not lead wait."""

    ctx: Context
    ajudante: Ajudante
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _de: int | None = None
    _seen: dict[int, int] = field(default_factory=dict)
    _since: int | None = None
    _looked: float = 0.0

    def start(self) -> None:
        """Listen to commits, of this process and of others where they are told."""
        self.ctx.db.on_commit(self._committed)
        self.ctx.db.on_foreign(self._news.set)
        self.ajudante.listen(self._heard)

    async def run(self) -> None:
        """Copy while this process leads, until cancelled."""
        while True:
            # Away, or the database is: the one says so itself, the other is asked all the time.
            with contextlib.suppress(PonteError):
                await self._lead()
            await asyncio.sleep(WAIT_S)

    async def _lead(self) -> None:
        self._since = None
        lugar, known = None, False
        while await self.ajudante.lead(ttl_s=LEAD_S):
            if not known:
                lugar = await self.ajudante.place("fatos")
                # After a flush the place is lost; this process knows it still.
                known, self._de = True, self._de if lugar is None else lugar
            self._news.clear()
            found: Mudancas = await self.ctx.db.read(changes, self._de)
            if found.ate != lugar:
                known = await self.ajudante.copy(found.copias, de=lugar, ate=found.ate)
            if known:
                lugar = self._de = found.ate
            await self._copy_samples()
            if known and not found.mais:
                await self._told()
            await asyncio.sleep(GAP_S)

    async def _told(self) -> None:
        wait_s = min(SAMPLES_S, TOLD_S if self.ctx.db.announces else LOOK_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._news.wait()

    # ------------------------------------------------------------ samples

    async def _copy_samples(self) -> None:
        if self._since is not None and time.monotonic() - self._looked < SAMPLES_S:
            return
        self._looked = time.monotonic()
        if self._since is None:
            place = await self.ajudante.place("amostras")
            self._seen, self._since = {}, self.ctx.now_ms() if place is None else place
        # The clock may have gone back.
        desde = min(self._since, self.ctx.now_ms()) - OVERLAP_MS
        self._seen = {i: em for i, em in self._seen.items() if em >= desde}
        after = (desde, 0)
        while True:
            page: list[AmostraGravada] = await self.ctx.db.read(recorded, after, SAMPLES)
            new = [a for a in page if a.id not in self._seen]
            if new:
                ate = page[-1].gravada_em
                await self.ajudante.add_samples([_sample(a) for a in new], ate=ate)
                self._seen.update((a.id, a.gravada_em) for a in new)
                self._since = ate
            if len(page) < SAMPLES:
                return
            after = (page[-1].gravada_em, page[-1].id)

    # ------------------------------------------------------------ news

    def _committed(self, commit: Commit) -> None:
        if any(fato.tipo in TIPOS for fato in commit.fatos):
            self._news.set()

    async def _heard(self, _canal: str | None, _texto: str) -> None:
        self._news.set()


async def changes(tx: Tx, de: int | None) -> Mudancas:
    """Read what facts after `de` changed, as it stands now; without `de` only where now is."""
    row = await tx.fetch_one("SELECT pos FROM contadores")
    newest = int(row[0]) if row else 0
    if de is None or de >= newest:
        return Mudancas({}, newest, mais=False)
    facts = await tx.fetch(
        "SELECT pos, dados, em FROM fatos WHERE pos > ?"  # noqa: S608 - as many marks as names
        f" AND tipo IN ({', '.join('?' * len(TIPOS))}) ORDER BY pos LIMIT ?",
        (de, *TIPOS, PAGE),
    )
    mais = len(facts) == PAGE
    ids = [msgspec.json.decode(dados, type=_Ids) for _pos, dados, em in facts
           if em >= tx.now_ms - TTL_MS]  # fmt: skip
    copias = {
        **await _copies(tx, "mensagem", (i.mensagem_id for i in ids)),
        **await _copies(tx, "alerta", (i.alerta_id for i in ids)),
    }
    return Mudancas(copias, int(facts[-1][0]) if mais else newest, mais)


async def _messages(tx: Tx, rows: Sequence[Row]) -> list[dict[str, Any]]:
    return await with_notes(tx, [mensagens.from_row(row) for row in rows])


async def _alerts(_tx: Tx, rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [alertas.view(alertas.from_row(row)) for row in rows]


Shown = Callable[[Tx, Sequence[Row]], Awaitable[list[dict[str, Any]]]]
# key, table, columns, and how rows stand on the wire
_KINDS: dict[str, tuple[str, str, str, Shown]] = {
    "mensagem": ("message", "mensagens", mensagens.COLUNAS, _messages),
    "alerta": ("alert", "alertas", alertas.COLUNAS, _alerts),
}


async def _copies(tx: Tx, noun: str, ids: Iterable[str | None]) -> dict[str, bytes | None]:
    wanted = sorted({i for i in ids if i is not None})
    if not wanted:
        return {}
    key, table, columns, shown = _KINDS[noun]
    marked = padded(wanted)
    rows = await tx.fetch(
        f"SELECT {columns} FROM {table} WHERE id IN ({', '.join('?' * len(marked))})",  # noqa: S608
        marked,
    )
    found: dict[str, bytes | None] = {f"{key}:{i}": None for i in wanted}
    found.update({f"{key}:{one['id']}": orjson.dumps(one) for one in await shown(tx, rows)})
    return found


def _sample(gravada: AmostraGravada) -> AmostraCopiada:
    metrica = gravada.metrica
    # The id first: two samples that are alike are two.
    texto = orjson.dumps({"id": gravada.id, **metricas.view(metrica)})
    return AmostraCopiada(metrica.nome, metrica.timestamp or 0, texto)
