"""Outbox: what must still be handled, who has it in hand, and what was set aside.

`Tx.put` writes the rows; here they are claimed, finished, tried again or set
aside. A claim is committed before the handler runs and counts the attempt, so
that kill -9 counts too. Every later write names the lease: a worker that lost it
changes nothing (fencing).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from ponte.domain.valores import format_time, new_id
from ponte.errors import PonteError
from ponte.events import FalhaCriada, FatoGravado
from ponte.store.db import Tx, padded

# Chosen: clocks of machines that keep time differ by less. What is dated further ahead
# was written before the clock went back.
SKEW_MS = 30_000
MAX_MORTES = 3  # promise P7: in hand when a worker died three times
_FACT = (
    "f.pos, f.id, f.tipo, f.lane, f.em, f.dados, f.seq, f.seq_publico, f.seq_estoque, f.traceparent"
)


class LeasePerdido(PonteError):
    """Another worker has this work now; what this one did was rolled back."""

    status = 409
    code = "lease_perdido"


@dataclass(frozen=True, slots=True)
class Entrega:
    """One fact in hand for one step."""

    id: int
    passo: str
    fila: str
    lane: str
    tentativas: int
    mortes: int
    lease: str
    historia: str | None
    fato: FatoGravado


_HOLD = "q.id, q.passo, q.fila, q.lane, q.tentativas, q.mortes, q.lease, q.historia"
_IN_HAND = f"SELECT {_HOLD}, {_FACT} FROM fila q JOIN fatos f ON f.pos = q.pos WHERE q.lease = ?"  # noqa: S608
_IN_HAND_COLUMNS = f"{_HOLD}, {_FACT}".count(",") + 1
_HEAD = """SELECT f.id FROM fila f
WHERE f.fila = ? AND f.lease IS NULL AND f.disponivel_em <= ? AND {mortes}
AND NOT EXISTS (SELECT 1 FROM fila g WHERE g.fila = f.fila AND g.lane = f.lane AND g.id < f.id)
ORDER BY f.disponivel_em, f.id LIMIT ?"""
# Named, so that the heads are locked once and not each time the update looks for a row.
_CLAIM = """UPDATE fila SET lease = ?, lease_ate = {ate}, dono = ?, tentativas = tentativas + 1
WHERE id IN (WITH cabecas AS ({head}) SELECT id FROM cabecas)"""


async def claim(
    tx: Tx, fila: str, *, limite: int, dono: str, lease_ms: int, lease: str = ""
) -> list[Entrega]:
    """Take the heads of up to `limite` lanes in hand; each counts as an attempt.

    With a `lease` of the caller's, a claim whose outcome is unknown can be undone.

    Work that was in a dead worker's hand is taken alone, so that one poisonous
    fact can't take its neighbours along a second time.
    """
    lease = lease or new_id()
    ate, ate_ms = tx.instant(lease_ms)
    for mortes, limit in (("f.mortes > 0", 1), ("f.mortes = 0", limite)):
        head = _HEAD.format(mortes=mortes) + tx.lock(skip=True)
        params = (lease, ate_ms, dono, fila, tx.now_ms, limit)
        if await tx.execute(_CLAIM.format(ate=ate, head=head), params):
            return await in_hand(tx, lease)
    return []


async def in_hand(tx: Tx, lease: str) -> list[Entrega]:
    """Return the work that a lease holds, oldest first."""
    rows = await tx.fetch(_IN_HAND, (lease,), packed=_IN_HAND_COLUMNS)
    return [_entrega(row) for row in sorted(rows, key=itemgetter(0))]


def _entrega(row: Sequence[Any]) -> Entrega:
    id_, passo, fila, lane, tentativas, mortes, lease, historia, *fact = row
    return Entrega(id_, passo, fila, lane, tentativas, mortes, lease, historia, gravado(fact))


def gravado(row: Sequence[Any]) -> FatoGravado:
    """Build a stored fact from the columns of `fatos`, in their order; the last ones may lack."""
    pos, id_, tipo, lane, em, dados, *rest = row
    return FatoGravado(pos, id_, tipo, lane, em, dados.encode(), *rest)


async def finish(tx: Tx, entregas: Sequence[Entrega]) -> None:
    """Remove handled work, in the transaction of its effects.

    Raises:
        LeasePerdido: any of them is not this worker's any more; the effects roll back.
    """
    if not entregas:
        return
    lease = entregas[0].lease
    ids = padded([e.id for e in entregas])
    gone = await tx.execute(
        f"DELETE FROM fila WHERE lease = ? AND id IN ({','.join('?' * len(ids))})",  # noqa: S608
        (lease, *ids),
    )
    if gone != len(entregas):
        msg = "The lease was lost"
        raise LeasePerdido(msg)


async def extend(tx: Tx, leases: Sequence[str], *, lease_ms: int) -> None:
    """Keep work in hand a while longer."""
    ate, ate_ms = tx.instant(lease_ms)
    for lease in leases:
        await tx.execute(f"UPDATE fila SET lease_ate = {ate} WHERE lease = ?", (ate_ms, lease))  # noqa: S608 - own text


async def give_back(tx: Tx, entrega: Entrega, *, depois_ms: int = 0) -> None:
    """Return work that was not really tried (shutdown, postponed); the attempt is not counted."""
    await tx.execute(
        "UPDATE fila SET lease = NULL, enviada_em = NULL, disponivel_em = ?,"
        " tentativas = tentativas - 1 WHERE id = ? AND lease = ?",
        (tx.now_ms + depois_ms, entrega.id, entrega.lease),
    )


async def undo_claims(tx: Tx, leases: Sequence[str]) -> None:
    """Give back what claims hold whose commit was not answered; no try is counted."""
    for lease in leases:
        rows = await tx.fetch(
            "UPDATE fila SET lease = NULL, enviada_em = NULL, tentativas = tentativas - 1"
            " WHERE lease = ? RETURNING fila",
            (lease,),
        )
        for fila in {row[0] for row in rows}:
            tx.feed(fila)


async def try_again(tx: Tx, entrega: Entrega, *, erro: str, depois_ms: int) -> None:
    """Put work back after a failure, with the failure in its history."""
    await tx.execute(
        "UPDATE fila SET lease = NULL, enviada_em = NULL, disponivel_em = ?, historia = ?"
        " WHERE id = ? AND lease = ?",
        (tx.now_ms + depois_ms, _history(entrega, erro, tx.now_ms), entrega.id, entrega.lease),
    )


async def set_aside(tx: Tx, entrega: Entrega, *, erro: str) -> str | None:
    """Move work out of its queue whole, with reason and history; return the falha's id.

    Returns None when the lease was lost: then another worker decides.
    """
    gone = await tx.execute(
        "DELETE FROM fila WHERE id = ? AND lease = ?", (entrega.id, entrega.lease)
    )
    if not gone:
        return None
    falha_id, causa = new_id(), cause(entrega.passo, erro)
    historia = _history(entrega, erro, tx.now_ms)
    before = await tx.fetch_one(
        "SELECT id, vezes FROM falhas WHERE fila_id = ? AND situacao = 'reprocessada'",
        (entrega.id,),
    )
    if before is not None:
        falha_id = before[0]
        await tx.execute(
            "UPDATE falhas SET situacao = 'aberta', vezes = vezes + 1, erro = ?, causa = ?,"
            " historia = ?, tentativas = tentativas + ?, atualizada_em = ? WHERE id = ?",
            (erro, causa, historia, entrega.tentativas, tx.now_ms, falha_id),
        )
    else:
        await tx.insert_many(
            "falhas (id, fila_id, pos, passo, fila, lane, tentativas, causa, erro, historia,"
            " criada_em, atualizada_em)",
            [
                (falha_id, entrega.id, entrega.fato.pos, entrega.passo, entrega.fila,
                 entrega.lane, entrega.tentativas, causa, erro, historia, tx.now_ms, tx.now_ms)
            ],
        )  # fmt: skip
    tx.put(
        FalhaCriada(
            falha_id=falha_id,
            fila=entrega.fila,
            causa=causa,
            fato_tipo=entrega.fato.tipo,
            fato_lane=entrega.lane,
            dados_do_fato=orjson.loads(entrega.fato.dados),
        )
    )
    return falha_id


async def release_dead(tx: Tx, *, mortos: Sequence[str]) -> int:
    """Free the work of dead instances and of leases that ran out; each counts a death."""
    now, now_ms = tx.instant()
    freed = await tx.execute(
        "UPDATE fila SET lease = NULL, enviada_em = NULL, mortes = mortes + 1"  # noqa: S608 - own
        f" WHERE lease IS NOT NULL AND lease_ate < {now}",
        (now_ms,),
    )
    for dono in mortos:
        freed += await tx.execute(
            "UPDATE fila SET lease = NULL, enviada_em = NULL, mortes = mortes + 1"
            " WHERE lease IS NOT NULL AND dono = ?",
            (dono,),
        )
    return freed


async def release_own(tx: Tx, dono: str) -> int:
    """Give back what this instance still holds at its clean end; no try is counted."""
    return await tx.execute(
        "UPDATE fila SET lease = NULL, enviada_em = NULL, tentativas = tentativas - 1"
        " WHERE lease IS NOT NULL AND dono = ?",
        (dono,),
    )


_TRIES = """SELECT q.tentativas + COALESCE((SELECT MAX(a.tentativas) FROM falhas a
WHERE a.situacao = 'reprocessada' AND a.fila_id = q.id), 0)
FROM fila q WHERE q.fila = ? AND q.lane = ? AND q.pos = ?"""
_TRIED = "SELECT tentativas FROM falhas WHERE situacao = 'aberta' AND pos = ? AND fila = ?"


async def tries(tx: Tx, fila: str, fato: FatoGravado) -> int:
    """Return how often the work of a fact in a queue was tried, the try in hand included.

    Work that was set aside, and what became of it after a replay, is counted together.
    """
    row = await tx.fetch_one(_TRIES, (fila, fato.lane, fato.pos))
    if row is None:
        row = await tx.fetch_one(_TRIED, (fato.pos, fila))
    return int(row[0]) if row else 0


async def is_begun(tx: Tx, passo: str, lane: str) -> bool:
    """Tell whether the head of a lane was tried and is not settled; the rest of it waits."""
    row = await tx.fetch_one(
        "SELECT 1 FROM fila WHERE passo = ? AND lane = ? AND tentativas > 0 LIMIT 1", (passo, lane)
    )
    return row is not None


async def newest_ms(tx: Tx) -> int:
    """Return when the newest fact was written, epoch ms; 0 before the first."""
    row = await tx.fetch_one("SELECT em FROM fatos ORDER BY pos DESC LIMIT 1")
    return int(row[0]) if row else 0


async def wait_no_more(tx: Tx) -> int:
    """Make what waits due now: after the clock went back, its hour may be hours away."""
    return await tx.execute(
        "UPDATE fila SET disponivel_em = ? WHERE lease IS NULL AND disponivel_em > ?",
        (tx.now_ms, tx.now_ms),
    )


async def index_unsent(tx: Tx) -> None:
    """Index what no broker has yet.

    Without it each look reads the whole backlog; where the rows are the queue
    nobody looks, and no insert should pay for it.
    """
    await tx.execute("DROP INDEX IF EXISTS fila_nao_enviada")  # by id alone, of versions before
    await tx.execute(
        "CREATE INDEX IF NOT EXISTS fila_por_enviar ON fila (fila, id)"
        " WHERE enviada_em IS NULL AND lease IS NULL"
    )


async def unsent_filas(tx: Tx, *, older_ms: int = 0) -> list[str]:
    """Return the queues with work that is due for so long and that no broker has confirmed."""
    rows = await tx.fetch(
        "SELECT DISTINCT fila FROM fila"
        " WHERE enviada_em IS NULL AND lease IS NULL AND disponivel_em <= ?",
        (tx.now_ms - older_ms,),
    )
    return [row[0] for row in rows]


async def unsent(tx: Tx, fila: str, *, limite: int) -> list[tuple[int, str, str]]:
    """Return (id, fato id, lane) of a queue's due work that no broker has confirmed yet."""
    rows = await tx.fetch(
        "SELECT q.id, f.id, q.lane FROM fila q JOIN fatos f ON f.pos = q.pos"
        " WHERE q.fila = ? AND q.enviada_em IS NULL AND q.lease IS NULL AND q.disponivel_em <= ?"
        " ORDER BY q.id LIMIT ?",
        (fila, tx.now_ms, limite),
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def unsent_age(tx: Tx) -> tuple[int, int]:
    """Return how many rows wait to be sent to a broker, and how long the oldest has, in ms."""
    row = await tx.fetch_one(
        "SELECT COUNT(*), MIN(disponivel_em) FROM fila"
        " WHERE enviada_em IS NULL AND lease IS NULL AND disponivel_em <= ?",
        (tx.now_ms,),
    )
    return (0, 0) if row is None or not row[0] else (int(row[0]), tx.now_ms - int(row[1]))


async def mark_sent(tx: Tx, ids: Sequence[int]) -> None:
    """Remember that a broker confirmed these."""
    sent = padded(ids)
    await tx.execute(
        f"UPDATE fila SET enviada_em = ? WHERE id IN ({','.join('?' * len(sent))})",  # noqa: S608
        (tx.now_ms, *sent),
    )


async def forgotten(tx: Tx, *, older_ms: int) -> list[str]:
    """Return the queues with work that a broker confirmed long ago and nobody handled."""
    rows = await tx.fetch(
        "SELECT DISTINCT fila FROM fila WHERE lease IS NULL AND enviada_em < ?",
        (tx.now_ms - older_ms,),
    )
    return [row[0] for row in rows]


async def resend_forgotten(tx: Tx, fila: str, *, older_ms: int) -> int:
    """Mark as unsent what a broker confirmed and nobody handled: confirmed is not handled."""
    return await tx.execute(
        "UPDATE fila SET enviada_em = NULL WHERE fila = ? AND lease IS NULL AND enviada_em < ?",
        (fila, tx.now_ms - older_ms),
    )


async def next_due(tx: Tx, fila: str, *, depois: int) -> int | None:
    """Return when the next waiting work of a queue may run, epoch ms, or None.

    Only what comes due after `depois` counts, the time of the last claim: what was due
    then and was not taken waits behind its lane's head, whose end wakes the queue.
    """
    row = await tx.fetch_one(
        "SELECT MIN(disponivel_em) FROM fila"
        " WHERE fila = ? AND lease IS NULL AND disponivel_em > ?",
        (fila, depois),
    )
    return None if row is None or row[0] is None else int(row[0])


def cause(passo: str, erro: str) -> str:
    """Return what groups failures: the step and the message without its ids and numbers."""
    normal = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "#", erro)
    digest = hashlib.sha256(f"{passo}\x1f{normal}".encode()).hexdigest()[:12]
    return f"{passo}:{digest}"


def _history(entrega: Entrega, erro: str, now_ms: int) -> str:
    past = orjson.loads(entrega.historia) if entrega.historia else []
    past.append({"tentativa": entrega.tentativas, "em": format_time(now_ms), "erro": erro})
    return orjson.dumps(past[-20:]).decode()
