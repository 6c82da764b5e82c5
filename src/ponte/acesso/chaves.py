"""Chaves: API keys, kept as SHA-256 and known by heart while they are valid.

A key is 256 random bits, so a plain hash is enough: there is nothing to guess
and no salt to keep. The one rule: whoever asks gets an answer no older than
`FRESCOR_S`, so that a key revoked by any process is refused everywhere in time.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ponte.acesso.escopos import ADMIN
from ponte.domain.valores import new_id
from ponte.errors import NaoEncontrado, PonteError
from ponte.store.db import Database, Row, Tx

PREFIXO = "pk_"
FRESCOR_S = 1.5  # revocation must work within 5 s; an idle process reads before it answers
_MISS_S = 0.25  # how often an unknown key may make us look for a new one
_USO_MS = 60_000  # last use is written at most this often
_SHOWN = 8  # characters of a key that lists show; 30 of its 256 bits
_SELECT = (
    "SELECT id, nome, prefixo, escopos, criada_em, expira_em, usada_em, revogada_em, demo"
    " FROM chaves"
)


@dataclass(frozen=True, slots=True)
class Chamador:
    """Who asks: a key, its name and what it may do."""

    id: str
    nome: str
    escopos: frozenset[str]
    admin: bool = False

    def may(self, escopo: str) -> bool:
        """Tell whether this caller holds the scope."""
        return self.admin or escopo in self.escopos


@dataclass(frozen=True, slots=True)
class Chave:
    """A stored key, as lists show it; the key itself is nowhere."""

    id: str
    nome: str
    prefixo: str
    escopos: tuple[str, ...]
    criada_em: int
    expira_em: int | None
    usada_em: int | None
    revogada_em: int | None
    demo: bool


@dataclass(frozen=True, slots=True)
class _Valida:
    digest: bytes
    chamador: Chamador
    expira_em: int | None


def digest(chave: str) -> bytes:
    """Return what is stored of a key."""
    return hashlib.sha256(chave.encode("utf-8", "surrogatepass")).digest()


def new_key() -> str:
    """Return a fresh key: `pk_` and 43 characters that carry 256 bits."""
    return PREFIXO + secrets.token_urlsafe(32)


async def create(
    tx: Tx,
    chave: str,
    *,
    nome: str,
    escopos: Sequence[str],
    expira_em: int | None = None,
    demo: bool = False,
) -> Chave:
    """Store a key; storing the same one again changes nothing.

    Args:
        tx: The caller's transaction.
        chave: The key itself, from `new_key`.
        nome: What people call it.
        escopos: What it may do.
        expira_em: Epoch milliseconds; None means never.
        demo: A key of the demonstration, which a public installation refuses.
    """
    await tx.execute(
        "INSERT INTO chaves (id, nome, prefixo, hash, escopos, criada_em, expira_em, demo)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (new_id(), nome, chave[:_SHOWN], digest(chave).hex(), " ".join(escopos), tx.now_ms,
         expira_em, int(demo)),
    )  # fmt: skip
    rows = await tx.fetch(f"{_SELECT} WHERE hash = ?", (digest(chave).hex(),))
    return _chave(rows[0])


async def revoke(tx: Tx, chave_id: str) -> None:
    """Revoke a key; revoking it again is harmless.

    Raises:
        NaoEncontrado: no such key.
    """
    changed = await tx.execute(
        "UPDATE chaves SET revogada_em = COALESCE(revogada_em, ?) WHERE id = ?",
        (tx.now_ms, chave_id),
    )
    if not changed:
        raise NaoEncontrado("Chave", chave_id)


async def list_all(
    tx: Tx, *, pular: int = 0, limite: int = 500, antes_de: str | None = None
) -> tuple[list[Chave], int]:
    """Return stored keys, newest first, and how many there are; `antes_de` goes on below an id."""
    where, params = ("", ()) if antes_de is None else (" WHERE id < ?", (antes_de,))
    rows = await tx.fetch(
        f"{_SELECT}{where} ORDER BY id DESC LIMIT ? OFFSET ?", (*params, limite, pular)
    )
    total = await tx.fetch_one("SELECT COUNT(*) FROM chaves")
    return [_chave(row) for row in rows], total[0] if total else 0


def _chave(row: Row) -> Chave:
    id_, nome, prefixo, escopos, criada_em, expira_em, usada_em, revogada_em, demo = row
    held = tuple(escopos.split())
    return Chave(id_, nome, prefixo, held, criada_em, expira_em, usada_em, revogada_em, bool(demo))


async def _load(tx: Tx) -> list[tuple[str, str, str, str, int | None, int | None]]:
    rows = await tx.fetch(
        "SELECT hash, id, nome, escopos, expira_em, usada_em FROM chaves WHERE revogada_em IS NULL"
    )
    return [(r[0], r[1], r[2], r[3], r[4], r[5]) for r in rows]


async def _touch(tx: Tx, chave_id: str) -> None:
    await tx.execute("UPDATE chaves SET usada_em = ? WHERE id = ?", (tx.now_ms, chave_id))


class Chaves:
    """The valid keys, by hash. One for each process."""

    def __init__(
        self,
        db: Database,
        *,
        now_ms: Callable[[], int],
        fixa: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know no key yet; `fixa` is the admin key that the environment gives."""
        self._db = db
        self._now_ms = now_ms
        self._clock = clock
        self._fixa = _fixed(fixa) if fixa else None
        self._validas: dict[bytes, _Valida] = {}
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._used: dict[str, int] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def find(self, chave: str) -> Chamador | None:
        """Return whose key this is, or None when it is unknown, expired or revoked."""
        if self._clock() - self._read_at > FRESCOR_S:
            await self.refresh()
        found = self.find_known(chave)
        if found is None and self._clock() - self._read_at > _MISS_S:
            await self.refresh()
            found = self.find_known(chave)
        return found

    def find_known(self, chave: str) -> Chamador | None:
        """Return the same without reading anything: None also when the keys must be read anew."""
        if self._clock() - self._read_at > FRESCOR_S:
            return None
        wanted = digest(chave)
        valida = self._validas.get(wanted)
        if valida is None or not hmac.compare_digest(valida.digest, wanted):
            return None
        now = self._now_ms()
        if valida.expira_em is not None and valida.expira_em <= now:
            return None
        used = self._used.get(valida.chamador.id)
        if used is not None and now - used >= _USO_MS:
            self._used[valida.chamador.id] = now
            self._write_use(valida.chamador.id)
        return valida.chamador

    async def refresh(self) -> None:
        """Read the keys again, once for all who ask meanwhile."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        began = self._clock()
        rows = await self._db.read(_load)
        self._validas = {self._fixa.digest: self._fixa} if self._fixa else {}
        for hash_, id_, nome, escopos, expira_em, usada_em in rows:
            held = frozenset(escopos.split())
            chamador = Chamador(id_, nome, held, ADMIN in held)
            key = bytes.fromhex(hash_)
            self._validas[key] = _Valida(key, chamador, expira_em)
            self._used.setdefault(id_, usada_em or 0)
        self._read_at = began

    def _write_use(self, chave_id: str) -> None:
        task = asyncio.create_task(self._touch(chave_id))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _touch(self, chave_id: str) -> None:
        try:
            await self._db.transact(_touch, chave_id)
        except PonteError:
            # A full disk must not keep a reader out; the next minute tries again.
            return


def _fixed(chave: str) -> _Valida:
    key = digest(chave)
    return _Valida(key, Chamador(ADMIN, "PONTE_API_KEY", frozenset({ADMIN}), admin=True), None)
