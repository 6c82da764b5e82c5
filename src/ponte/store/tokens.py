"""Tokens: outside credentials, encrypted at rest with AES-256-GCM.

The key lies beside the database with mode 0600, or comes from the settings; a
copy of the database alone reads nothing. The name is bound as associated data,
so a row can't be moved to another name.
"""

import contextlib
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ponte.errors import ConfiguracaoInvalida
from ponte.store.db import Database, Tx

_NONCE = 12
_KEY = 32


def load_key(path: Path) -> bytes:
    """Read the key file, or create it with mode 0600.

    Raises:
        ConfiguracaoInvalida: the file is not 32 bytes.
    """
    if not path.exists():
        _create(path)
    key = path.read_bytes()
    if len(key) != _KEY:
        raise ConfiguracaoInvalida(f"{path} is not a key of {_KEY} bytes")
    return key


def _create(path: Path) -> None:
    # Written aside and linked: a crash never leaves half a key, and of two processes
    # that start at once both read the same one.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:  # mkstemp made it 0600
        file.write(AESGCM.generate_key(bit_length=256))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(name, path)
    Path(name).unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name too must outlive a power cut
    finally:
        os.close(folder)


class EncryptedTokens:
    """`TokenStore` on the database."""

    def __init__(self, db: Database, key: bytes) -> None:
        self._db = db
        self._cipher = AESGCM(key)

    async def get(self, nome: str) -> tuple[str, int] | None:
        row = await self._db.read(_get, nome)
        if row is None:
            return None
        blob, expira_em = row
        try:
            plain = self._cipher.decrypt(blob[:_NONCE], blob[_NONCE:], nome.encode())
        except InvalidTag:
            return None  # another key wrote it; a fresh token replaces it
        return plain.decode(), expira_em

    async def put(self, nome: str, segredo: str, *, expira_em_ms: int) -> None:
        await self._db.transact(_put, nome, self._sealed(nome, segredo), expira_em_ms)

    async def claim(self, nome: str, segredo: str, *, expira_em_ms: int) -> bool:
        blob = self._sealed(nome, segredo)
        claimed: bool = await self._db.transact(_claim, nome, blob, expira_em_ms)
        return claimed

    async def delete(self, nome: str) -> None:
        await self._db.transact(_delete, nome)

    def _sealed(self, nome: str, segredo: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, segredo.encode(), nome.encode())


async def forget(tx: Tx, *, inicio: str) -> int:
    """Forget every secret whose name begins so; return how many there were."""
    return await tx.execute(
        "DELETE FROM tokens WHERE substr(nome, 1, ?) = ?", (len(inicio), inicio)
    )


async def _get(tx: Tx, nome: str) -> tuple[bytes, int] | None:
    row = await tx.fetch_one(
        "SELECT cifrado, expira_em FROM tokens WHERE nome = ? AND expira_em > ?",
        (nome, tx.now_ms),
    )
    return None if row is None else (row[0], row[1])


async def _put(tx: Tx, nome: str, blob: bytes, expira_em_ms: int) -> None:
    await tx.execute(
        "INSERT INTO tokens (nome, cifrado, expira_em) VALUES (?, ?, ?)"
        " ON CONFLICT (nome) DO UPDATE SET cifrado = excluded.cifrado,"
        " expira_em = excluded.expira_em",
        (nome, blob, expira_em_ms),
    )


async def _claim(tx: Tx, nome: str, blob: bytes, expira_em_ms: int) -> bool:
    changed = await tx.execute(
        "INSERT INTO tokens (nome, cifrado, expira_em) VALUES (?, ?, ?)"
        " ON CONFLICT (nome) DO UPDATE SET cifrado = excluded.cifrado,"
        " expira_em = excluded.expira_em WHERE tokens.expira_em <= ?",
        (nome, blob, expira_em_ms, tx.now_ms),
    )
    return bool(changed)


async def _delete(tx: Tx, nome: str) -> None:
    await tx.execute("DELETE FROM tokens WHERE nome = ?", (nome,))
